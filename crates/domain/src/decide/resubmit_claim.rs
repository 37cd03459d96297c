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

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::refusal::Refusal;

    #[test] // D-06, A-30
    fn what_was_asked_for_is_submitted_until_just_before_the_end_of_review() {
        let due_at = start().plus_days(REVIEW_DAYS);
        let asked = given(until(Status::PartnerActionRequired));
        asked
            .clone()
            .when(resubmit_claim().at(due_at.plus_ms(-1)))
            .yields(["ClaimResubmitted"])
            .to(Status::Submitted);
        asked
            .when(resubmit_claim().at(due_at))
            .refused(Refusal::DeadlineReached { due_at, status: Status::PostSubmissionExpired });
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given(until(Status::PartnerActionRequired)),
            &resubmit_claim(),
            &[
                fault("role_not_allowed", |it| it.by(reviewer())),
                fault("claim_not_found", |it| it.by(other_partner())),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![resubmit_claim()]),
            ],
            &[],
        );
    }
}
