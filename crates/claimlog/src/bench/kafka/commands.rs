//! The load as it stands in an inbox, and the outside world that it needs.

use serde_json::{Value, json};
use uuid::Uuid;

/// How many customers take each step together.
const ABREAST: u32 = 128;
/// How many commands each customer gets.
pub(super) const STEPS: u32 = 7;

fn domain(n: u32) -> String {
    format!("c{n}.example")
}

/// Outside systems that know so many customers, as the file-backed directory has them.
pub(super) fn directory(customers: u32) -> String {
    let mut domains = serde_json::Map::new();
    let mut tenants = serde_json::Map::new();
    for n in 0..customers {
        let tenant = Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(n)).to_string();
        domains.insert(domain(n), tenant.clone().into());
        tenants.insert(tenant, json!({"email_domains": [domain(n)]}));
    }
    json!({"domains": domains, "tenants": tenants}).to_string()
}

fn command(number: u128, kind: &str, asker: &Value, body: &Value) -> Vec<u8> {
    let id = Uuid::from_u128(number);
    json!({"id": id, "type": kind, "version": 1, "asker": asker, "body": body}).to_string().into_bytes()
}

/// The program: an engagement and a location.
pub(super) fn program() -> Vec<Vec<u8>> {
    let operator = json!({"kind": "program_operator", "user": "u-operator"});
    let terms = json!({
        "name": "Bench scan", "pay": "fixed", "type": "assessment", "activity": "partner_activity",
        "solution_area": "security", "id_kinds": ["domain_name"], "limit": 1,
        "days": {"consent": 30, "submit": 60, "review": 90, "dispute": 30, "dispute_review": 30},
        "reminders": {"interval_hours": 24, "max": 5}, "disclaimer": {"version": "1", "texts": {"en": "Bench."}},
        "proof": [], "payout": {"fixed_cents": 500_000, "currency": "USD"}
    });
    vec![
        command(1, "PublishEngagement", &operator, &json!({"engagement": "bench-scan", "terms": terms})),
        command(2, "EnrollLocation", &operator, &json!({"partner": "p-bench", "location": "loc-1"})),
    ]
}

/// Commands about customers `from..to`, with the inbox partition of each: those of one customer share one, in order.
pub(super) fn claims(from: u32, to: u32, partitions: u16) -> Vec<(u32, Vec<u8>)> {
    let mut all = Vec::new();
    for first in (from..to).step_by(ABREAST as usize) {
        for step in 0..STEPS {
            for n in first..(first + ABREAST).min(to) {
                all.push((n % u32::from(partitions), one(n, step)));
            }
        }
    }
    all
}

/// One claim for each customer, and nothing more: all of them stay open.
pub(super) fn open_claims(customers: u32, partitions: u16) -> Vec<(u32, Vec<u8>)> {
    (0..customers).map(|n| (n % u32::from(partitions), one(n, 0))).collect()
}

/// The customer that a command of the load is about, by its id.
pub(super) fn customer_of(id: &str) -> Option<u32> {
    u32::try_from(Uuid::parse_str(id).ok()?.as_u128().checked_sub(10)? / 10).ok()
}

/// A comment about a customer's claim beside its load; `nth` tells it from others.
pub(super) fn comment(n: u32, nth: u32, partitions: u16) -> (u32, Vec<u8>) {
    let id = (u128::from(nth) << 64) + u128::from(n);
    let body = json!({"claim": claim(n), "text": format!("Comment {nth} about this customer.")});
    (n % u32::from(partitions), command(id, "AddComment", &partner(), &body))
}

fn number(n: u32, step: u32) -> u128 {
    10 + u128::from(n) * 10 + u128::from(step)
}

fn claim(n: u32) -> String {
    format!("@{}/bench-scan", Uuid::from_u128(number(n, 0)))
}

fn partner() -> Value {
    json!({
        "kind": "partner_user", "partner": "p-bench", "user": "u-1", "roles": ["incentives_user"], "locations": "all"
    })
}

/// Added, asked for consent, accepted; then comments.
fn one(n: u32, step: u32) -> Vec<u8> {
    let (partner, claim) = (partner(), claim(n));
    let (kind, body) = match step {
        0 => {
            let contacts = json!({
                "customer": {"first_name": "Ada", "last_name": "Sample", "email": format!("ada@{}", domain(n))},
                "partner": {"first_name": "Bo", "last_name": "Sample", "email": "bo@contoso.example"},
                "organisation": {"name": "Fabrikam Example", "country": "JP"}
            });
            let body = json!({
                "engagements": ["bench-scan"], "friendly_name": "A scan", "location": "loc-1", "contacts": contacts,
                "customer": {"id_type": "domain_name", "value": domain(n)}
            });
            ("AddCustomer", body)
        }
        1 => {
            let body = json!({"claim": claim, "deal_size_usd_cents": 5_000_000, "disclaimer_version": "1"});
            ("SendConsent", body)
        }
        2 => {
            let asker =
                json!({"kind": "customer", "evidence": {"kind": "consent_link", "reference": "bench"}});
            let body = json!({"claim": claim, "contact_revision": 1});
            return command(number(n, step), "CustomerAccepted", &asker, &body);
        }
        _ => ("AddComment", json!({"claim": claim, "text": format!("Comment {step} about this customer.")})),
    };
    command(number(n, step), kind, &partner, &body)
}
