//! Commands about a customer, each with fields that are accepted when its history allows.

use serde_json::{Value, json};

use super::{Ask, customer, customer_id, operator, partner, reviewer, service};
use crate::command::CommandType;

/// The tenant of `fabrikam.example`.
pub(crate) const TENANT: &str = "0a1b2c3d-0000-4000-8000-000000000001";

/// An identifier as JSON.
pub(crate) fn identifier(kind: &str, value: &str) -> Value {
    json!({"id_type": kind, "value": value})
}

/// A closed box, whose inside no rule sees.
pub(crate) fn sealed(bytes: &str) -> Value {
    let key = "0a1b2c3d-0000-4000-8000-00000000000f";
    json!({"person": "someone", "key": key, "alg": "xchacha20poly1305", "nonce": "", "bytes": bytes})
}

/// Contacts with every name.
pub(crate) fn contacts() -> Value {
    json!({"customer": sealed("c"), "partner": sealed("p"), "organisation": {"name": "Fabrikam", "country": "JP"}})
}

/// Time passes, and deadlines fire.
pub(crate) fn days_pass(days: u32) -> Ask {
    Ask::nothing(operator()).days_later(i64::from(days))
}

/// Adds the customer by its domain for `fixed`.
pub(crate) fn add() -> Ask {
    add_to(&["fixed"])
}

/// Adds the customer by its domain for these engagements.
pub(crate) fn add_to(engagements: &[&str]) -> Ask {
    let body = json!({
        "engagements": engagements,
        "friendly_name": sealed("name"),
        "location": "loc-1",
        "customer": identifier("domain_name", "fabrikam.example"),
        "contacts": contacts(),
        "found": {"tenant": identifier("tenant_id", TENANT), "tpid": identifier("tpid", "1234567")},
    });
    Ask::new(CommandType::AddCustomer, partner(), body)
}

/// Adds the customer by its tenant, whose e-mail domain matches, for `fixed`.
pub(crate) fn add_by_tenant() -> Ask {
    add().with("customer", identifier("tenant_id", TENANT)).with("found", json!({"email_matches": true}))
}

/// Adds the customer by its TPID for `fixed`.
pub(crate) fn add_by_tpid() -> Ask {
    add().with("customer", identifier("tpid", "1234567")).with("found", json!({}))
}

/// Adds the customer by an opportunity worth USD 100,000 for 40 hours of `variable`.
pub(crate) fn add_variable() -> Ask {
    add_to(&["variable"])
        .with("customer", identifier("msx_opportunity_id", "7-ABC"))
        .with("hours", 40)
        .with("found", json!({"opportunity": opportunity()}))
}

/// Claims the customer for `fixed`.
pub(crate) fn claim_customer() -> Ask {
    claim_for(&["fixed"])
}

/// Claims the customer for these engagements.
pub(crate) fn claim_for(engagements: &[&str]) -> Ask {
    let body = json!({
        "customer": customer_id(),
        "engagements": engagements,
        "friendly_name": sealed("name"),
        "location": "loc-1",
        "contacts": contacts(),
        "found": {},
    });
    Ask::new(CommandType::ClaimCustomer, partner(), body)
}

/// Claims the customer by an opportunity for 40 hours of `variable`.
pub(crate) fn claim_variable() -> Ask {
    claim_for(&["variable"])
        .with("msx_opportunity_id", identifier("msx_opportunity_id", "7-ABC"))
        .with("hours", 40)
        .with("found", json!({"opportunity": opportunity()}))
}

fn opportunity() -> Value {
    json!({"open": true, "of_customer": true, "value": "100000.00", "currency": "USD"})
}

/// A service records these facts of the customer's tenant, observed now.
pub(crate) fn record_facts(values: Value) -> Ask {
    let body = json!({
        "identifier": identifier("tenant_id", TENANT),
        "values": values,
        "observed_at": super::start(),
        "source": "crm",
    });
    Ask::new(CommandType::RecordCustomerFacts, service("crm"), body)
}

fn by_partner(command: CommandType, body: Value) -> Ask {
    Ask::of_claim(command, partner(), body)
}

/// The contacts change.
pub(crate) fn update_contacts() -> Ask {
    by_partner(CommandType::UpdateContacts, json!({"contacts": contacts()}))
}

/// Consent is asked for, with a deal size of USD 50,000.
pub(crate) fn send_consent() -> Ask {
    let body = json!({"deal_size_usd_cents": 5_000_000, "disclaimer_version": "d1"});
    by_partner(CommandType::SendConsent, body)
}

/// The customer is reminded.
pub(crate) fn resend_consent() -> Ask {
    by_partner(CommandType::ResendConsent, json!({}))
}

/// The customer agrees, asked under revision 1 of the contacts.
pub(crate) fn customer_accepted() -> Ask {
    Ask::of_claim(CommandType::CustomerAccepted, customer(), json!({"contact_revision": 1}))
}

/// The customer refuses, asked under revision 1 of the contacts.
pub(crate) fn customer_declined() -> Ask {
    Ask::of_claim(CommandType::CustomerDeclined, customer(), json!({"contact_revision": 1}))
}

/// Proof of execution is uploaded.
pub(crate) fn upload_proof() -> Ask {
    let proof = json!({"kind": "poe_document", "name": "poe.pdf", "media_type": "application/pdf", "bytes": 10,
        "sha256": "0".repeat(64), "uri": "https://proof.example/1"});
    by_partner(CommandType::UploadProof, json!({"proof": proof}))
}

