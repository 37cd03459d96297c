//! `ResendConsent`: remind the customer (R-070, R-071, row 4, A-48).

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::ResendConsent;
use crate::customer::Customer;
use crate::event::ConsentReminderRequested;
use crate::refusal::Refusal;
use crate::version::V;

/// Reminds; neither deal size nor deadline change.
///
/// Refuses, in this order: role, claim, location, status, reminders exhausted, reminder too soon.
pub(super) fn decide(customer: &Customer, cmd: &ResendConsent, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    if claim.status != Status::AwaitingConsent {
        return Err(not_in_row(claim));
    }
    let rule = context.terms_of(claim)?.reminders;
    if claim.reminders >= rule.max {
        return Err(Refusal::RemindersExhausted { max: rule.max });
    }
    let next_at = claim.asked_at.unwrap_or(claim.created_at).plus_hours(rule.interval_hours);
    if context.at < next_at {
        return Err(Refusal::ReminderTooSoon { next_at });
    }
    let (reminder, contact_revision) = (claim.reminders + 1, claim.contact_revision);
    Ok(vec![ConsentReminderRequested { version: V, claim: claim.id, reminder, contact_revision }.into()])
}
