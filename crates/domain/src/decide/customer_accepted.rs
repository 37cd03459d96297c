//! `CustomerAccepted`: the customer agrees (R-075, R-076, row 5).

use super::{Actor, Context, Decided, cosell, not_in_row};
use crate::claim::{Answer, Status};
use crate::command::CustomerAccepted;
use crate::customer::Customer;
use crate::event::{CustomerConsentReceived, Event};
use crate::refusal::Refusal;
use crate::version::V;

/// Records consent; the same answer again is quiet in any status.
///
/// Refuses, in this order: role, claim, the opposite answer given before, status, revision of the contacts.
pub(super) fn decide(customer: &Customer, cmd: &CustomerAccepted, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Customer)?;
    match claim.answer {
        Some(Answer::Accepted) => return Ok(vec![]),
        Some(Answer::Declined) => return Err(Refusal::ConsentAlreadyAnswered),
        None if claim.status != Status::AwaitingConsent => return Err(not_in_row(claim)),
        None => {}
    }
    let contact_revision = claim.contact_revision;
    if cmd.contact_revision != contact_revision {
        return Err(Refusal::ContactRevisionOutdated { contact_revision });
    }
    let days = context.terms_of(claim)?.days;
    let received = CustomerConsentReceived {
        version: V,
        claim: claim.id,
        contact_revision,
        submit_due_at: context.at.plus_days(days.submit),
        review_due_at: context.at.plus_days(days.review),
    };
    let mut events: Vec<Event> = vec![received.into()];
    if claim.referral.is_some() {
        events.extend(cosell::upgrade(customer, claim, context)?);
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::refusal::Refusal;

    #[test]
    fn consent_starts_the_clocks_of_submission_and_review() {
        let at = start().plus_days(7);
        given([add(), send_consent()])
            .when(customer_accepted().at(at))
            .yields(["CustomerConsentReceived"])
            .with("submit_due_at", at.plus_days(SUBMIT_DAYS).to_string())
            .with("review_due_at", at.plus_days(REVIEW_DAYS).to_string())
            .to(Status::ConsentReceived);
    }

    #[test]
    fn the_days_are_those_of_the_claims_own_version() {
        let shorter = publish("fixed", fixed_terms()).with("terms/days/submit", 1);
        given([add(), send_consent(), shorter])
            .when(customer_accepted())
            .yields(["CustomerConsentReceived"])
            .with("submit_due_at", start().plus_days(SUBMIT_DAYS).to_string());
    }

    #[test]
    fn an_answer_counts_until_just_before_the_deadline() {
        let due_at = start().plus_days(CONSENT_DAYS);
        let asked = given([add(), send_consent()]);
        let last_moment = customer_accepted().at(due_at.plus_ms(-1));
        asked.clone().when(last_moment).yields(["CustomerConsentReceived"]);
        asked
            .when(customer_accepted().at(due_at))
            .refused(Refusal::DeadlineReached { due_at, status: Status::ConsentExpired });
    }

    #[test]
    fn the_same_answer_again_is_quiet_in_any_status_and_under_any_revision() {
        for status in [Status::ConsentReceived, Status::NotSubmittedExpired, Status::Approved] {
            given(until(status)).when(customer_accepted()).stays_quiet();
            given(until(status)).when(customer_accepted().with("contact_revision", 9)).stays_quiet();
        }
    }

    #[test]
    fn the_opposite_answer_is_refused_in_any_status() {
        given(until(Status::ConsentDeclined))
            .when(customer_accepted())
            .refused(Refusal::ConsentAlreadyAnswered);
    }

    #[test]
    fn an_answer_after_cancel_is_refused() {
        given([add(), send_consent(), cancel_claim()])
            .when(customer_accepted())
            .refused(Refusal::WrongStatus { status: Status::Canceled });
    }

    #[test]
    fn an_answer_under_another_revision_is_refused() {
        let asked = given([add(), send_consent(), update_contacts()]);
        for revision in [0, 1, 3] {
            asked
                .clone()
                .when(customer_accepted().with("contact_revision", revision))
                .refused(Refusal::ContactRevisionOutdated { contact_revision: 2 });
        }
        asked.when(customer_accepted().with("contact_revision", 2)).yields(["CustomerConsentReceived"]);
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([add(), send_consent()]),
            &customer_accepted(),
            &[
                fault("role_not_allowed", |it| it.by(partner())),
                fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
                past_fault("wrong_status", || vec![cancel_claim()]),
                fault("contact_revision_outdated", |it| it.with("contact_revision", 2)),
            ],
            &[],
        );
    }
}
