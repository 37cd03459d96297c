//! What a partition knows: the fold of its decisions, as far as a snapshot does not hold it.

use std::collections::BTreeSet;
use std::sync::Arc;

use claim_domain::asker::Source;
use claim_domain::claim::Deadline;
use claim_domain::ids::{ClaimId, CommandId, CustomerId};
use claim_domain::time::Instant;
use claim_journal::{Asked, Cause, Decision, Digest};
use claim_snapshot::{Change, Forgotten, Known, Layers, Snapshot, Unreadable};

use crate::answered::{Answered, At, Recall};

/// The fold of one partition. The program's has answers only; its catalog is the engine's.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    /// What is below, where there is a snapshot; what changed since is above, in memory.
    snapshot: Option<Arc<Snapshot>>,
    /// In boxes: a table that grows keeps up to half of its places free.
    customers: Layers<CustomerId, Box<Known>>,
    claims: Layers<ClaimId, CustomerId>,
    /// The running deadline of each open claim, in the order in which they fire. All of them are in memory.
    pub(crate) deadlines: BTreeSet<(Deadline, CustomerId)>,
    answered: Answered,
    /// The decided command that stands furthest in the commands topic, of durable decisions only.
    pub(crate) input: Option<Input>,
    /// When the newest decision of the program was judged.
    pub(crate) program_judged_at: Instant,
    /// The offset of the newest durable decision.
    pub(crate) newest: u64,
}

/// A decided command, and where it stands in the commands topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) offset: u64,
    pub(crate) source: Source,
    pub(crate) id: CommandId,
}

impl Input {
    /// Of a command that came by a topic.
    pub(crate) fn of(asked: &Asked) -> Option<Self> {
        let offset = asked.input?;
        Some(Self { offset, source: asked.source.clone(), id: asked.id })
    }
}

impl Fold {
    /// A fold that goes on from what the snapshot holds.
    pub(crate) fn over(snapshot: Option<Arc<Snapshot>>) -> Self {
        Self { snapshot, ..Self::default() }
    }

    /// One customer. [`Self::load`] brought it, if anyone knows it.
    pub(crate) fn customer(&self, id: CustomerId) -> Option<&Known> {
        self.customers.get(&id).map(AsRef::as_ref)
    }

    /// The customer of a claim.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(crate) fn customer_of(&self, claim: ClaimId) -> Result<Option<CustomerId>, Unreadable> {
        match (self.claims.get(&claim), &self.snapshot) {
            (Some(customer), _) => Ok(Some(*customer)),
            (None, Some(snapshot)) => snapshot.customer_of(claim),
            (None, None) => Ok(None),
        }
    }

    /// What is known of a command. What a snapshot holds of it is in memory from then on.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(crate) fn recall(
        &mut self,
        source: &Source,
        id: CommandId,
        digest: Digest,
    ) -> Result<Recall, Unreadable> {
        if let Some(snapshot) = &self.snapshot
            && !self.answered.holds(source, id)
            && let Some(answers) = snapshot.answers(source, id)?
        {
            for (digest, offset) in answers.told {
                self.answered.note(source, id, digest, At::Stored(offset));
            }
        }
        Ok(self.answered.recall(source, id, digest))
    }

    /// Brings a customer into memory, as everything must be that is to be decided upon.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(crate) fn load(&mut self, id: CustomerId) -> Result<(), Unreadable> {
        if let Some(snapshot) = &self.snapshot
            && self.customers.get(&id).is_none()
            && let Some(known) = snapshot.customer(id)?
        {
            self.customers.insert(id, Box::new(known));
        }
        Ok(())
    }

    /// Brings all into memory that a decision made before may change.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(crate) fn load_for(&mut self, decision: &Decision) -> Result<(), Unreadable> {
        if let Some(asked) = decision.asked() {
            self.recall(&asked.source, asked.id, asked.digest)?;
        }
        decision.customer.map_or(Ok(()), |id| self.load(id))
    }

    /// Notes where an answer stands now.
    pub(crate) fn note(&mut self, source: &Source, id: CommandId, digest: Digest, at: At) {
        self.answered.note(source, id, digest, at);
    }

    /// Remembers the input of a durable decision.
    pub(crate) fn take_input(&mut self, input: Option<Input>) {
        if input.as_ref().map(|it| it.offset) > self.input.as_ref().map(|it| it.offset) {
            self.input = input;
        }
    }

    /// Applies one decision of this partition, whose customer is loaded; `at` tells where it stands.
    pub(crate) fn apply(&mut self, decision: &Decision, at: At) {
        if let At::Stored(offset) = at {
            self.newest = offset;
        }
        if let Cause::Asked(asked) = &decision.cause {
            self.answered.note(&asked.source, asked.id, asked.digest, at);
            if let At::Stored(_) = at {
                self.take_input(Input::of(asked));
            }
        }
        let Some(id) = decision.customer else {
            self.program_judged_at = self.program_judged_at.max(decision.judged_at);
            return;
        };
        let Self { customers, claims, deadlines, .. } = self;
        customers.entry(id).apply(decision, |change| match change {
            Change::Created(claim) => claims.insert(claim, id),
            Change::Runs(deadline) => _ = deadlines.insert((deadline, id)),
            Change::Stopped(deadline) => _ = deadlines.remove(&(deadline, id)),
        });
    }

    /// A snapshot holds what waited for it; see [`Layers::turn`].
    #[must_use = "to be dropped where nobody waits"]
    pub(crate) fn turn(&mut self) -> [Forgotten; 3] {
        [self.customers.turn(), self.claims.turn(), self.answered.turn()]
    }
}
