//! One customer in both worlds: as the log has it, and as it would be.

use claim_domain::claim::Claim;
use claim_domain::customer::{Customer, Stamp};
use claim_domain::decide::fire;
use claim_domain::event::Event;
use claim_domain::ids::ClaimId;
use claim_domain::time::Instant;
use claim_projector::Tab;
use claim_projector_completed::is_shown;

use super::report::Place;

/// A customer in one world.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) customer: Customer,
    /// When its newest decision was judged.
    pub(super) judged_at: Instant,
}

impl World {
    /// Folds what was decided.
    pub(super) fn apply(&mut self, events: &[Event], stamp: Stamp) {
        self.judged_at = self.judged_at.max(stamp.at);
        events.iter().for_each(|it| self.customer.evolve(it, stamp));
    }

    /// Fires every deadline due by then, in order (DESIGN rule 7).
    pub(super) fn fire(&mut self, until: Instant, imported: bool) {
        for deadline in self.customer.due(until) {
            let events = fire(&self.customer, deadline);
            self.apply(&events, Stamp { at: deadline.due_at, imported });
        }
    }

    pub(super) fn claim(&self, id: ClaimId) -> Option<&Claim> {
        self.customer.claim(id)
    }
}

/// A customer in both worlds, which are one until the first difference.
#[derive(Debug, Default)]
pub(super) struct Worlds {
    pub(super) recorded: World,
    /// Once it has parted from the recorded one.
    pub(super) changed: Option<Box<World>>,
}

impl Worlds {
    /// The customer under the changed terms.
    pub(super) fn now(&self) -> &World {
        self.changed.as_deref().unwrap_or(&self.recorded)
    }

    /// The same, parted from what the log has.
    pub(super) fn part(&mut self) -> &mut World {
        self.changed.get_or_insert_with(|| Box::new(self.recorded.clone()))
    }

    /// Every claim of either world.
    pub(super) fn claims(&self) -> impl Iterator<Item = ClaimId> + '_ {
        let then = &self.recorded.customer.claims;
        let only_now = self.now().customer.claims.keys().filter(|it| !then.contains_key(it));
        then.keys().chain(only_now).copied()
    }
}

/// Where the views show a claim.
pub(super) fn place(claim: &Claim) -> Place {
    let tab = match claim.status.is_terminal() {
        false => Some(Tab::Eligible),
        true => is_shown(claim).then_some(Tab::Completed),
    };
    Place { tab, status: claim.status, next_due_at: claim.deadline().map(|it| it.due_at) }
}
