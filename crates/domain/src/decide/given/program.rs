//! The standard program of every history, and those who ask.
//!
//! Engagements: `fixed` (fixed pay), `other` (another of the kind), `variable` (variable pay), `referring` (fixed pay,
//! with a referral and co-sell for everyone). Partner `p-contoso` has the locations `loc-1` and `loc-2`, `p-litware`
//! has `loc-9`. The five day counts differ, so that no deadline can stand in for another.

use serde_json::{Value, json};

use super::{Ask, read};
use crate::asker::Asker;
use crate::command::CommandType;

/// Days of the standard terms.
pub(crate) const CONSENT_DAYS: u32 = 30;
/// Days of the standard terms.
pub(crate) const SUBMIT_DAYS: u32 = 60;
/// Days of the standard terms.
pub(crate) const REVIEW_DAYS: u32 = 90;
/// Days of the standard terms.
pub(crate) const DISPUTE_DAYS: u32 = 31;
/// Days of the standard terms.
pub(crate) const DISPUTE_REVIEW_DAYS: u32 = 32;

/// The steps that make the standard program.
pub(super) fn standard_program() -> Vec<Ask> {
    vec![
        publish("fixed", fixed_terms()),
        publish("other", fixed_terms()),
        publish("variable", variable_terms()),
        publish("referring", fixed_terms()).with("terms/referral", anyone()).with("terms/cosell", anyone()),
        enroll("p-contoso", "loc-1"),
        enroll("p-contoso", "loc-2"),
        enroll("p-litware", "loc-9"),
    ]
}

/// Criteria that everyone meets.
pub(crate) fn anyone() -> Value {
    json!({"all": []})
}

/// The condition that the fact `segment` is known to be `smc`.
pub(crate) fn is_smc() -> Value {
    json!({"fact": "segment", "op": "eq", "value": "smc"})
}

/// Fixed pay: USD 5,000, at most three claims, proof of execution needed.
pub(crate) fn fixed_terms() -> Value {
    json!({
        "name": "Azure assessment",
        "pay": "fixed",
        "type": "assessment",
        "activity": "partner_activity",
        "solution_area": "infrastructure",
        "id_kinds": ["domain_name", "tenant_id", "tpid", "azure_subscription_id"],
        "limit": 3,
        "days": {
            "consent": CONSENT_DAYS,
            "submit": SUBMIT_DAYS,
            "review": REVIEW_DAYS,
            "dispute": DISPUTE_DAYS,
            "dispute_review": DISPUTE_REVIEW_DAYS,
        },
        "reminders": {"interval_hours": 24, "max": 2},
        "disclaimer": {"version": "d1", "texts": {"en": "We ask for consent."}},
        "proof": ["poe_document"],
        "payout": {"fixed_cents": 500_000, "currency": "USD"},
    })
}

/// Variable pay: 1 to 200 hours at USD 100, at most USD 15,000 and 10 % of the opportunity.
pub(crate) fn variable_terms() -> Value {
    let mut terms = fixed_terms();
    terms["pay"] = json!("variable");
    terms["type"] = json!("large");
    terms["id_kinds"] = json!(["msx_opportunity_id"]);
    terms["hours"] = json!({"min": 1, "max": 200});
    terms["payout"] =
        json!({"rate_cents": 10_000, "cap_cents": 1_500_000, "share_percent": 10, "currency": "USD"});
    terms
}

/// The operator publishes these terms.
pub(crate) fn publish(engagement: &str, terms: Value) -> Ask {
    let body = json!({"engagement": engagement, "terms": terms});
    Ask::new(CommandType::PublishEngagement, operator(), body)
}

/// The operator retires this engagement.
pub(crate) fn retire(engagement: &str) -> Ask {
    Ask::new(CommandType::RetireEngagement, operator(), json!({"engagement": engagement}))
}

/// The operator enrolls this location.
pub(crate) fn enroll(partner: &str, location: &str) -> Ask {
    let body = json!({"partner": partner, "location": location});
    Ask::new(CommandType::EnrollLocation, operator(), body)
}

/// The operator suspends this location.
pub(crate) fn suspend(partner: &str, location: &str) -> Ask {
    let body = json!({"partner": partner, "location": location});
    Ask::new(CommandType::SuspendLocation, operator(), body)
}

/// The operator records whether `loc-1` of `p-contoso` may take part in this engagement.
pub(crate) fn record_eligibility(engagement: &str, eligible: bool) -> Ask {
    let body =
        json!({"partner": "p-contoso", "location": "loc-1", "engagement": engagement, "eligible": eligible});
    Ask::new(CommandType::RecordPartnerEligibility, operator(), body)
}

/// A person of `p-contoso` with the roles given, for all locations.
pub(crate) fn user_of(partner: &str, roles: &[&str]) -> Asker {
    read(
        json!({"kind": "partner_user", "partner": partner, "user": "u-1", "roles": roles, "locations": "all"}),
    )
}

/// An incentives user of `p-contoso`.
pub(crate) fn partner() -> Asker {
    user_of("p-contoso", &["incentives_user"])
}

/// An incentives user of another partner.
pub(crate) fn other_partner() -> Asker {
    user_of("p-litware", &["incentives_user"])
}

/// A person of `p-contoso` whose role covers `loc-2` only.
pub(crate) fn partner_elsewhere() -> Asker {
    read(json!({"kind": "partner_user", "partner": "p-contoso", "user": "u-2", "roles": ["incentives_user"],
        "locations": ["loc-2"]}))
}

/// A person of `p-contoso` who may only see referrals.
pub(crate) fn referral_admin() -> Asker {
    user_of("p-contoso", &["referral_admin"])
}

/// The customer, through a consent link.
pub(crate) fn customer() -> Asker {
    read(json!({"kind": "customer", "evidence": {"kind": "consent_link", "reference": "token-1"}}))
}

/// A reviewer.
pub(crate) fn reviewer() -> Asker {
    read(json!({"kind": "reviewer", "user": "r-1"}))
}

/// The operator of the program.
pub(crate) fn operator() -> Asker {
    read(json!({"kind": "program_operator", "user": "o-1"}))
}

/// A service.
pub(crate) fn service(name: &str) -> Asker {
    read(json!({"kind": "service", "name": name}))
}
