//! A claim in each standing, with a day between any two steps, so that no deadline can stand in for another.

use serde_json::json;

use super::table::FIRES;
use crate::claim::DeadlineKind::{self, *};
use crate::claim::Status;
use crate::decide::given::*;
use crate::time::Instant;

/// The day counts of the terms, in the order of A-30. Under the second, review ends before a dispute can.
pub(super) const DAYS: [[i64; 5]; 2] = [[30, 60, 90, 31, 32], [30, 10, 14, 31, 32]];

/// The deadlines in the order of [`DAYS`].
pub(super) const KINDS: [DeadlineKind; 5] = [Consent, Submit, Review, Dispute, DisputeReview];

/// What a standing is called, its status, its history after the creation, and the days after the creation at which
/// what starts its clocks was judged: consent was given, a rejection was given, a dispute was submitted.
pub(super) struct Standing {
    pub(super) name: &'static str,
    pub(super) status: Status,
    history: fn() -> Vec<Ask>,
    consent: Option<i64>,
    rejection: Option<i64>,
    dispute: Option<i64>,
}

/// Every standing, in the order of the table's columns.
pub(super) const STANDINGS: [Standing; 23] = {
    use Status::*;
    let (asked, agreed, rejected, disputed) =
        ([None; 3], [Some(2), None, None], [Some(2), Some(5), None], [Some(2), Some(5), Some(7)]);
    [
        standing("CC", CustomerClaimed, Vec::new, asked),
        standing("AC", AwaitingConsent, asked_for_consent, asked),
        standing("CR", ConsentReceived, consented, agreed),
        standing("CD", ConsentDeclined, || then(asked_for_consent(), customer_declined()), asked),
        standing("CE", ConsentExpired, asked_for_consent, asked),
        standing("Ce", ConsentExpired, Vec::new, asked),
        standing("CA", Canceled, || then(vec![], cancel_claim()), asked),
        standing("Ca", Canceled, || then(consented(), cancel_claim()), agreed),
        standing("NS", NotSubmittedExpired, consented, agreed),
        standing("SU", Submitted, submitted, agreed),
        standing("UR", UnderReview, under_review, agreed),
        standing("PA", PartnerActionRequired, || then(under_review(), request_partner_action()), agreed),
        standing("PE", PostSubmissionExpired, || then(under_review(), request_partner_action()), agreed),
        standing("AP", Approved, || then(under_review(), approve_claim()), agreed),
        standing("RJ", Rejected, || then(under_review(), reject_claim()), rejected),
        standing("DI", Disputed, in_dispute, rejected),
        standing("DE", DisputedExpired, in_dispute, rejected),
        standing("RF", RejectedFinal, || then(reviewed_again(), reject_claim()), disputed),
        standing("su", Submitted, || then(in_dispute(), submit_dispute()), disputed),
        standing("ur", UnderReview, reviewed_again, disputed),
        standing("pa", PartnerActionRequired, || then(reviewed_again(), request_partner_action()), disputed),
        standing("pe", PostSubmissionExpired, || then(reviewed_again(), request_partner_action()), disputed),
        standing("ap", Approved, || then(reviewed_again(), approve_claim()), disputed),
    ]
};

const fn standing(
    name: &'static str,
    status: Status,
    history: fn() -> Vec<Ask>,
    [consent, rejection, dispute]: [Option<i64>; 3],
) -> Standing {
    Standing { name, status, history, consent, rejection, dispute }
}

impl Standing {
    /// The standing of this name.
    pub(super) fn named(name: &str) -> &'static Self {
        STANDINGS.iter().find(|it| it.name == name).expect("a standing")
    }

    /// When this deadline of it is due, in days after the creation, if its clock was started.
    pub(super) fn due_day(&self, kind: DeadlineKind, days: &[i64; 5]) -> Option<i64> {
        let [consent, submit, review, dispute, dispute_review] = days;
        match kind {
            Consent => Some(*consent),
            Submit => Some(self.consent? + submit),
            Review => Some(self.consent? + review),
            Dispute => Some(self.rejection? + dispute),
            DisputeReview => Some(self.dispute? + dispute_review),
        }
    }

    /// A claim of this shape that stands so; it was created at [`start`], under these day counts.
    pub(super) fn reached(&self, shape: Shape, days: &[i64; 5]) -> Given {
        let ended_by = FIRES.iter().find(|(_, _, _, to)| *to == self.name);
        let due_day = ended_by.and_then(|(_, kind, _, _)| self.due_day(*kind, days));
        given(program(days))
            .and_all(shape.before())
            .and_all([shape.creation()])
            .and_all((self.history)())
            .and_all(due_day.map(|it| days_pass(0).at(day(it))))
    }
}

/// The moment so many days after the creation.
pub(super) fn day(number: i64) -> Instant {
    start().plus_ms(number * 86_400_000)
}

/// The standard engagements, with these day counts.
fn program(days: &[i64; 5]) -> Vec<Ask> {
    let [consent, submit, review, dispute, dispute_review] = days;
    let days = json!({"consent": consent, "submit": submit, "review": review, "dispute": dispute,
        "dispute_review": dispute_review});
    vec![
        publish("fixed", fixed_terms()).with("terms/days", days.clone()),
        publish("variable", variable_terms()).with("terms/days", days),
    ]
}

/// One more step, a day later.
fn then(mut before: Vec<Ask>, step: Ask) -> Vec<Ask> {
    before.push(step.days_later(1));
    before
}

fn asked_for_consent() -> Vec<Ask> {
    then(vec![], send_consent())
}

fn consented() -> Vec<Ask> {
    [then(asked_for_consent(), customer_accepted()), vec![upload_proof(), send_customer_survey()]].concat()
}

fn under_review() -> Vec<Ask> {
    then(submitted(), start_review())
}

fn submitted() -> Vec<Ask> {
    then(consented(), submit_claim())
}

fn in_dispute() -> Vec<Ask> {
    then(then(under_review(), reject_claim()), dispute_claim())
}

fn reviewed_again() -> Vec<Ask> {
    then(then(in_dispute(), submit_dispute()), start_review())
}
