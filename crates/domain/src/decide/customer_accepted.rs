//! `CustomerAccepted`: the customer agrees (R-075, R-076, row 5).

use super::{Actor, Context, Decided, cosell, not_in_row};
use crate::claim::{Answer, Status};
use crate::command::CustomerAccepted;
use crate::customer::Customer;
use crate::event::{CustomerConsentReceived, Event};
use crate::refusal::Refusal;
use crate::version::V;

/// Records consent; the same answer again is quiet in any status.
///
/// Refuses, in this order: role, claim, the opposite answer given before, status, revision of the contacts.
pub(super) fn decide(customer: &Customer, cmd: &CustomerAccepted, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Customer)?;
    match claim.answer {
        Some(Answer::Accepted) => return Ok(vec![]),
        Some(Answer::Declined) => return Err(Refusal::ConsentAlreadyAnswered),
        None if claim.status != Status::AwaitingConsent => return Err(not_in_row(claim)),
        None => {}
    }
    let contact_revision = claim.contact_revision;
    if cmd.contact_revision != contact_revision {
        return Err(Refusal::ContactRevisionOutdated { contact_revision });
    }
    let days = context.terms_of(claim)?.days;
    let received = CustomerConsentReceived {
        version: V,
        claim: claim.id,
        contact_revision,
        submit_due_at: context.at.plus_days(days.submit),
        review_due_at: context.at.plus_days(days.review),
    };
    let mut events: Vec<Event> = vec![received.into()];
    if claim.referral.is_some() {
        events.extend(cosell::upgrade(customer, claim, context)?);
    }
    Ok(events)
}
