//! `RequestPartnerAction`: the reviewer wants more (D-06, row 13).

use super::{Actor, Context, Decided, not_in_row, required};
use crate::claim::Status;
use crate::command::RequestPartnerAction;
use crate::customer::Customer;
use crate::event::PartnerActionRequested;
use crate::refusal::Refusal;
use crate::version::V;

/// Asks the partner for more, until the current deadline; may happen several times.
///
/// Refuses, in this order: role, claim, status, the deadline reached, blank comment.
pub(super) fn decide(customer: &Customer, cmd: &RequestPartnerAction, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Reviewer)?;
    let due_at = match (claim.status, claim.current_review_due_at()) {
        (Status::UnderReview, Some(due_at)) if context.at < due_at => due_at,
        (status @ Status::UnderReview, Some(due_at)) => {
            return Err(Refusal::DeadlineReached { due_at, status });
        }
        _ => return Err(not_in_row(claim)),
    };
    let comment = required(cmd.comment.as_ref(), "comment")?.clone();
    Ok(vec![PartnerActionRequested { version: V, claim: claim.id, comment, due_at }.into()])
}
