//! Deadlines that fire by themselves: rows 7, 11, 15 and 20 (A-30 … ).

use super::closing::with_closing;
use crate::claim::{Deadline, DeadlineKind};
use crate::customer::Customer;
use crate::event::{
    ClaimDisputeExpired, ClaimNotSubmittedExpired, ClaimPostSubmissionExpired, CustomerConsentExpired, Event,
};
use crate::version::V;

/// What a deadline of this customer comes to; nothing if the claim has moved on, so that the deadline is dropped.
///
/// It is judged at its due time and without the catalog.
#[must_use]
pub fn fire(customer: &Customer, deadline: Deadline) -> Vec<Event> {
    let claim = match customer.claim(deadline.claim) {
        Some(claim) if claim.deadline() == Some(deadline) => claim,
        _ => return vec![],
    };
    let (version, id, due_at) = (V, claim.id, deadline.due_at);
    let event: Event = match deadline.kind {
        DeadlineKind::Consent => CustomerConsentExpired { version, claim: id, due_at }.into(),
        DeadlineKind::Submit => ClaimNotSubmittedExpired { version, claim: id, due_at }.into(),
        DeadlineKind::Review | DeadlineKind::DisputeReview => {
            ClaimPostSubmissionExpired { version, claim: id, due_at }.into()
        }
        DeadlineKind::Dispute => ClaimDisputeExpired { version, claim: id, due_at }.into(),
    };
    with_closing(claim, event)
}

#[cfg(test)]
mod tests {
    use crate::claim::{Deadline, DeadlineKind, Status};
    use crate::decide::given::*;
    use crate::time::Instant;

    /// Ends the wait one millisecond early, and at the moment.
    #[track_caller]
    fn fires_at(given: Given, due_at: Instant, event: &str, to: Status) {
        let before = given.claim().status;
        let early = given.clone().when(days_pass(0).at(due_at.plus_ms(-1))).stays_quiet();
        assert_eq!(early.claim().status, before);
        let outcome = given.when(days_pass(0).at(due_at.plus_days(3)));
        assert_eq!(outcome.in_short(), event);
        let fired = outcome.yields([event]).with("due_at", due_at.to_string()).to(to).then();
        assert_eq!(fired.claim().updated_at, due_at, "it is judged at its due time (A-62)");
        assert_eq!(fired.claim().deadline(), None);
    }

    #[test] // row 7
    fn consent_expires_so_many_days_after_creation_reminders_or_not() {
        let due_at = start().plus_days(CONSENT_DAYS);
        for shape in Shape::ALL {
            let expires =
                |steps| fires_at(given(steps), due_at, "CustomerConsentExpired", Status::ConsentExpired);
            expires(shape.until(Status::CustomerClaimed));
            let mut reminded = shape.until(Status::CustomerClaimed);
            reminded.extend([send_consent().days_later(3), resend_consent().days_later(20)]);
            expires(reminded);
        }
    }

    #[test] // R-075, D-05, A-30, row 11
    fn an_unsubmitted_claim_expires_so_many_days_after_consent() {
        for shape in Shape::ALL {
            let given =
                given(shape.until(Status::AwaitingConsent)).and_all([customer_accepted().days_later(1)]);
            let due_at = start().plus_days(1 + SUBMIT_DAYS);
            fires_at(given, due_at, "ClaimNotSubmittedExpired", Status::NotSubmittedExpired);
        }
    }

    #[test] // row 15
    fn what_the_reviewer_asked_for_expires_so_many_days_after_consent() {
        for shape in Shape::ALL {
            let given = given(shape.until(Status::AwaitingConsent)).and_all([
                customer_accepted().days_later(1),
                upload_proof(),
                submit_claim().days_later(5),
                start_review().days_later(5),
                request_partner_action(),
            ]);
            let due_at = start().plus_days(1 + REVIEW_DAYS);
            fires_at(given, due_at, "ClaimPostSubmissionExpired", Status::PostSubmissionExpired);
        }
    }

    #[test] // D-09, A-30, A-32, row 20
    fn a_dispute_that_is_not_submitted_expires_so_many_days_after_the_rejection() {
        for shape in Shape::ALL {
            let rejected = given(shape.until(Status::UnderReview)).and_all([reject_claim().days_later(2)]);
            let due_at = start().plus_days(2 + DISPUTE_DAYS);
            fires_at(rejected.clone(), due_at, "ClaimDisputeExpired", Status::DisputedExpired);
            let disputed = rejected.and_all([dispute_claim().days_later(4)]);
            fires_at(disputed, due_at, "ClaimDisputeExpired", Status::DisputedExpired);
        }
    }

    #[test] // D-10, A-31, A-32, row 15
    fn after_a_dispute_the_end_of_review_is_counted_from_its_submission() {
        for shape in Shape::ALL {
            let given = given(shape.until(Status::UnderReview)).and_all([
                reject_claim().days_later(60),
                dispute_claim(),
                submit_dispute().days_later(10),
                start_review(),
                request_partner_action(),
            ]);
            let due_at = start().plus_days(70 + DISPUTE_REVIEW_DAYS);
            assert!(due_at > start().plus_days(REVIEW_DAYS), "the time of the first review passes meanwhile");
            fires_at(given, due_at, "ClaimPostSubmissionExpired", Status::PostSubmissionExpired);
        }
    }

    #[test]
    fn nothing_expires_while_the_reviewer_holds_the_claim() {
        for status in [Status::Submitted, Status::UnderReview] {
            given(until(status)).when(days_pass(1_000)).stays_quiet();
        }
    }

    #[test]
    fn a_deadline_whose_claim_moved_on_is_dropped() {
        let asked = given(until(Status::AwaitingConsent));
        let deadline = asked.claim().deadline().unwrap();
        let answered = asked.and_all([customer_accepted()]);
        assert!(super::fire(&answered.customer, deadline).is_empty());
        let other = Deadline { claim: "c000-00000000000000000000".parse().unwrap(), ..deadline };
        assert!(super::fire(&answered.customer, other).is_empty());
        let other = Deadline { kind: DeadlineKind::Review, ..answered.claim().deadline().unwrap() };
        assert!(super::fire(&answered.customer, other).is_empty());
    }

    #[test] // DESIGN rule 7, A-30
    fn deadlines_fire_in_the_order_of_due_time_and_claim_whoever_asks() {
        let steps = [
            add(),
            add_to(&["other"]).by(other_partner()).with("location", "loc-9").days_later(1),
            add_to(&["referring"]).ms_later(0),
        ];
        let due: Vec<_> = given(steps.clone()).customer.due(start().plus_days(500));
        assert!(due.is_sorted(), "{due:?}");
        assert_eq!(due.len(), 3);
        assert_eq!(due[0].due_at, start().plus_days(CONSENT_DAYS));
        given(steps).when(days_pass(500)).yields([
            "CustomerConsentExpired",
            "CustomerConsentExpired",
            "CustomerConsentExpired",
        ]);
    }
}
