//! Deadlines that fire by themselves: rows 7, 11, 15 and 20 (A-30 … ).

use super::closing::with_closing;
use crate::claim::{Deadline, DeadlineKind};
use crate::customer::Customer;
use crate::event::{
    ClaimDisputeExpired, ClaimNotSubmittedExpired, ClaimPostSubmissionExpired, CustomerConsentExpired, Event,
};
use crate::version::V;

/// What a deadline of this customer comes to; nothing if the claim has moved on, so that the deadline is dropped.
///
/// It is judged at its due time and without the catalog.
#[must_use]
pub fn fire(customer: &Customer, deadline: Deadline) -> Vec<Event> {
    let claim = match customer.claims.get(&deadline.claim) {
        Some(claim) if claim.deadline() == Some(deadline) => claim,
        _ => return vec![],
    };
    let (version, id, due_at) = (V, claim.id, deadline.due_at);
    let event: Event = match deadline.kind {
        DeadlineKind::Consent => CustomerConsentExpired { version, claim: id, due_at }.into(),
        DeadlineKind::Submit => ClaimNotSubmittedExpired { version, claim: id, due_at }.into(),
        DeadlineKind::Review | DeadlineKind::DisputeReview => {
            ClaimPostSubmissionExpired { version, claim: id, due_at }.into()
        }
        DeadlineKind::Dispute => ClaimDisputeExpired { version, claim: id, due_at }.into(),
    };
    with_closing(claim, event)
}
