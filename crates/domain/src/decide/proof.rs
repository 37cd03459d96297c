//! Proof of execution: what a submission needs (D-01, A-50, A-78), and when it can be worked on (row 9).

use std::collections::BTreeSet;

use super::not_in_row;
use crate::claim::{Claim, Status};
use crate::refusal::Refusal;
use crate::terms::Terms;

/// Refuses a submission while proof of a required kind is missing.
///
/// A survey counts once it was answered; anything else once a file of its kind was uploaded.
pub(super) fn require_complete(claim: &Claim, terms: &Terms) -> Result<(), Refusal> {
    let given = |kind: &str| match kind {
        "customer_survey" => claim.customer_survey.is_some(),
        "partner_survey" => claim.partner_survey.is_some(),
        uploaded => claim.proof.iter().any(|it| it.as_str() == uploaded),
    };
    let missing: BTreeSet<_> = terms.proof.iter().filter(|kind| !given(kind.as_str())).cloned().collect();
    if missing.is_empty() { Ok(()) } else { Err(Refusal::ProofIncomplete { missing }) }
}

/// Refuses work on proof and surveys outside the statuses of row 9.
pub(super) fn require_editable(claim: &Claim) -> Result<(), Refusal> {
    match claim.status {
        Status::ConsentReceived | Status::PartnerActionRequired | Status::Disputed => Ok(()),
        _ => Err(not_in_row(claim)),
    }
}
