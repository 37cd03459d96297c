//! The program of a story, and how it changes.

use serde_json::{Value, json};

use super::asks::{Ask, operator, pick_owned};

/// Engagements: `fixed` and `other` (fixed pay), `variable` (variable pay), `referring` (with policies), `picky` (with
/// criteria, and eligible locations by record). `p-contoso` has `loc-1` and `loc-2`, `p-litware` has `loc-9`.
pub(super) fn standard() -> Vec<Ask> {
    vec![
        publish("fixed", fixed()),
        publish("other", with(fixed(), "days", days([20, 50, 70, 25, 21]))),
        publish("variable", variable()),
        publish("referring", referring()),
        publish("picky", picky()),
        enroll("p-contoso", "loc-1"),
        enroll("p-contoso", "loc-2"),
        enroll("p-litware", "loc-9"),
        eligible("p-contoso", "loc-1", true),
        eligible("p-litware", "loc-9", true),
    ]
}

/// One of the changes of the program; some change nothing, some are against the rules.
pub(super) fn change(number: usize) -> Option<Ask> {
    pick_owned(
        vec![
            publish("fixed", fixed()),
            publish("fixed", with(fixed(), "limit", json!(1))),
            publish("fixed", with(fixed(), "days", days([10, 15, 40, 12, 9]))),
            publish(
                "fixed",
                with(fixed(), "disclaimer", json!({"version": "d2", "texts": {"en": "Newer."}})),
            ),
            publish("fixed", with(fixed(), "limit", json!(0))),
            publish("other", with(with(fixed(), "scope", json!("partner_customer")), "limit", json!(1))),
            publish("other", with(fixed(), "proof", json!(["customer_survey", "partner_survey"]))),
            publish("other", with(fixed(), "days", days([10, 15, 0, 12, 9]))),
            publish("other", with(fixed(), "activity", json!("something_else"))),
            publish("variable", variable()),
            publish("variable", with(variable(), "payout", json!({"rate_cents": 333, "currency": "EUR"}))),
            publish("variable", with(variable(), "pay", json!("fixed"))),
            publish("referring", referring()),
            publish(
                "referring",
                with(referring(), "cosell", json!({"fact": "segment", "op": "eq", "value": "smc"})),
            ),
            publish("picky", picky()),
            Ask::new("RetireEngagement", operator(), json!({"engagement": "other"})),
            Ask::new("RetireEngagement", operator(), json!({"engagement": "variable"})),
            Ask::new("RetireEngagement", operator(), json!({"engagement": "nothing"})),
            enroll("p-contoso", "loc-1"),
            enroll("p-contoso", "loc-2"),
            Ask::new(
                "EnrollLocation",
                operator(),
                json!({"partner": "p-contoso", "location": "loc-2", "until": "2026-03-01T00:00:00.000Z"}),
            ),
            suspend("loc-2"),
            suspend("loc-7"),
            eligible("p-contoso", "loc-1", true),
            eligible("p-contoso", "loc-2", true),
            eligible("p-litware", "loc-9", false),
        ],
        number,
    )
}

fn publish(engagement: &str, terms: Value) -> Ask {
    Ask::new("PublishEngagement", operator(), json!({"engagement": engagement, "terms": terms}))
}

fn enroll(partner: &str, location: &str) -> Ask {
    Ask::new("EnrollLocation", operator(), json!({"partner": partner, "location": location}))
}

fn suspend(location: &str) -> Ask {
    Ask::new("SuspendLocation", operator(), json!({"partner": "p-contoso", "location": location}))
}

fn eligible(partner: &str, location: &str, eligible: bool) -> Ask {
    let body = json!({"partner": partner, "location": location, "engagement": "picky", "eligible": eligible});
    Ask::new("RecordPartnerEligibility", operator(), body)
}

fn with(mut terms: Value, name: &str, value: Value) -> Value {
    terms[name] = value;
    terms
}

fn days([consent, submit, review, dispute, dispute_review]: [u32; 5]) -> Value {
    json!({"consent": consent, "submit": submit, "review": review, "dispute": dispute,
        "dispute_review": dispute_review})
}

fn fixed() -> Value {
    json!({
        "name": "Assessment", "pay": "fixed", "type": "assessment", "activity": "partner_activity",
        "solution_area": "infrastructure",
        "id_kinds": ["domain_name", "tenant_id", "tpid"],
        "limit": 3,
        "days": days([30, 60, 90, 31, 32]),
        "reminders": {"interval_hours": 24, "max": 2},
        "disclaimer": {"version": "d1", "texts": {"en": "We ask for consent."}},
        "proof": ["poe_document"],
        "payout": {"fixed_cents": 500_000, "currency": "USD"},
    })
}

fn variable() -> Value {
    let mut terms = with(fixed(), "pay", json!("variable"));
    terms["id_kinds"] = json!(["msx_opportunity_id"]);
    terms["hours"] = json!({"min": 10, "max": 200});
    terms["payout"] =
        json!({"rate_cents": 10_000, "cap_cents": 1_500_000, "share_percent": 7, "currency": "USD"});
    terms
}

/// A referral for large deals or one segment, co-sell for that segment and where none is known.
fn referring() -> Value {
    let smc = json!({"fact": "segment", "op": "eq", "value": "smc"});
    let large = json!({"fact": "deal_size_usd_cents", "op": "ge", "value": 1_000_000});
    let unknown = json!({"not": {"fact": "segment", "op": "exists"}});
    with(with(fixed(), "referral", json!({"any": [large, smc]})), "cosell", json!({"any": [smc, unknown]}))
}

fn picky() -> Value {
    let criteria = json!({"all": [
        {"fact": "segment", "op": "in", "value": ["corp", "smc"]},
        {"not": {"fact": "seats", "op": "le", "value": 10}},
    ]});
    with(
        with(with(fixed(), "criteria", criteria), "locations", json!("recorded")),
        "id_kinds",
        json!(["tenant_id", "tpid"]),
    )
}
