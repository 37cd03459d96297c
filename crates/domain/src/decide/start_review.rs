//! `StartReview`: a reviewer takes the claim (row 12).

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::StartReview;
use crate::customer::Customer;
use crate::event::ReviewStarted;
use crate::version::V;

/// Starts the review, also after the end of its time.
///
/// Refuses, in this order: role, claim, status.
pub(super) fn decide(customer: &Customer, cmd: &StartReview, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Reviewer)?;
    if claim.status != Status::Submitted {
        return Err(not_in_row(claim));
    }
    Ok(vec![ReviewStarted { version: V, claim: claim.id }.into()])
}
