//! `SubmitDispute`: submit the dispute with its justification (D-09, D-10, row 19).

use super::proof::require_complete;
use super::{Actor, Context, Decided, not_in_row, required};
use crate::claim::Status;
use crate::command::SubmitDispute;
use crate::customer::Customer;
use crate::event::DisputeSubmitted;
use crate::version::V;

/// Submits the dispute and sets, once, the end of its review.
///
/// Refuses, in this order: role, claim, location, status, blank justification, proof incomplete.
pub(super) fn decide(customer: &Customer, cmd: &SubmitDispute, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    if claim.status != Status::Disputed {
        return Err(not_in_row(claim));
    }
    let justification = required(cmd.justification.as_ref(), "justification")?.clone();
    let terms = context.terms_of(claim)?;
    require_complete(claim, terms)?;
    let dispute_review_due_at = context.at.plus_days(terms.days.dispute_review);
    Ok(vec![DisputeSubmitted { version: V, claim: claim.id, justification, dispute_review_due_at }.into()])
}
