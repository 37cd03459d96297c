//! `ApproveClaim`: everything required is there (row 16).

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::ApproveClaim;
use crate::customer::Customer;
use crate::event::ClaimApproved;
use crate::version::V;

/// Approves the claim; its referral is left open.
///
/// Refuses, in this order: role, claim, status.
pub(super) fn decide(customer: &Customer, cmd: &ApproveClaim, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Reviewer)?;
    if claim.status != Status::UnderReview {
        return Err(not_in_row(claim));
    }
    Ok(vec![ClaimApproved { version: V, claim: claim.id, payout: claim.payout.clone() }.into()])
}
