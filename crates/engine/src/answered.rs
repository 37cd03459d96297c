//! Answered ids: which commands a partition has answered, and where the answers stand (DESIGN rule 3, A-64).

use claim_domain::asker::Source;
use claim_domain::ids::CommandId;
use claim_journal::Digest;
use claim_snapshot::{Forgotten, Layers};

/// Where an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// On the log, durable, at this offset.
    Stored(u64),
    /// Written under this sequence, not yet known to be durable.
    Pending(u64),
}

/// The answers given under one (source, id): the first, and one for each other body that reused it.
#[derive(Clone, Debug)]
struct Answers {
    first: (Digest, At),
    reuses: Vec<(Digest, At)>,
}

/// The answers of a partition, as far as they are in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answered(Layers<(Source, CommandId), Answers>);

/// What is known of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recall {
    /// Nothing: it is new.
    New,
    /// It was answered, with this very body.
    Answered(At),
    /// Its id was answered for another body, and not yet for this one.
    Reused,
}

impl Answered {
    /// Whether answers under this id are in memory.
    pub(crate) fn holds(&self, source: &Source, id: CommandId) -> bool {
        self.0.get(&(source.clone(), id)).is_some()
    }

    pub(crate) fn recall(&self, source: &Source, id: CommandId, digest: Digest) -> Recall {
        let Some(answers) = self.0.get(&(source.clone(), id)) else { return Recall::New };
        let all = std::iter::once(&answers.first).chain(&answers.reuses);
        let same = all.into_iter().find(|(answered, _)| *answered == digest);
        same.map_or(Recall::Reused, |(_, at)| Recall::Answered(*at))
    }

    /// Notes an answer, or where a noted one stands now.
    pub(crate) fn note(&mut self, source: &Source, id: CommandId, digest: Digest, at: At) {
        let key = (source.clone(), id);
        let Some(answers) = self.0.get_mut(&key) else {
            return self.0.insert(key, Answers { first: (digest, at), reuses: Vec::new() });
        };
        if answers.first.0 == digest {
            answers.first.1 = at;
        } else if let Some(reuse) = answers.reuses.iter_mut().find(|(answered, _)| *answered == digest) {
            reuse.1 = at;
        } else {
            answers.reuses.push((digest, at));
        }
    }

    /// See [`Layers::turn`].
    #[must_use = "to be dropped where nobody waits"]
    pub(crate) fn turn(&mut self) -> Forgotten {
        self.0.turn()
    }
}