/// The customer survey is sent.
pub(crate) fn send_customer_survey() -> Ask {
    by_partner(CommandType::SendCustomerSurvey, json!({}))
}

/// The customer answers its survey.
pub(crate) fn complete_customer_survey() -> Ask {
    Ask::of_claim(CommandType::CompleteCustomerSurvey, customer(), json!({"reference": "s-1"}))
}

/// The partner answers its survey.
pub(crate) fn complete_partner_survey() -> Ask {
    by_partner(CommandType::CompletePartnerSurvey, json!({"reference": "s-2"}))
}

/// The partner comments.
pub(crate) fn add_comment() -> Ask {
    by_partner(CommandType::AddComment, json!({"text": sealed("comment")}))
}

/// The claim is submitted.
pub(crate) fn submit_claim() -> Ask {
    by_partner(CommandType::SubmitClaim, json!({}))
}

/// The claim is submitted again.
pub(crate) fn resubmit_claim() -> Ask {
    by_partner(CommandType::ResubmitClaim, json!({}))
}

/// A dispute is opened.
pub(crate) fn dispute_claim() -> Ask {
    by_partner(CommandType::DisputeClaim, json!({}))
}

/// The dispute is submitted.
pub(crate) fn submit_dispute() -> Ask {
    by_partner(CommandType::SubmitDispute, json!({"justification": sealed("why")}))
}

/// The partner gives up.
pub(crate) fn cancel_claim() -> Ask {
    by_partner(CommandType::CancelClaim, json!({}))
}

/// The review begins.
pub(crate) fn start_review() -> Ask {
    Ask::of_claim(CommandType::StartReview, reviewer(), json!({}))
}

/// The reviewer wants more.
pub(crate) fn request_partner_action() -> Ask {
    Ask::of_claim(CommandType::RequestPartnerAction, reviewer(), json!({"comment": sealed("more")}))
}

/// The reviewer approves.
pub(crate) fn approve_claim() -> Ask {
    Ask::of_claim(CommandType::ApproveClaim, reviewer(), json!({}))
}

/// The reviewer rejects.
pub(crate) fn reject_claim() -> Ask {
    Ask::of_claim(CommandType::RejectClaim, reviewer(), json!({"comment": sealed("no")}))
}

/// A service records a payment of USD 5,000.
pub(crate) fn record_payment() -> Ask {
    let body = json!({"reference": "pay-1", "paid_cents": 500_000, "currency": "USD",
        "paid_at": "2026-05-01T00:00:00Z"});
    Ask::of_claim(CommandType::RecordPayment, service("billing"), body)
}

/// The performer of effects reports the first effect of this kind.
fn report(command: CommandType, effect: &str, fields: Value) -> Ask {
    let mut body = fields;
    body["effect"] = json!({"kind": effect, "number": 0});
    body["attempt"] = json!(1);
    Ask::of_claim(command, service("effects"), body)
}

/// The referral was created.
pub(crate) fn referral_created() -> Ask {
    let fields = json!({"referral": "ref-1", "link": "https://referrals.example/1"});
    report(CommandType::RecordReferralCreated, "PartnerLedReferralIntended", fields)
}

/// The referral could not be created.
pub(crate) fn referral_failed() -> Ask {
    report(CommandType::RecordReferralFailed, "PartnerLedReferralIntended", json!({"error": "503"}))
}

/// The referral was upgraded.
pub(crate) fn cosell_upgraded() -> Ask {
    let fields = json!({"referral": "ref-2", "link": "https://referrals.example/2"});
    report(CommandType::RecordCoSellUpgraded, "CoSellUpgradeIntended", fields)
}

/// The upgrade was declined.
pub(crate) fn cosell_declined() -> Ask {
    report(CommandType::RecordCoSellDeclined, "CoSellUpgradeIntended", json!({"reason": "no seller"}))
}

/// The upgrade failed.
pub(crate) fn cosell_failed() -> Ask {
    report(CommandType::RecordCoSellFailed, "CoSellUpgradeIntended", json!({"error": "503"}))
}

/// The referral was closed.
pub(crate) fn referral_closed() -> Ask {
    report(CommandType::RecordReferralClosed, "ReferralClosingIntended", json!({}))
}

/// The consent mail was handed over.
pub(crate) fn mail_dispatched() -> Ask {
    report(CommandType::RecordMailDispatched, "ConsentRequested", json!({}))
}

/// The consent mail could not be handed over.
pub(crate) fn mail_failed() -> Ask {
    report(CommandType::RecordMailFailed, "ConsentRequested", json!({"error": "mailbox full"}))
}

/// The consent mail came back.
pub(crate) fn mail_bounced() -> Ask {
    report(CommandType::RecordMailBounced, "ConsentRequested", json!({"error": "no such person"}))
}

/// The operator has the first effect of this kind tried again.
pub(crate) fn retry_effect(effect: &str) -> Ask {
    let body = json!({"effect": {"kind": effect, "number": 0}});
    Ask::of_claim(CommandType::RetryEffect, operator(), body)
}

/// Contacts whose customer has a blank name, which is told by the missing box.
pub(crate) fn contacts_without_a_name() -> Value {
    json!({"customer": null, "partner": sealed("p"), "organisation": {"name": "Fabrikam", "country": "JP"}})
}
