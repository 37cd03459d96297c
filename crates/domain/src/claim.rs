//! A claim: its sixteen statuses (DOMAIN §3.1), its one running deadline, and what else its rules look at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::command::{CommandType, EffectRef};
use crate::effect::{Effect, EffectFamily, EffectKind, EffectState};
use crate::identifier::Identifier;
use crate::ids::{ClaimId, EngagementId, LocationId, PartnerId};
use crate::payout::Payout;
use crate::text::{Currency, Label, Link};
use crate::time::Instant;

/// Where a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Status {
    /// Added or claimed; consent not asked for yet.
    CustomerClaimed,
    /// Consent is asked for.
    AwaitingConsent,
    /// The customer agreed.
    ConsentReceived,
    /// The customer refused. Terminal.
    ConsentDeclined,
    /// The customer did not answer in time. Terminal.
    ConsentExpired,
    /// Canceled before the first submission. Terminal.
    Canceled,
    /// Not submitted in time. Terminal.
    NotSubmittedExpired,
    /// Waiting for review.
    Submitted,
    /// A reviewer is at work.
    UnderReview,
    /// The reviewer wants more.
    PartnerActionRequired,
    /// What the reviewer wanted did not come in time. Terminal.
    PostSubmissionExpired,
    /// Approved: completed. Terminal.
    Approved,
    /// Rejected; can be disputed.
    Rejected,
    /// The dispute is being prepared.
    Disputed,
    /// The dispute was not submitted in time. Terminal.
    DisputedExpired,
    /// Rejected after a dispute. Terminal.
    RejectedFinal,
}

/// Under what heading a status is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Not ended.
    Open,
    /// Approved.
    Completed,
    /// One of the four expiries.
    Expired,
    /// Canceled by the partner.
    Canceled,
    /// Declined by the customer.
    Declined,
    /// Rejected for good.
    FinalRejected,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 16] = [
        Self::CustomerClaimed,
        Self::AwaitingConsent,
        Self::ConsentReceived,
        Self::ConsentDeclined,
        Self::ConsentExpired,
        Self::Canceled,
        Self::NotSubmittedExpired,
        Self::Submitted,
        Self::UnderReview,
        Self::PartnerActionRequired,
        Self::PostSubmissionExpired,
        Self::Approved,
        Self::Rejected,
        Self::Disputed,
        Self::DisputedExpired,
        Self::RejectedFinal,
    ];

    /// The heading it is shown under.
    #[must_use]
    pub fn group(self) -> Group {
        match self {
            Self::CustomerClaimed
            | Self::AwaitingConsent
            | Self::ConsentReceived
            | Self::Submitted
            | Self::UnderReview
            | Self::PartnerActionRequired
            | Self::Rejected
            | Self::Disputed => Group::Open,
            Self::Approved => Group::Completed,
            Self::ConsentExpired
            | Self::NotSubmittedExpired
            | Self::PostSubmissionExpired
            | Self::DisputedExpired => Group::Expired,
            Self::Canceled => Group::Canceled,
            Self::ConsentDeclined => Group::Declined,
            Self::RejectedFinal => Group::FinalRejected,
        }
    }

    /// Whether the claim has ended.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        self.group() != Group::Open
    }

    /// What the partner can do next with a claim in this status.
    #[must_use]
    pub fn next_actions(self) -> &'static [CommandType] {
        match self {
            Self::CustomerClaimed => &[CommandType::SendConsent, CommandType::CancelClaim],
            Self::AwaitingConsent => &[CommandType::ResendConsent, CommandType::CancelClaim],
            Self::ConsentReceived => &[CommandType::SubmitClaim, CommandType::CancelClaim],
            Self::PartnerActionRequired => &[CommandType::ResubmitClaim],
            Self::Rejected => &[CommandType::DisputeClaim],
            Self::Disputed => &[CommandType::SubmitDispute],
            Self::Submitted
            | Self::UnderReview
            | Self::ConsentDeclined
            | Self::ConsentExpired
            | Self::Canceled
            | Self::NotSubmittedExpired
            | Self::PostSubmissionExpired
            | Self::Approved
            | Self::DisputedExpired
            | Self::RejectedFinal => &[],
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A deadline that fires by itself, in the order of A-30.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineKind {
    /// The customer's answer (row 7).
    Consent,
    /// The first submission (row 11).
    Submit,
    /// The end of review while the partner has to act (row 15).
    Review,
    /// The submission of a dispute (row 20).
    Dispute,
    /// The end of review after a dispute while the partner has to act (row 15).
    DisputeReview,
}

/// One deadline of one claim. The order is that of firing: due, claim, kind (DESIGN rule 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// When it is due.
    pub due_at: Instant,
    /// Of which claim.
    pub claim: ClaimId,
    /// Which one.
    pub kind: DeadlineKind,
}

