//! What is known of customers: the fold of their decisions.

use std::collections::HashMap;

use claim_domain::customer::{Customer, Stamp};
use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CustomerId};
use claim_domain::time::Instant;
use claim_journal::{Cause, Decision};

/// One customer, and the times of its decisions.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) customer: Customer,
    /// When its newest decision was judged.
    pub(crate) judged_at: Instant,
    /// The greatest due time of a deadline of it that fired.
    pub(crate) fired_at: Instant,
}

/// Every customer.
#[derive(Debug, Default)]
pub(crate) struct Customers {
    known: HashMap<CustomerId, Known>,
    claims: HashMap<ClaimId, CustomerId>,
}

impl Customers {
    pub(crate) fn get(&self, id: CustomerId) -> Option<&Known> {
        self.known.get(&id)
    }

    /// Whose claim it is.
    pub(crate) fn of_claim(&self, claim: ClaimId) -> Option<CustomerId> {
        self.claims.get(&claim).copied()
    }

    /// Folds a decision of a customer, as it is recorded. `look` sees each event with the customer before and after it.
    pub(crate) fn apply(
        &mut self,
        id: CustomerId,
        decision: &Decision,
        mut look: impl FnMut(&Event, &mut Customer, Stamp),
    ) {
        let known = self.known.entry(id).or_default();
        known.judged_at = known.judged_at.max(decision.judged_at);
        if let Cause::Deadline(deadline) = &decision.cause {
            known.fired_at = known.fired_at.max(deadline.due_at);
        }
        let stamp = Stamp { at: decision.judged_at, imported: decision.imported };
        for event in decision.events() {
            look(event, &mut known.customer, stamp);
            if let (Event::CustomerAdded(_) | Event::CustomerClaimed(_), Some(claim)) = (event, event.claim())
            {
                self.claims.insert(claim, id);
            }
        }
    }
}
