//! `RejectClaim`: rejected, which can be disputed once (D-09, D-10, rows 17 and 21).

use super::closing::with_closing;
use super::{Actor, Context, Decided, not_in_row, required};
use crate::claim::Status;
use crate::command::RejectClaim;
use crate::customer::Customer;
use crate::event::{ClaimRejected, ClaimRejectedFinal};
use crate::version::V;

/// Rejects the claim: for good if a dispute was submitted, else until the end of the time for a dispute.
///
/// Refuses, in this order: role, claim, status, blank comment.
pub(super) fn decide(customer: &Customer, cmd: &RejectClaim, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Reviewer)?;
    if claim.status != Status::UnderReview {
        return Err(not_in_row(claim));
    }
    let comment = required(cmd.comment.as_ref(), "comment")?.clone();
    if claim.dispute_review_due_at.is_some() {
        return Ok(with_closing(claim, ClaimRejectedFinal { version: V, claim: claim.id, comment }.into()));
    }
    let dispute_due_at = context.at.plus_days(context.terms_of(claim)?.days.dispute);
    Ok(vec![ClaimRejected { version: V, claim: claim.id, comment, dispute_due_at }.into()])
}

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;

    #[test] // D-09, A-20
    fn a_first_rejection_can_be_disputed_for_the_days_of_the_terms() {
        let at = start().plus_days(3);
        given(until(Status::UnderReview))
            .when(reject_claim().at(at))
            .yields(["ClaimRejected"])
            .with("dispute_due_at", at.plus_days(DISPUTE_DAYS).to_string())
            .with("comment/bytes", "no")
            .to(Status::Rejected);
    }

    #[test] // D-10
    fn a_rejection_after_a_dispute_sets_no_deadline() {
        let again = given(until(Status::Disputed)).and_all([submit_dispute(), start_review()]);
        let rejected =
            again.when(reject_claim()).yields(["ClaimRejectedFinal"]).to(Status::RejectedFinal).then();
        assert_eq!(rejected.claim().deadline(), None);
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given(until(Status::UnderReview)),
            &reject_claim(),
            &[
                fault("role_not_allowed", |it| it.by(partner())),
                fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
                past_fault("wrong_status", || vec![reject_claim()]),
                fault("text_required", |it| it.without("comment")),
            ],
            &[],
        );
    }
}