/// How the customer came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Added: nominated by an identifier.
    Added,
    /// Claimed: already known to the partner.
    Claimed,
}

/// The customer's answer to the request for consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Agreed.
    Accepted,
    /// Refused.
    Declined,
}

/// A payment as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Payment {
    /// The amount in cents.
    pub paid_cents: i64,
    /// Its currency.
    pub currency: Currency,
    /// When.
    pub paid_at: Instant,
}

/// A claim, folded from its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// The partner that made it.
    pub partner: PartnerId,
    /// The engagement it is for.
    pub engagement: EngagementId,
    /// The version of the terms that holds for it.
    pub terms_version: u32,
    /// The partner's location.
    pub location: LocationId,
    /// Whether the customer was added or claimed.
    pub origin: Origin,
    /// Where it stands.
    pub status: Status,
    /// The customer as nominated.
    pub identifier: Identifier,
    /// The tenant of a domain.
    pub tenant: Option<Identifier>,
    /// The TPID known at creation.
    pub tpid: Option<Identifier>,
    /// Hours.
    pub hours: Option<u32>,
    /// The payout.
    pub payout: Payout,
    /// When it was created.
    pub created_at: Instant,
    /// When its newest event was judged.
    pub updated_at: Instant,
    /// Revision of the contacts.
    pub contact_revision: u32,
    /// The frozen deal size.
    pub deal_size_usd_cents: Option<i64>,
    /// The newest request or reminder.
    pub asked_at: Option<Instant>,
    /// Reminders so far.
    pub reminders: u32,
    /// The customer's answer.
    pub answer: Option<Answer>,
    /// End of the time for consent.
    pub consent_due_at: Instant,
    /// End of the time for the first submission.
    pub submit_due_at: Option<Instant>,
    /// End of the time for review.
    pub review_due_at: Option<Instant>,
    /// End of the time for a dispute.
    pub dispute_due_at: Option<Instant>,
    /// End of the time for review after a dispute; set: a dispute was submitted.
    pub dispute_review_due_at: Option<Instant>,
    /// The kinds of proof uploaded.
    pub proof: BTreeSet<Label>,
    /// Whether a customer survey is outstanding.
    pub survey_outstanding: bool,
    /// The customer's answered survey.
    pub customer_survey: Option<Label>,
    /// The partner's answered survey.
    pub partner_survey: Option<Label>,
    /// Payments by their reference.
    pub payments: BTreeMap<Label, Payment>,
    /// Everything intended for outside, oldest first.
    pub effects: Vec<Effect>,
    /// The partner-led referral.
    pub referral: Option<ReferralLink>,
    /// Whether the referral was upgraded.
    pub cosell: bool,
}

/// A referral as every user of the partner may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReferralLink {
    /// Its id.
    pub referral: Label,
    /// Where to see it.
    pub link: Link,
}

