//! `SubmitClaim`: the first submission (R-075, D-04, row 10).

use super::proof::require_complete;
use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::SubmitClaim;
use crate::customer::Customer;
use crate::event::ClaimSubmitted;
use crate::version::V;

/// Submits the claim for review.
///
/// Refuses, in this order: role, claim, location, status, proof incomplete.
pub(super) fn decide(customer: &Customer, cmd: &SubmitClaim, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    if claim.status != Status::ConsentReceived {
        return Err(not_in_row(claim));
    }
    require_complete(claim, context.terms_of(claim)?)?;
    Ok(vec![ClaimSubmitted { version: V, claim: claim.id }.into()])
}
