//! Commands about customers and claims, each with fields that are accepted when its history allows.

use serde_json::{Value, json};

use super::super::model::Claim;
use super::time;

/// A command and who gives it.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) command: &'static str,
    pub(crate) asker: Value,
    pub(crate) body: Value,
}

impl Ask {
    pub(super) fn new(command: &'static str, asker: Value, body: Value) -> Self {
        Self { command, asker, body }
    }

    pub(super) fn with(mut self, field: &str, value: Value) -> Self {
        self.body[field] = value;
        self
    }
}

/// One of a list that is made for this.
pub(super) fn pick_owned<T>(mut list: Vec<T>, number: usize) -> Option<T> {
    let count = list.len();
    (count > 0).then(|| list.swap_remove(number % count))
}

/// A person of the partner with an incentives role, for all locations.
pub(super) fn user_of(partner: &Value) -> Value {
    json!({"kind": "partner_user", "partner": partner, "user": "u-1", "roles": ["incentives_user"],
        "locations": "all"})
}

pub(super) fn operator() -> Value {
    json!({"kind": "program_operator", "user": "o-1"})
}

pub(super) fn reviewer() -> Value {
    json!({"kind": "reviewer", "user": "r-1"})
}

pub(super) fn service(name: &str) -> Value {
    json!({"kind": "service", "name": name})
}

pub(super) fn customer() -> Value {
    json!({"kind": "customer", "evidence": {"kind": "consent_link", "reference": "token-1"}})
}

/// A closed box.
pub(super) fn sealed(bytes: &str) -> Value {
    let key = "0a1b2c3d-0000-4000-8000-00000000000f";
    json!({"person": "someone", "key": key, "alg": "xchacha20poly1305", "nonce": "", "bytes": bytes})
}

pub(super) fn contacts(bytes: &str) -> Value {
    json!({"customer": sealed(bytes), "partner": sealed("p"),
        "organisation": {"name": "Fabrikam", "country": "JP"}})
}

/// The id of the customer of this number.
pub(crate) fn customer_id(number: usize) -> String {
    let namespace = uuid::Uuid::from_u128(0x6f0e_7a52_3c1d_5b8e_9d44_c1a1_3106_0001);
    let tpid = format!("tpid=10{number}");
    uuid::Uuid::new_v5(&namespace, tpid.as_bytes()).to_string()
}

/// The identifiers of a customer.
pub(super) fn identifier(kind: &str, number: usize) -> Value {
    let value = match kind {
        "domain_name" => format!("c{number}.example"),
        "tenant_id" => format!("0a1b2c3d-0000-4000-8000-00000000000{number}"),
        "tpid" => format!("10{number}"),
        _ => format!("7-C{number}"),
    };
    json!({"id_type": kind, "value": value})
}

/// Adds or claims a customer: for one engagement or two, by one identifier or another, for one partner or another.
pub(super) fn creation(customer: usize, number: usize) -> Ask {
    let litware = number.is_multiple_of(5);
    let (partner, location) = if litware { ("p-litware", "loc-9") } else { ("p-contoso", "loc-1") };
    let fixed_pay: [&[&str]; 8] = [
        &["fixed"],
        &["other"],
        &["referring"],
        &["picky"],
        &["referring"],
        &["fixed", "referring"],
        &["other", "picky"],
        &["fixed", "other", "referring"],
    ];
    let variable = number.is_multiple_of(4);
    let engagements = if variable { &["variable"][..] } else { fixed_pay[(number / 5) % fixed_pay.len()] };
    let mut body = json!({
        "engagements": engagements,
        "friendly_name": sealed("name"),
        "location": location,
        "contacts": contacts("c"),
        "found": {},
    });
    if variable {
        body["hours"] = json!(40);
        body["found"]["opportunity"] =
            json!({"open": true, "of_customer": true, "value": "12345.678", "currency": "USD"});
    }
    let asker = user_of(&json!(partner));
    if (number / 40).is_multiple_of(2) {
        body["customer"] = json!(customer_id(customer));
        if variable {
            body["msx_opportunity_id"] = identifier("msx_opportunity_id", customer);
        }
        return Ask::new("ClaimCustomer", asker, body);
    }
    let kind = ["domain_name", "tpid", "tenant_id"][(number / 11) % 3];
    body["customer"] = identifier(if variable { "msx_opportunity_id" } else { kind }, customer);
    match body["customer"]["id_type"].as_str() {
        Some("domain_name") => {
            body["found"]["tenant"] = identifier("tenant_id", customer);
            body["found"]["tpid"] = identifier("tpid", customer);
        }
        Some("tenant_id") => body["found"]["email_matches"] = json!(true),
        _ => {}
    }
    Ask::new("AddCustomer", asker, body)
}

