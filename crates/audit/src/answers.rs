//! Which commands were answered, and where (DESIGN rule 3, A-64).

use std::collections::{HashMap, HashSet};

use claim_domain::asker::Source;
use claim_domain::ids::CommandId;
use claim_journal::{Asked, Digest, Position};

/// Every answer so far; sources are numbered, for there are few and ids are many.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    sources: HashMap<Source, u32>,
    first: HashMap<(u32, CommandId), (Digest, Position)>,
    reuses: HashSet<(u32, CommandId, Digest)>,
}

/// What a command is, seen against those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The first of its id.
    New,
    /// This very command was answered; its id first at this position.
    Again(Position),
    /// Its id was answered at this position, for another body.
    Reused(Position),
}

impl Answers {
    /// Notes an answer, and tells what the command was before it.
    pub(crate) fn note(&mut self, asked: &Asked, position: Position) -> Standing {
        let next = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let source = match self.sources.get(&asked.source) {
            Some(number) => *number,
            None => *self.sources.entry(asked.source.clone()).or_insert(next),
        };
        let mut new = false;
        let (digest, first) = *self.first.entry((source, asked.id)).or_insert_with(|| {
            new = true;
            (asked.digest, position)
        });
        if new {
            Standing::New
        } else if digest == asked.digest || !self.reuses.insert((source, asked.id, asked.digest)) {
            Standing::Again(first)
        } else {
            Standing::Reused(first)
        }
    }
}
