//! `ResubmitClaim`: submit again what the reviewer asked for (D-06, row 14).

use super::proof::require_complete;
use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::ResubmitClaim;
use crate::customer::Customer;
use crate::event::ClaimResubmitted;
use crate::version::V;

/// Submits again; the deadline stays that of consent or of the dispute (D-10).
///
/// Refuses, in this order: role, claim, location, status, proof incomplete.
pub(super) fn decide(customer: &Customer, cmd: &ResubmitClaim, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    if claim.status != Status::PartnerActionRequired {
        return Err(not_in_row(claim));
    }
    require_complete(claim, context.terms_of(claim)?)?;
    Ok(vec![ClaimResubmitted { version: V, claim: claim.id }.into()])
}
