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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::refusal::Refusal;

    /// A claim with consent whose terms need proof of every kind.
    fn demanding() -> Given {
        let all = json!(["invoice", "poe_document", "customer_survey", "partner_survey"]);
        let terms = publish("fixed", fixed_terms()).with("terms/proof", all);
        given([terms, add(), send_consent(), customer_accepted()])
    }

    fn missing(kinds: &[&str]) -> Refusal {
        Refusal::ProofIncomplete { missing: kinds.iter().map(|it| read(json!(it))).collect::<BTreeSet<_>>() }
    }

    #[test] // D-01, A-50, A-78
    fn a_submission_names_all_proof_that_is_missing() {
        demanding().when(submit_claim()).refused(missing(&[
            "customer_survey",
            "invoice",
            "partner_survey",
            "poe_document",
        ]));
        demanding()
            .and_all([upload_proof().with("proof/kind", "invoice"), send_customer_survey()])
            .when(submit_claim())
            .refused(missing(&["customer_survey", "partner_survey", "poe_document"]));
    }

    #[test] // D-01, A-78
    fn a_survey_counts_when_answered_not_when_uploaded() {
        demanding()
            .and_all([
                upload_proof(),
                upload_proof().with("proof/kind", "invoice"),
                upload_proof().with("proof/kind", "customer_survey"),
                complete_partner_survey(),
            ])
            .when(submit_claim())
            .refused(missing(&["customer_survey"]));
    }

    #[test] // D-01
    fn a_complete_set_in_any_order_is_submitted() {
        demanding()
            .and_all([
                complete_partner_survey(),
                send_customer_survey(),
                upload_proof().with("proof/kind", "invoice"),
                complete_customer_survey(),
                upload_proof(),
            ])
            .when(submit_claim())
            .yields(["ClaimSubmitted"])
            .to(Status::Submitted);
    }

    #[test]
    fn proof_is_that_of_the_claims_own_version_and_counts_for_later_submissions() {
        let more = publish("fixed", fixed_terms()).with("terms/proof", json!(["poe_document", "invoice"]));
        given(until(Status::ConsentReceived))
            .and_all([more, submit_claim(), start_review(), request_partner_action()])
            .when(resubmit_claim())
            .yields(["ClaimResubmitted"]);
    }
}
