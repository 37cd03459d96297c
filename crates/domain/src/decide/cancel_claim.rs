//! `CancelClaim`: the partner gives up before the first submission (D-08, row 8).

use super::closing::with_closing;
use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::CancelClaim;
use crate::customer::Customer;
use crate::event::ClaimCanceled;
use crate::version::V;

/// Cancels the claim.
///
/// Refuses, in this order: role, claim, location, status.
pub(super) fn decide(customer: &Customer, cmd: &CancelClaim, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    match claim.status {
        Status::CustomerClaimed | Status::AwaitingConsent | Status::ConsentReceived => {
            Ok(with_closing(claim, ClaimCanceled { version: V, claim: claim.id }.into()))
        }
        _ => Err(not_in_row(claim)),
    }
}