/// A service records facts of one of the customer's identifiers.
pub(super) fn facts(customer: usize, number: usize, now: i64) -> Ask {
    let values = [
        json!({"segment": "smc", "seats": 50}),
        json!({"segment": "corp", "seats": 10}),
        json!({"segment": "smc"}),
        json!({}),
    ];
    let kind = ["domain_name", "tenant_id", "tpid", "msx_opportunity_id"][(number / 4) % 4];
    let observed_at = [now, now, now - 3_600_000, now + 1][(number / 16) % 4];
    let mut body = json!({
        "identifier": identifier(kind, customer),
        "values": values[number % 4],
        "observed_at": time(observed_at),
        "source": "crm",
        "found": {},
    });
    if kind == "domain_name" {
        body["found"]["tenant"] = identifier("tenant_id", customer);
    }
    let name = ["crm", "intake"][(number / 64) % 2];
    Ask::new("RecordCustomerFacts", service(name), body)
}

/// What brings the claim forward.
pub(super) fn forward(claim: &Claim, number: usize) -> Option<Ask> {
    let commands: &[&str] = match claim.status() {
        "CustomerClaimed" => &["SendConsent"],
        "AwaitingConsent" => {
            &["CustomerAccepted", "CustomerAccepted", "RecordReferralCreated", "ResendConsent"]
        }
        "ConsentReceived" if claim.count("ProofUploaded") == 0 => &["UploadProof", "SendCustomerSurvey"],
        "ConsentReceived" => {
            &["SubmitClaim", "SubmitClaim", "CompleteCustomerSurvey", "CompletePartnerSurvey"]
        }
        "Submitted" => &["StartReview"],
        "UnderReview" => &["RequestPartnerAction", "ApproveClaim", "RejectClaim", "RejectClaim"],
        "PartnerActionRequired" => &["ResubmitClaim", "CompletePartnerSurvey"],
        "Rejected" => &["DisputeClaim"],
        "Disputed" => &["SubmitDispute"],
        "Approved" => &["RecordPayment"],
        _ if claim.count("ReferralClosingIntended") > 0 => &["RecordReferralClosed"],
        _ if claim.count("PartnerLedReferralIntended") > 0 => &["RecordReferralCreated"],
        _ => &[],
    };
    one(super::pick(commands, number)?, claim, number / 4)
}

/// Every command about a claim that is no report.
pub(super) const OTHERS: &[&str] = &[
    "UpdateContacts",
    "SendConsent",
    "ResendConsent",
    "CustomerAccepted",
    "CustomerDeclined",
    "UploadProof",
    "SendCustomerSurvey",
    "CompleteCustomerSurvey",
    "CompletePartnerSurvey",
    "AddComment",
    "SubmitClaim",
    "StartReview",
    "RequestPartnerAction",
    "ResubmitClaim",
    "ApproveClaim",
    "RejectClaim",
    "DisputeClaim",
    "SubmitDispute",
    "CancelClaim",
    "RecordPayment",
];

