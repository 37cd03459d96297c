//! `SubmitDispute`: submit the dispute with its justification (D-09, D-10, row 19).

use super::proof::require_complete;
use super::{Actor, Context, Decided, not_in_row, required};
use crate::claim::Status;
use crate::command::SubmitDispute;
use crate::customer::Customer;
use crate::event::DisputeSubmitted;
use crate::version::V;

/// Submits the dispute and sets, once, the end of its review.
///
/// Refuses, in this order: role, claim, location, status, blank justification, proof incomplete.
pub(super) fn decide(customer: &Customer, cmd: &SubmitDispute, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    if claim.status != Status::Disputed {
        return Err(not_in_row(claim));
    }
    let justification = required(cmd.justification.as_ref(), "justification")?.clone();
    let terms = context.terms_of(claim)?;
    require_complete(claim, terms)?;
    let dispute_review_due_at = context.at.plus_days(terms.days.dispute_review);
    Ok(vec![DisputeSubmitted { version: V, claim: claim.id, justification, dispute_review_due_at }.into()])
}

#[cfg(test)]
mod tests {
    use crate::claim::{DeadlineKind, Status};
    use crate::decide::given::*;
    use crate::refusal::Refusal;

    #[test] // D-09, D-10
    fn a_dispute_is_submitted_with_its_justification_and_starts_its_own_clock() {
        let at = start().plus_days(5);
        let due_at = at.plus_days(DISPUTE_REVIEW_DAYS);
        let submitted = given(until(Status::Disputed))
            .when(submit_dispute().at(at))
            .yields(["DisputeSubmitted"])
            .with("dispute_review_due_at", due_at.to_string())
            .with("justification/bytes", "why")
            .to(Status::Submitted)
            .then();
        assert_eq!(submitted.claim().current_review_due_at(), Some(due_at));
    }

    #[test] // D-10, A-31
    fn later_submissions_still_count_from_the_dispute() {
        let at = start().plus_days(5);
        let again = [
            submit_dispute().at(at),
            start_review(),
            request_partner_action(),
            resubmit_claim().days_later(9),
        ];
        let asked =
            given(until(Status::Disputed)).and_all(again).and_all([start_review(), request_partner_action()]);
        let deadline = asked.claim().deadline().unwrap();
        assert_eq!(
            (deadline.kind, deadline.due_at),
            (DeadlineKind::DisputeReview, at.plus_days(DISPUTE_REVIEW_DAYS))
        );
    }

    #[test] // D-09, A-30
    fn a_dispute_in_time_is_submitted_before_its_deadline() {
        let due_at = start().plus_days(DISPUTE_DAYS);
        let disputed = given(until(Status::Disputed));
        disputed.clone().when(submit_dispute().at(due_at.plus_ms(-1))).yields(["DisputeSubmitted"]);
        disputed
            .when(submit_dispute().at(due_at))
            .refused(Refusal::DeadlineReached { due_at, status: Status::DisputedExpired });
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        let invoice = publish("fixed", fixed_terms()).with("terms/proof", vec!["invoice"]);
        let rejected = [
            invoice,
            add(),
            send_consent(),
            customer_accepted(),
            upload_proof().with("proof/kind", "invoice"),
            submit_claim(),
            start_review(),
            reject_claim(),
            dispute_claim(),
        ];
        in_order(
            &given(rejected),
            &submit_dispute(),
            &[
                fault("role_not_allowed", |it| it.by(reviewer())),
                fault("claim_not_found", |it| it.by(other_partner())),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![submit_dispute()]),
                fault("text_required", |it| it.without("justification")),
            ],
            &[],
        );
    }
}
