//! `DisputeClaim`: open a dispute of a rejection (D-09, row 18).

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::DisputeClaim;
use crate::customer::Customer;
use crate::event::ClaimDisputed;
use crate::version::V;

/// Opens the dispute; proof can be worked on again.
///
/// Refuses, in this order: role, claim, location, status.
pub(super) fn decide(customer: &Customer, cmd: &DisputeClaim, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    if claim.status != Status::Rejected {
        return Err(not_in_row(claim));
    }
    Ok(vec![ClaimDisputed { version: V, claim: claim.id }.into()])
}