/// A command about the claim.
pub(super) fn one(command: &'static str, claim: &Claim, number: usize) -> Option<Ask> {
    let partner = || user_of(claim.told("partner"));
    let (asker, mut body) = match command {
        "UpdateContacts" => (partner(), json!({"contacts": contacts("new")})),
        "SendConsent" => (partner(), json!({"deal_size_usd_cents": 5_000_000, "disclaimer_version": "d1"})),
        "CustomerAccepted" | "CustomerDeclined" => {
            (customer(), json!({"contact_revision": claim.revision()}))
        }
        "UploadProof" => (
            partner(),
            json!({"proof": {"kind": (["poe_document", "invoice"][number % 2]), "name": "poe.pdf",
                "media_type": "application/pdf", "bytes": 10, "sha256": "0".repeat(64),
                "uri": "https://proof.example/1"}}),
        ),
        "CompleteCustomerSurvey" => (customer(), json!({"reference": "s-1"})),
        "CompletePartnerSurvey" => (partner(), json!({"reference": "s-2"})),
        "AddComment" if number.is_multiple_of(2) => (reviewer(), json!({"text": sealed("comment")})),
        "AddComment" => (partner(), json!({"text": sealed("comment")})),
        "RequestPartnerAction" | "RejectClaim" => (reviewer(), json!({"comment": sealed("why")})),
        "StartReview" | "ApproveClaim" => (reviewer(), json!({})),
        "SubmitDispute" => (partner(), json!({"justification": sealed("because")})),
        "RecordPayment" => (
            service("billing"),
            json!({"reference": (["pay-1", "pay-2"][number % 2]), "paid_cents": 500_000, "currency": "USD",
                "paid_at": "2026-05-01T00:00:00.000Z"}),
        ),
        "RecordReferralCreated" => return report(claim, "PartnerLedReferralIntended", 0, 0),
        "RecordReferralClosed" => return report(claim, "ReferralClosingIntended", 0, 0),
        _ => (partner(), json!({})),
    };
    body["claim"] = json!(claim.id());
    Some(Ask::new(command, asker, body))
}

/// What an event can intend for outside.
pub(super) const EFFECT_KINDS: &[&str] = &[
    "PartnerLedReferralIntended",
    "CoSellUpgradeIntended",
    "ReferralClosingIntended",
    "ConsentRequested",
    "ConsentReminderRequested",
    "CustomerSurveyRequested",
    "PartnerActionRequested",
    "ClaimApproved",
    "ClaimRejected",
    "ClaimRejectedFinal",
];

/// A report about the `which`-th effect of this kind, or the order to try it again.
pub(super) fn report(claim: &Claim, kind: &str, which: usize, number: usize) -> Option<Ask> {
    let link = |name: &str| json!({"referral": name, "link": "https://referrals.example/1"});
    let error = || json!({"error": (["503", "timed out"][(number / 5) % 2])});
    let reports = match kind {
        "PartnerLedReferralIntended" => {
            vec![
                ("RecordReferralCreated", link("ref-1")),
                ("RecordReferralFailed", error()),
                ("RecordReferralCreated", link("ref-1")),
            ]
        }
        "CoSellUpgradeIntended" => vec![
            ("RecordCoSellUpgraded", link("ref-2")),
            ("RecordCoSellDeclined", json!({"reason": "no seller"})),
            ("RecordCoSellFailed", error()),
        ],
        "ReferralClosingIntended" => vec![("RecordReferralClosed", json!({}))],
        _ => vec![
            ("RecordMailDispatched", json!({})),
            ("RecordMailFailed", error()),
            ("RecordMailBounced", error()),
        ],
    };
    let retry = ("RetryEffect", json!({}));
    let (command, mut body) = pick_owned(reports.into_iter().chain([retry]).collect(), number)?;
    body["claim"] = json!(claim.id());
    body["effect"] = json!({"kind": kind, "number": which});
    if command == "RetryEffect" {
        return Some(Ask::new(command, operator(), body));
    }
    body["attempt"] = json!(1 + number % 3);
    Some(Ask::new(command, service("effects"), body))
}
