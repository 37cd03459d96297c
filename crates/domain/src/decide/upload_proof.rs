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

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;

    #[test]
    fn proof_of_any_kind_is_taken_any_number_of_times() {
        let letter = || upload_proof().with("proof/kind", "letter_of_thanks");
        given(until(Status::ConsentReceived))
            .and_all([letter(), letter()])
            .when(letter())
            .yields(["ProofUploaded"])
            .with("proof/kind", "letter_of_thanks")
            .with("proof/bytes", 10);
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given(until(Status::ConsentReceived)),
            &upload_proof(),
            &[
                fault("role_not_allowed", |it| it.by(reviewer())),
                fault("claim_not_found", |it| it.by(other_partner())),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![submit_claim()]),
            ],
            &[],
        );
    }
}
