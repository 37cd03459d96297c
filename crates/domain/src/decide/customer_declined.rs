//! `CustomerDeclined`: the customer refuses (R-072, R-076, row 6).

use super::closing::with_closing;
use super::{Actor, Context, Decided, not_in_row};
use crate::claim::{Answer, Status};
use crate::command::CustomerDeclined;
use crate::customer::Customer;
use crate::event::CustomerConsentDeclined;
use crate::refusal::Refusal;
use crate::version::V;

/// Records the refusal, which ends the claim; the same answer again is quiet in any status.
///
/// Refuses, in this order: role, claim, the opposite answer given before, status, revision of the contacts.
pub(super) fn decide(customer: &Customer, cmd: &CustomerDeclined, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Customer)?;
    match claim.answer {
        Some(Answer::Declined) => return Ok(vec![]),
        Some(Answer::Accepted) => return Err(Refusal::ConsentAlreadyAnswered),
        None if claim.status != Status::AwaitingConsent => return Err(not_in_row(claim)),
        None => {}
    }
    let contact_revision = claim.contact_revision;
    if cmd.contact_revision != contact_revision {
        return Err(Refusal::ContactRevisionOutdated { contact_revision });
    }
    Ok(with_closing(claim, CustomerConsentDeclined { version: V, claim: claim.id, contact_revision }.into()))
}
