//! The shortest histories of a claim to each status, with fixed and variable pay, added and claimed.

use super::Ask;
use super::asks::{
    add, add_to, add_variable, approve_claim, cancel_claim, claim_customer, claim_variable,
    customer_accepted, customer_declined, days_pass, dispute_claim, reject_claim, request_partner_action,
    send_consent, send_customer_survey, start_review, submit_claim, submit_dispute, upload_proof,
};
use super::program::{CONSENT_DAYS, DISPUTE_DAYS, REVIEW_DAYS, SUBMIT_DAYS};
use crate::claim::{Origin, Status};
use crate::terms::Pay;

/// What kind of claim a history is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) pay: Pay,
    pub(crate) origin: Origin,
}

impl Shape {
    /// The four kinds.
    pub(crate) const ALL: [Self; 4] = [
        Self { pay: Pay::Fixed, origin: Origin::Added },
        Self { pay: Pay::Fixed, origin: Origin::Claimed },
        Self { pay: Pay::Variable, origin: Origin::Added },
        Self { pay: Pay::Variable, origin: Origin::Claimed },
    ];

    /// The kind that most tests are about: added, with fixed pay.
    pub(crate) const PLAIN: Self = Self::ALL[0];

    /// The command that creates the claim.
    pub(crate) fn creation(self) -> Ask {
        match (self.pay, self.origin) {
            (Pay::Fixed, Origin::Added) => add(),
            (Pay::Fixed, Origin::Claimed) => claim_customer(),
            (Pay::Variable, Origin::Added) => add_variable(),
            (Pay::Variable, Origin::Claimed) => claim_variable(),
        }
    }

    /// What must have happened before that command.
    pub(crate) fn before(self) -> Vec<Ask> {
        match self.origin {
            Origin::Added => vec![],
            Origin::Claimed => known(),
        }
    }

    /// The shortest history to a claim in this status.
    pub(crate) fn until(self, status: Status) -> Vec<Ask> {
        let after = |status, steps: &[Ask]| [self.until(status), steps.to_vec()].concat();
        match status {
            Status::CustomerClaimed => [self.before(), vec![self.creation()]].concat(),
            Status::AwaitingConsent => after(Status::CustomerClaimed, &[send_consent()]),
            Status::ConsentReceived => {
                after(Status::AwaitingConsent, &[customer_accepted(), upload_proof(), send_customer_survey()])
            }
            Status::ConsentDeclined => after(Status::AwaitingConsent, &[customer_declined()]),
            Status::ConsentExpired => after(Status::AwaitingConsent, &[days_pass(CONSENT_DAYS)]),
            Status::Canceled => after(Status::CustomerClaimed, &[cancel_claim()]),
            Status::NotSubmittedExpired => after(Status::ConsentReceived, &[days_pass(SUBMIT_DAYS)]),
            Status::Submitted => after(Status::ConsentReceived, &[submit_claim()]),
            Status::UnderReview => after(Status::Submitted, &[start_review()]),
            Status::PartnerActionRequired => after(Status::UnderReview, &[request_partner_action()]),
            Status::PostSubmissionExpired => after(Status::PartnerActionRequired, &[days_pass(REVIEW_DAYS)]),
            Status::Approved => after(Status::UnderReview, &[approve_claim()]),
            Status::Rejected => after(Status::UnderReview, &[reject_claim()]),
            Status::Disputed => after(Status::Rejected, &[dispute_claim()]),
            Status::DisputedExpired => after(Status::Disputed, &[days_pass(DISPUTE_DAYS)]),
            Status::RejectedFinal => {
                after(Status::Disputed, &[submit_dispute(), start_review(), reject_claim()])
            }
        }
    }
}

/// The shortest history of an added fixed-pay claim to this status.
pub(crate) fn until(status: Status) -> Vec<Ask> {
    Shape::PLAIN.until(status)
}

/// The customer consented to the partner on `other`, and that claim was given up.
pub(crate) fn known() -> Vec<Ask> {
    vec![add_to(&["other"]), send_consent(), customer_accepted(), cancel_claim()]
}
