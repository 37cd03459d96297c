//! `RequestPartnerAction`: the reviewer wants more (D-06, row 13).

use super::{Actor, Context, Decided, not_in_row, required};
use crate::claim::Status;
use crate::command::RequestPartnerAction;
use crate::customer::Customer;
use crate::event::PartnerActionRequested;
use crate::refusal::Refusal;
use crate::version::V;

/// Asks the partner for more, until the current deadline; may happen several times.
///
/// Refuses, in this order: role, claim, status, the deadline reached, blank comment.
pub(super) fn decide(customer: &Customer, cmd: &RequestPartnerAction, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Reviewer)?;
    let due_at = match (claim.status, claim.current_review_due_at()) {
        (Status::UnderReview, Some(due_at)) if context.at < due_at => due_at,
        (status @ Status::UnderReview, Some(due_at)) => {
            return Err(Refusal::DeadlineReached { due_at, status });
        }
        _ => return Err(not_in_row(claim)),
    };
    let comment = required(cmd.comment.as_ref(), "comment")?.clone();
    Ok(vec![PartnerActionRequested { version: V, claim: claim.id, comment, due_at }.into()])
}

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::effect::EffectKind;
    use crate::refusal::Refusal;

    #[test] // D-06
    fn the_reviewer_may_ask_several_times_each_with_a_mail() {
        let again = [resubmit_claim(), start_review(), request_partner_action()];
        let asked = given(until(Status::PartnerActionRequired)).and_all(again);
        let mails = asked.claim().effects.iter().filter(|it| it.kind == EffectKind::PartnerActionRequested);
        assert_eq!(mails.count(), 2);
    }

    #[test]
    fn at_the_current_deadline_the_reviewer_may_only_decide() {
        let due_at = start().plus_days(REVIEW_DAYS);
        let reviewed = given(until(Status::UnderReview));
        reviewed
            .clone()
            .when(request_partner_action().at(due_at.plus_ms(-1)))
            .yields(["PartnerActionRequested"])
            .with("due_at", due_at.to_string());
        reviewed
            .clone()
            .when(request_partner_action().at(due_at))
            .refused(Refusal::DeadlineReached { due_at, status: Status::UnderReview });
        reviewed.clone().when(approve_claim().at(due_at)).yields(["ClaimApproved"]);
        reviewed.when(reject_claim().at(due_at)).yields(["ClaimRejected"]);
    }

    #[test] // A-30, D-10
    fn after_a_dispute_the_current_deadline_is_its_own() {
        let at = start().plus_days(20);
        let disputed = [submit_dispute().at(at), start_review()];
        given(until(Status::Disputed))
            .and_all(disputed)
            .when(request_partner_action())
            .yields(["PartnerActionRequested"])
            .with("due_at", at.plus_days(DISPUTE_REVIEW_DAYS).to_string());
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given(until(Status::UnderReview)),
            &request_partner_action(),
            &[
                fault("role_not_allowed", |it| it.by(partner())),
                fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
                fault("deadline_reached", |it| it.days_later(i64::from(REVIEW_DAYS))),
                fault("text_required", |it| it.without("comment")),
            ],
            &[],
        );
    }
}
