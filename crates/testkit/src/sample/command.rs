//! Bodies of commands, one function per command, fields as CONTRACT §1 fixes them.

use crate::sample::at::At;
use crate::sample::customer::Nomination;
use crate::sample::json::{Json, object};

/// The type and the body of a command.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Command {
    pub(crate) kind: &'static str,
    pub(crate) body: Json,
}

impl Command {
    fn new(kind: &'static str, body: Json) -> Self {
        Self { kind, body }
    }

    /// This command with one field of its body replaced, or taken away.
    pub(crate) fn but(self, field: &str, value: Option<Json>) -> Self {
        Self { kind: self.kind, body: self.body.replacing(field, value) }
    }
}

/// What Add and Claim have in common.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) engagements: Vec<String>,
    pub(crate) friendly_name: String,
    pub(crate) location: String,
    pub(crate) hours: Option<i64>,
    pub(crate) reviewed_payout_cents: Option<i64>,
    pub(crate) contacts: Json,
}

pub(crate) fn add_customer(customer: &Nomination, mismatch_reason: Option<&str>, entry: &Entry) -> Command {
    let body = object! {
        "engagements": entry.engagements.clone(), "friendly_name": &entry.friendly_name,
        "location": &entry.location, "customer": customer.json(),
    };
    Command::new("AddCustomer", rest(body.with_some("mismatch_reason", mismatch_reason), entry))
}

/// `customer` is a customer id or `@<command id>`.
pub(crate) fn claim_customer(customer: &str, msx_opportunity_id: Option<&str>, entry: &Entry) -> Command {
    let body = object! {
        "customer": customer, "engagements": entry.engagements.clone(), "friendly_name": &entry.friendly_name,
        "location": &entry.location,
    };
    Command::new("ClaimCustomer", rest(body.with_some("msx_opportunity_id", msx_opportunity_id), entry))
}

fn rest(body: Json, entry: &Entry) -> Json {
    body.with_some("hours", entry.hours)
        .with_some("reviewed_payout_cents", entry.reviewed_payout_cents)
        .with("contacts", entry.contacts.clone())
}

pub(crate) fn update_contacts(claim: &str, contacts: Json) -> Command {
    Command::new("UpdateContacts", object! { "claim": claim, "contacts": contacts })
}

pub(crate) fn send_consent(
    claim: &str,
    deal_size_usd_cents: i64,
    disclaimer: &str,
    contacts: Option<Json>,
) -> Command {
    let body = object! { "claim": claim, "deal_size_usd_cents": deal_size_usd_cents, "disclaimer_version": disclaimer };
    Command::new("SendConsent", body.with_some("contacts", contacts))
}

/// The commands that carry a claim and nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plain {
    ResendConsent,
    SendCustomerSurvey,
    SubmitClaim,
    ResubmitClaim,
    StartReview,
    ApproveClaim,
    DisputeClaim,
    CancelClaim,
}

pub(crate) fn plain(kind: Plain, claim: &str) -> Command {
    let kind = match kind {
        Plain::ResendConsent => "ResendConsent",
        Plain::SendCustomerSurvey => "SendCustomerSurvey",
        Plain::SubmitClaim => "SubmitClaim",
        Plain::ResubmitClaim => "ResubmitClaim",
        Plain::StartReview => "StartReview",
        Plain::ApproveClaim => "ApproveClaim",
        Plain::DisputeClaim => "DisputeClaim",
        Plain::CancelClaim => "CancelClaim",
    };
    Command::new(kind, object! { "claim": claim })
}

pub(crate) fn customer_accepted(claim: &str, contact_revision: i64) -> Command {
    Command::new("CustomerAccepted", object! { "claim": claim, "contact_revision": contact_revision })
}

pub(crate) fn customer_declined(claim: &str, contact_revision: i64) -> Command {
    Command::new("CustomerDeclined", object! { "claim": claim, "contact_revision": contact_revision })
}

/// A proof of this kind whose content stays with its sender; `number` tells one file from the next.
pub(crate) fn upload_proof(claim: &str, kind: &str, number: i64) -> Command {
    let file = crate::sample::customer::uuid(&format!("{claim} {kind} {number}")).simple().to_string();
    let proof = object! {
        "kind": kind, "name": format!("{kind}-{number}.pdf"), "media_type": "application/pdf",
        "bytes": 18_000 + number * 711, "sha256": format!("{file}{file}"),
        "uri": format!("https://files.example.com/proof/{file}"),
    };
    Command::new("UploadProof", object! { "claim": claim, "proof": proof })
}

pub(crate) fn complete_customer_survey(claim: &str, reference: &str) -> Command {
    Command::new("CompleteCustomerSurvey", object! { "claim": claim, "reference": reference })
}