impl Claim {
    /// The deadline that is running, if one is. At most one is: each belongs to a status.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        let (kind, due_at) = match self.status {
            Status::CustomerClaimed | Status::AwaitingConsent => (DeadlineKind::Consent, self.consent_due_at),
            Status::ConsentReceived => (DeadlineKind::Submit, self.submit_due_at?),
            Status::PartnerActionRequired => match self.dispute_review_due_at {
                Some(due_at) => (DeadlineKind::DisputeReview, due_at),
                None => (DeadlineKind::Review, self.review_due_at?),
            },
            Status::Rejected | Status::Disputed => (DeadlineKind::Dispute, self.dispute_due_at?),
            _ => return None,
        };
        Some(Deadline { due_at, claim: self.id, kind })
    }

    /// The end of the time for review: after a dispute its own, before it that from consent.
    #[must_use]
    pub fn current_review_due_at(&self) -> Option<Instant> {
        self.dispute_review_due_at.or(self.review_due_at)
    }

    /// The deadline that ended an expired claim.
    #[must_use]
    pub fn expired_at(&self) -> Option<Instant> {
        match self.status {
            Status::ConsentExpired => Some(self.consent_due_at),
            Status::NotSubmittedExpired => self.submit_due_at,
            Status::PostSubmissionExpired => self.current_review_due_at(),
            Status::DisputedExpired => self.dispute_due_at,
            _ => None,
        }
    }

    /// One effect.
    #[must_use]
    pub fn effect(&self, which: EffectRef) -> Option<&Effect> {
        self.effects.iter().find(|it| it.kind == which.kind && it.number == which.number)
    }

    /// Whether an upgrade is intended and unanswered; a failed one is answered.
    #[must_use]
    pub fn is_upgrade_pending(&self) -> bool {
        self.effects.iter().any(|it| {
            it.kind == EffectKind::CoSellUpgradeIntended
                && matches!(it.state, EffectState::Due | EffectState::Held)
        })
    }

    /// Whether an effect of this family was ever intended.
    #[must_use]
    pub fn ever_intended(&self, family: EffectFamily) -> bool {
        self.effects.iter().any(|it| it.kind.family() == family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::given::*;

    #[test]
    fn every_status_is_shown_under_its_heading() {
        let headings = |group: Group| {
            Status::ALL
                .into_iter()
                .filter(|it| it.group() == group)
                .map(|it| it.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(headings(Group::Completed), ["Approved"]);
        assert_eq!(
            headings(Group::Expired),
            ["ConsentExpired", "NotSubmittedExpired", "PostSubmissionExpired", "DisputedExpired"]
        );
        assert_eq!(headings(Group::Canceled), ["Canceled"]);
        assert_eq!(headings(Group::Declined), ["ConsentDeclined"]);
        assert_eq!(headings(Group::FinalRejected), ["RejectedFinal"]);
        assert_eq!(headings(Group::Open).len(), 8);
        assert!(Status::ALL.into_iter().all(|it| it.is_terminal() == (it.group() != Group::Open)));
        assert!(!Status::Rejected.is_terminal(), "the partner can still dispute");
    }

    #[test] // the rows of DOMAIN §4 by which a partner brings a claim on or ends it
    fn a_partner_has_these_next_actions_and_no_other() {
        let actions =
            |status: Status| status.next_actions().iter().map(|it| format!(" {it}")).collect::<String>();
        let told: Vec<_> = Status::ALL
            .into_iter()
            .filter(|it| !it.next_actions().is_empty())
            .map(|it| format!("{it}:{}", actions(it)))
            .collect();
        assert_eq!(
            told,
            [
                "CustomerClaimed: SendConsent CancelClaim",
                "AwaitingConsent: ResendConsent CancelClaim",
                "ConsentReceived: SubmitClaim CancelClaim",
                "PartnerActionRequired: ResubmitClaim",
                "Rejected: DisputeClaim",
                "Disputed: SubmitDispute",
            ]
        );
    }

    #[test]
    fn the_next_actions_of_a_status_are_accepted_in_it_and_a_terminal_one_has_none() {
        for status in Status::ALL {
            assert!(!status.is_terminal() || status.next_actions().is_empty(), "{status}");
            for action in status.next_actions() {
                let ask = [
                    send_consent(),
                    resend_consent().days_later(1),
                    submit_claim(),
                    resubmit_claim(),
                    dispute_claim(),
                    submit_dispute(),
                    cancel_claim(),
                ]
                .into_iter()
                .find(|it| it.command_type() == Some(*action));
                let told = given(until(status)).when(ask.expect("an action of the partner")).in_short();
                assert!(told.starts_with(char::is_uppercase), "{action} in {status}: {told}");
            }
        }
    }

    #[test]
    fn a_status_has_at_most_one_running_deadline_and_a_terminal_one_has_none() {
        for status in Status::ALL {
            let told = given(until(status));
            let kind = told.claim().deadline().map(|it| it.kind);
            let expected = match status {
                Status::CustomerClaimed | Status::AwaitingConsent => Some(DeadlineKind::Consent),
                Status::ConsentReceived => Some(DeadlineKind::Submit),
                Status::PartnerActionRequired => Some(DeadlineKind::Review),
                Status::Rejected | Status::Disputed => Some(DeadlineKind::Dispute),
                _ => None,
            };
            assert_eq!(kind, expected, "{status}");
        }
    }
}
