//! What is wrong with a command: who asks, which claim, or one of its fields.

use serde_json::{Value, json};

use super::asks::{
    Ask, contacts, customer, identifier, operator, pick_owned, reviewer, sealed, service, user_of,
};

/// The command, spoilt; 0 leaves it as it is.
pub(super) fn spoil(mut ask: Ask, how: u16, claim: Option<&str>) -> Ask {
    if how == 0 {
        return ask;
    }
    let number = usize::from(how / 4);
    if how.is_multiple_of(4) {
        let asker = pick_owned(askers(), number).expect("an asker");
        return Ask { asker, ..ask };
    }
    if how % 64 == 1 && claim.is_some() && ask.body.get("claim").is_some() {
        return ask.with("claim", json!("c000-00000000000000000000"));
    }
    if let Some((field, value)) = pick_owned(fields(&ask), number) {
        let (outer, inner) = field.split_once('/').unwrap_or((field, ""));
        match inner {
            "" => ask.body[outer] = value,
            inner => ask.body[outer][inner] = value,
        }
    }
    ask
}

fn askers() -> Vec<Value> {
    let mut elsewhere = user_of(&json!("p-contoso"));
    elsewhere["locations"] = json!(["loc-2"]);
    let mut referrals = user_of(&json!("p-contoso"));
    referrals["roles"] = json!(["referral_admin"]);
    let mut admin = user_of(&json!("p-contoso"));
    admin["roles"] = json!(["incentives_admin", "referral_admin"]);
    vec![
        elsewhere,
        referrals,
        admin,
        user_of(&json!("p-contoso")),
        user_of(&json!("p-litware")),
        customer(),
        reviewer(),
        operator(),
        service("crm"),
        service("effects"),
    ]
}

/// Contacts without the name of the customer's person.
fn nameless() -> Value {
    let mut contacts = contacts("c");
    contacts["customer"] = Value::Null;
    contacts
}

/// The fields of a command that can be otherwise, and how.
fn fields(ask: &Ask) -> Vec<(&'static str, Value)> {
    match ask.command {
        "SendConsent" => vec![
            ("deal_size_usd_cents", json!(0)),
            ("deal_size_usd_cents", json!(-1)),
            ("deal_size_usd_cents", json!(999_999)),
            ("deal_size_usd_cents", json!(1_000_000)),
            ("disclaimer_version", json!("d2")),
            ("contacts", contacts("other")),
            ("contacts", nameless()),
        ],
        "UpdateContacts" => {
            vec![("contacts", nameless()), ("contacts/organisation", json!({"name": " ", "country": "JP"}))]
        }
        "CustomerAccepted" | "CustomerDeclined" => {
            vec![
                ("contact_revision", json!(1)),
                ("contact_revision", json!(2)),
                ("contact_revision", json!(99)),
            ]
        }
        "AddComment" => vec![("text", Value::Null)],
        "RequestPartnerAction" | "RejectClaim" => vec![("comment", Value::Null)],
        "SubmitDispute" => vec![("justification", Value::Null)],
        "CompleteCustomerSurvey" | "CompletePartnerSurvey" => {
            vec![("reference", json!(" ")), ("reference", json!("another"))]
        }
        "UploadProof" => vec![("proof/kind", json!("customer_survey")), ("proof/kind", json!("photo"))],
        "RecordPayment" => vec![
            ("reference", json!("")),
            ("paid_cents", json!(0)),
            ("paid_cents", json!(7)),
            ("currency", json!("EUR")),
        ],
        "RecordReferralCreated" | "RecordCoSellUpgraded" => vec![
            ("referral", json!("another")),
            ("effect/number", json!(1)),
            ("effect/kind", json!("ConsentRequested")),
        ],
        "RecordReferralFailed" | "RecordCoSellFailed" | "RecordMailFailed" | "RecordMailBounced" => {
            vec![("error", json!("something else")), ("effect/number", json!(9))]
        }
        "AddCustomer" | "ClaimCustomer" => of_creation(ask),
        _ => vec![],
    }
}

fn of_creation(ask: &Ask) -> Vec<(&'static str, Value)> {
    let conflict = |other: usize| {
        json!({"used": identifier("tpid", 1), "other": identifier("tenant_id", other),
            "other_customer": super::asks::customer_id(2)})
    };
    let mut spoils = vec![
        ("friendly_name", Value::Null),
        ("location", json!("loc-2")),
        ("location", json!("loc-7")),
        ("engagements", json!([])),
        ("engagements", json!(["fixed", "fixed"])),
        ("engagements", json!(["fixed", "nothing", "variable"])),
        ("engagements", json!(["variable", "other"])),
        ("engagements", (0..21).map(|it| json!(format!("e-{it}"))).collect()),
        ("contacts", nameless()),
        ("reviewed_payout_cents", json!(500_000)),
        ("reviewed_payout_cents", json!(1)),
        ("hours", Value::Null),
        ("hours", json!(9)),
        ("hours", json!(200)),
    ];
    if ask.body["found"]["opportunity"].is_object() {
        spoils.extend([
            (
                "found/opportunity",
                json!({"open": false, "of_customer": true, "value": "1", "currency": "USD"}),
            ),
            (
                "found/opportunity",
                json!({"open": true, "of_customer": false, "value": "1", "currency": "USD"}),
            ),
            (
                "found/opportunity",
                json!({"open": true, "of_customer": true, "value": "1", "currency": "EUR"}),
            ),
            (
                "found/opportunity",
                json!({"open": true, "of_customer": true, "value": "99.999999", "currency": "USD"}),
            ),
            ("found/opportunity", json!({"open": true, "of_customer": true})),
        ]);
    }
    match ask.command {
        "AddCustomer" => spoils.extend([
            ("found/email_matches", json!(false)),
            ("mismatch_reason", sealed("a reason")),
            ("found/conflict", conflict(1)),
            ("found/conflict", conflict(2)),
        ]),
        _ => spoils.extend([
            ("msx_opportunity_id", Value::Null),
            ("msx_opportunity_id", identifier("msx_opportunity_id", 1)),
        ]),
    }
    spoils
}