pub(crate) fn complete_partner_survey(claim: &str, reference: &str) -> Command {
    Command::new("CompletePartnerSurvey", object! { "claim": claim, "reference": reference })
}

pub(crate) fn add_comment(claim: &str, text: &str) -> Command {
    Command::new("AddComment", object! { "claim": claim, "text": text })
}

pub(crate) fn request_partner_action(claim: &str, comment: &str) -> Command {
    Command::new("RequestPartnerAction", object! { "claim": claim, "comment": comment })
}

pub(crate) fn reject_claim(claim: &str, comment: &str) -> Command {
    Command::new("RejectClaim", object! { "claim": claim, "comment": comment })
}

pub(crate) fn submit_dispute(claim: &str, justification: &str) -> Command {
    Command::new("SubmitDispute", object! { "claim": claim, "justification": justification })
}

pub(crate) fn record_payment(
    claim: &str,
    reference: &str,
    paid_cents: i64,
    currency: &str,
    paid_at: At,
) -> Command {
    let body = object! {
        "claim": claim, "reference": reference, "paid_cents": paid_cents, "currency": currency,
        "paid_at": paid_at.to_string(),
    };
    Command::new("RecordPayment", body)
}

pub(crate) fn record_customer_facts(
    identifier: &Nomination,
    values: Json,
    observed_at: At,
    source: &str,
) -> Command {
    let body = object! {
        "identifier": identifier.json(), "values": values, "observed_at": observed_at.to_string(), "source": source,
    };
    Command::new("RecordCustomerFacts", body)
}

pub(crate) fn publish_engagement(engagement: &str, terms: Json) -> Command {
    Command::new("PublishEngagement", object! { "engagement": engagement, "terms": terms })
}

pub(crate) fn retire_engagement(engagement: &str) -> Command {
    Command::new("RetireEngagement", object! { "engagement": engagement })
}

pub(crate) fn enroll_location(partner: &str, location: &str, until: Option<At>) -> Command {
    let body = object! { "partner": partner, "location": location };
    Command::new("EnrollLocation", body.with_some("until", until.map(|it| it.to_string())))
}

pub(crate) fn suspend_location(partner: &str, location: &str) -> Command {
    Command::new("SuspendLocation", object! { "partner": partner, "location": location })
}

pub(crate) fn record_partner_eligibility(
    partner: &str,
    location: &str,
    engagement: &str,
    eligible: bool,
    reason: Option<&str>,
) -> Command {
    let body =
        object! { "partner": partner, "location": location, "engagement": engagement, "eligible": eligible };
    Command::new("RecordPartnerEligibility", body.with_some("reason", reason))
}

/// An effect of a claim: the type of the event that intends it, and how many of that type came before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effect {
    pub(crate) kind: &'static str,
    pub(crate) number: i64,
}

impl Effect {
    fn json(self) -> Json {
        object! { "kind": self.kind, "number": self.number }
    }
}

pub(crate) fn retry_effect(claim: &str, effect: Effect) -> Command {
    Command::new("RetryEffect", object! { "claim": claim, "effect": effect.json() })
}

/// What became of an effect.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Result<'a> {
    ReferralCreated { referral: &'a str },
    ReferralFailed { error: &'a str },
    CoSellUpgraded { referral: &'a str },
    CoSellDeclined { reason: &'a str },
    CoSellFailed { error: &'a str },
    ReferralClosed,
    MailDispatched,
    MailFailed { error: &'a str },
    MailBounced { error: &'a str },
}

/// The result of the `attempt`-th try, counted from 1.
pub(crate) fn result(claim: &str, effect: Effect, attempt: i64, result: Result<'_>) -> Command {
    let body = object! { "claim": claim, "effect": effect.json(), "attempt": attempt };
    let created = |body: Json, referral: &str| {
        body.with("referral", referral)
            .with("link", format!("https://referrals.example.com/referral/{referral}"))
    };
    match result {
        Result::ReferralCreated { referral } => {
            Command::new("RecordReferralCreated", created(body, referral))
        }
        Result::ReferralFailed { error } => Command::new("RecordReferralFailed", body.with("error", error)),
        Result::CoSellUpgraded { referral } => Command::new("RecordCoSellUpgraded", created(body, referral)),
        Result::CoSellDeclined { reason } => {
            Command::new("RecordCoSellDeclined", body.with("reason", reason))
        }
        Result::CoSellFailed { error } => Command::new("RecordCoSellFailed", body.with("error", error)),
        Result::ReferralClosed => Command::new("RecordReferralClosed", body),
        Result::MailDispatched => Command::new("RecordMailDispatched", body),
        Result::MailFailed { error } => Command::new("RecordMailFailed", body.with("error", error)),
        Result::MailBounced { error } => Command::new("RecordMailBounced", body.with("error", error)),
    }
}
