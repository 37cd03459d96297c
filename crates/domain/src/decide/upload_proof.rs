//! `UploadProof`: any kind, any number (row 9, A-50, A-78).

use super::proof::require_editable;
use super::{Actor, Context, Decided};
use crate::command::UploadProof;
use crate::customer::Customer;
use crate::event::ProofUploaded;
use crate::version::V;

/// Adds proof.
///
/// Refuses, in this order: role, claim, location, status.
pub(super) fn decide(customer: &Customer, cmd: &UploadProof, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    require_editable(claim)?;
    Ok(vec![ProofUploaded { version: V, claim: claim.id, proof: cmd.proof.clone() }.into()])
}
