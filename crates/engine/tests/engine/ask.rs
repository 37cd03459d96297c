//! Routed commands, as intake forwards them.

use claim_domain::asker::Asker;
use claim_domain::command::Command;
use claim_domain::ids::{ClaimId, CommandId, CustomerId};
use claim_domain::time::Instant;
use claim_journal::{Correlation, Digest, ProgramPosition, Route, Routed};
use serde_json::{Value, json};
use uuid::Uuid;

/// One day in milliseconds; consent is due after one day here.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// A time, in milliseconds after the first.
pub(crate) fn at(ms: i64) -> Instant {
    Instant::from_ms(1_767_225_600_000 + ms)
}

/// A customer; each number is another one.
pub(crate) fn customer(number: u128) -> CustomerId {
    CustomerId(Uuid::from_u128(number << 64 | 0x4000_8000_0000_0000_0000))
}

fn routed(number: u128, route: Route, asker: Value, kind: &str, body: &Value) -> Routed {
    let asker: Asker = serde_json::from_value(asker).unwrap();
    let text = format!("{{\"type\":\"{kind}\",\"version\":1,\"body\":{body}}}");
    let command: Command = serde_json::from_str(&text).unwrap();
    Routed {
        route,
        source: asker.source(),
        id: CommandId(Uuid::from_u128(number)),
        asker,
        digest: Digest::of(format!("{kind} {body}").as_bytes()),
        received_at: at(0),
        imported: false,
        correlation: Correlation::default(),
        binding: None,
        program: ProgramPosition { sequence: 0, head: None },
        command,
    }
}

fn user() -> Value {
    json!({"kind": "partner_user", "partner": "p-contoso", "user": "u-1", "roles": ["incentives_admin"], "locations": "all"})
}

fn sealed() -> Value {
    json!({"person": "9f73babc-0cc0-48a8-a39c-4927feda10c3", "key": "553aa815-f5a1-4106-b2ab-ed8c8383051d",
        "alg": "xchacha20poly1305", "nonce": "zxg+7u/TUP0zdhbeirM9QMhIm/wVUIDY",
        "bytes": "MRKh+WUuQw9kD90gyX0uGgLS8XiLHoauGbvkG4xJ6+u+VjDO1Wc+7yG6KJNCW5N5"})
}

/// Publishes the engagement and enrolls the location; numbers 1 and 2.
pub(crate) fn program() -> [Routed; 2] {
    let operator = || json!({"kind": "program_operator", "user": "op-1"});
    let terms = json!({"name": "Quick scan", "pay": "fixed", "type": "assessment", "activity": "partner_activity",
        "solution_area": "security", "id_kinds": ["domain_name"], "limit": 3, "scope": "customer",
        "days": {"consent": 1, "submit": 60, "review": 90, "dispute": 30, "dispute_review": 30},
        "reminders": {"interval_hours": 24, "max": 5},
        "disclaimer": {"version": "d1", "texts": {"en": "A disclaimer."}},
        "proof": [], "payout": {"fixed_cents": 500_000, "currency": "USD"}, "locations": "all_enrolled"});
    let publish = json!({"engagement": "quick-scan", "terms": terms});
    let enroll = json!({"partner": "p-contoso", "location": "loc-1"});
    [
        routed(1, Route::Program, operator(), "PublishEngagement", &publish),
        routed(2, Route::Program, operator(), "EnrollLocation", &enroll),
    ]
}

/// Adds a customer.
pub(crate) fn add(number: u128, customer: CustomerId) -> Routed {
    let body = json!({"engagements": ["quick-scan"], "friendly_name": sealed(), "location": "loc-1",
        "customer": {"id_type": "domain_name", "value": format!("c{number}.example")},
        "contacts": {"customer": sealed(), "partner": sealed(), "organisation": {"name": "Customer", "country": "JP"}},
        "found": {}});
    routed(number, Route::Customer(customer), user(), "AddCustomer", &body)
}

/// Comments on a claim.
pub(crate) fn comment(number: u128, claim: ClaimId) -> Routed {
    routed(number, Route::Claim(claim), user(), "AddComment", &json!({"claim": claim, "text": sealed()}))
}

/// Cancels a claim.
pub(crate) fn cancel(number: u128, claim: ClaimId) -> Routed {
    routed(number, Route::Claim(claim), user(), "CancelClaim", &json!({"claim": claim}))
}

/// The same command, received at this time.
pub(crate) fn received(mut it: Routed, ms: i64) -> Routed {
    it.received_at = at(ms);
    it
}
