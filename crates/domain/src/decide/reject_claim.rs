//! `RejectClaim`: rejected, which can be disputed once (D-09, D-10, rows 17 and 21).

use super::closing::with_closing;
use super::{Actor, Context, Decided, not_in_row, required};
use crate::claim::Status;
use crate::command::RejectClaim;
use crate::customer::Customer;
use crate::event::{ClaimRejected, ClaimRejectedFinal};
use crate::version::V;

/// Rejects the claim: for good if a dispute was submitted, else until the end of the time for a dispute.
///
/// Refuses, in this order: role, claim, status, blank comment.
pub(super) fn decide(customer: &Customer, cmd: &RejectClaim, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Reviewer)?;
    if claim.status != Status::UnderReview {
        return Err(not_in_row(claim));
    }
    let comment = required(cmd.comment.as_ref(), "comment")?.clone();
    if claim.dispute_review_due_at.is_some() {
        return Ok(with_closing(claim, ClaimRejectedFinal { version: V, claim: claim.id, comment }.into()));
    }
    let dispute_due_at = context.at.plus_days(context.terms_of(claim)?.days.dispute);
    Ok(vec![ClaimRejected { version: V, claim: claim.id, comment, dispute_due_at }.into()])
}
