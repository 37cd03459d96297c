//! What a partition knows: the fold of its decisions.

use std::collections::{BTreeSet, HashMap};

use claim_domain::asker::Source;
use claim_domain::claim::Deadline;
use claim_domain::customer::{Customer, Stamp};
use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CommandId, CustomerId};
use claim_domain::time::Instant;
use claim_journal::{Asked, Cause, Decision};

use crate::answered::{Answered, At};

/// One customer, and the times of its decisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) customer: Customer,
    /// When its newest decision was judged; no later one is judged before.
    pub(crate) judged_at: Instant,
    /// The greatest due time of a deadline of it that fired.
    pub(crate) fired_at: Instant,
}

/// The fold of one partition. The program's has answers only; its catalog is the engine's.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    /// In boxes: a table that grows keeps up to half of its places free.
    pub(crate) customers: HashMap<CustomerId, Box<Known>>,
    pub(crate) claims: HashMap<ClaimId, CustomerId>,
    /// The running deadline of each open claim, in the order in which they fire.
    pub(crate) deadlines: BTreeSet<(Deadline, CustomerId)>,
    pub(crate) answered: Answered,
    /// The decided command that stands furthest in the commands topic, of durable decisions only.
    pub(crate) input: Option<Input>,
    /// When the newest decision of the program was judged.
    pub(crate) program_judged_at: Instant,
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
    /// Remembers the input of a durable decision.
    pub(crate) fn take_input(&mut self, input: Option<Input>) {
        if input.as_ref().map(|it| it.offset) > self.input.as_ref().map(|it| it.offset) {
            self.input = input;
        }
    }

    /// Applies one decision of this partition; `at` tells where it stands.
    pub(crate) fn apply(&mut self, decision: &Decision, at: At) {
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
        let known = self.customers.entry(id).or_default();
        known.judged_at = known.judged_at.max(decision.judged_at);
        if let Cause::Deadline(deadline) = &decision.cause {
            known.fired_at = known.fired_at.max(deadline.due_at);
        }
        let stamp = Stamp { at: decision.judged_at, imported: decision.imported };
        for event in decision.events() {
            let claim = event.claim();
            let running = |known: &Known| known.customer.claim(claim?)?.deadline();
            let before = running(known);
            known.customer.evolve(event, stamp);
            let after = running(known);
            if before != after {
                if let Some(deadline) = before {
                    self.deadlines.remove(&(deadline, id));
                }
                if let Some(deadline) = after {
                    self.deadlines.insert((deadline, id));
                }
            }
            if let Event::CustomerAdded(_) | Event::CustomerClaimed(_) = event
                && let Some(claim) = claim
            {
                self.claims.insert(claim, id);
            }
        }
    }
}
