//! What is known of one customer: its state, and the times of its decisions.

use claim_domain::claim::Deadline;
use claim_domain::customer::{Customer, Stamp};
use claim_domain::event::Event;
use claim_domain::ids::ClaimId;
use claim_domain::time::Instant;
use claim_journal::{Cause, Decision};
use serde::{Deserialize, Serialize};

/// One customer, and the times of its decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The customer as its events made it.
    pub customer: Customer,
    /// When its newest decision was judged; no later one is judged before.
    pub judged_at: Instant,
    /// The greatest due time of a deadline of it that fired.
    pub fired_at: Instant,
}

/// What a decision changed beside the customer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A claim was created.
    Created(ClaimId),
    /// This deadline runs no more.
    Stopped(Deadline),
    /// This deadline runs now.
    Runs(Deadline),
}

impl Known {
    /// Applies a decision about this customer; `changed` hears what else changed, in order.
    pub fn apply(&mut self, decision: &Decision, mut changed: impl FnMut(Change)) {
        self.judged_at = self.judged_at.max(decision.judged_at);
        if let Cause::Deadline(deadline) = &decision.cause {
            self.fired_at = self.fired_at.max(deadline.due_at);
        }
        let stamp = Stamp { at: decision.judged_at, imported: decision.imported };
        for event in decision.events() {
            let claim = event.claim();
            let running = |customer: &Customer| customer.claim(claim?)?.deadline();
            let before = running(&self.customer);
            self.customer.evolve(event, stamp);
            let after = running(&self.customer);
            if before != after {
                before.map(Change::Stopped).into_iter().for_each(&mut changed);
                after.map(Change::Runs).into_iter().for_each(&mut changed);
            }
            if let Event::CustomerAdded(_) | Event::CustomerClaimed(_) = event {
                claim.map(Change::Created).into_iter().for_each(&mut changed);
            }
        }
    }
}
