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

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::refusal::Refusal;

    #[test] // R-075, D-04, D-05
    fn a_claim_is_submitted_until_just_before_its_deadline() {
        let due_at = start().plus_days(SUBMIT_DAYS);
        let ready = given(until(Status::ConsentReceived));
        let submitted = ready.clone().when(submit_claim().at(due_at.plus_ms(-1))).yields(["ClaimSubmitted"]);
        assert_eq!(submitted.then().claim().deadline(), None, "the reviewer has the claim (A-31)");
        ready
            .when(submit_claim().at(due_at))
            .refused(Refusal::DeadlineReached { due_at, status: Status::NotSubmittedExpired });
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given(until(Status::ConsentReceived)),
            &submit_claim(),
            &[
                fault("role_not_allowed", |it| it.by(reviewer())),
                fault("claim_not_found", |it| it.by(other_partner())),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![cancel_claim()]),
            ],
            &[],
        );
        given([add(), send_consent()]).when(submit_claim()).refused_as("wrong_status");
        given([add(), send_consent(), customer_accepted()])
            .when(submit_claim())
            .refused_as("proof_incomplete");
    }
}
