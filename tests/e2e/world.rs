//! A small world of its own: two partners, one engagement, any number of customers, and the commands about them.

use std::fmt::Write;

use serde_json::{Value, json};

/// The engagement that every customer may be added to.
pub(crate) const SCAN: &str = "quick-scan";
/// The time of the first command of recorded input.
const BEGIN_MS: i64 = 1_704_067_200_000; // 2024-01-01T00:00:00.000Z
/// How many customers the directory knows.
pub(crate) const CUSTOMERS: u64 = 2_000;

/// The directory of this world.
pub(crate) fn directory() -> Value {
    let mut domains = serde_json::Map::new();
    let mut tenants = serde_json::Map::new();
    for n in 0..CUSTOMERS {
        domains.insert(domain(n), tenant(n).into());
        tenants.insert(tenant(n), json!({"email_domains": [domain(n)]}));
    }
    json!({"domains": domains, "tenants": tenants})
}

/// The domain of a customer.
pub(crate) fn domain(customer: u64) -> String {
    format!("c{customer}.example")
}

fn tenant(customer: u64) -> String {
    format!("00000000-0000-4000-8000-{customer:012x}")
}

/// An id; each number is another one.
pub(crate) fn id(number: u64) -> String {
    format!("01900000-0000-7000-9000-{number:012x}")
}

/// A time this many milliseconds after the first, as it is written.
pub(crate) fn at(ms: i64) -> String {
    // Days since 1970 to a date, by the civil calendar.
    let (days, rest) = ((BEGIN_MS + ms).div_euclid(86_400_000), (BEGIN_MS + ms).rem_euclid(86_400_000));
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let (day, month) =
        (day_of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (hour, minute, second, ms) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// One day in milliseconds.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// Who asks.
pub(crate) fn user(partner: &str) -> Value {
    json!({"kind": "partner_user", "partner": partner, "user": "u-1", "roles": ["incentives_admin"], "locations": "all"})
}

/// The program operator.
pub(crate) fn operator() -> Value {
    json!({"kind": "program_operator", "user": "op-1"})
}

/// A customer who answers.
pub(crate) fn customer() -> Value {
    json!({"kind": "customer", "evidence": {"kind": "consent_link", "reference": "r-1"}})
}

/// A command without a time.
pub(crate) fn command(number: u64, kind: &str, asker: Value, body: Value) -> Value {
    json!({"id": id(number), "type": kind, "version": 1, "asker": asker, "body": body})
}

/// The terms of the engagement, with this many days for consent.
pub(crate) fn terms(consent_days: u64) -> Value {
    json!({"name": "Quick scan", "pay": "fixed", "type": "assessment", "activity": "partner_activity",
        "solution_area": "security", "id_kinds": ["domain_name", "tenant_id"], "limit": 3,
        "days": {"consent": consent_days, "submit": 60, "review": 90, "dispute": 30, "dispute_review": 30},
        "reminders": {"interval_hours": 24, "max": 5},
        "disclaimer": {"version": "d1", "texts": {"en": "A disclaimer."}},
        "proof": [], "payout": {"fixed_cents": 500_000, "currency": "USD"}})
}

/// The program: one engagement, a location of each of two partners.
pub(crate) fn program(consent_days: u64) -> Vec<Value> {
    vec![
        command(
            1,
            "PublishEngagement",
            operator(),
            json!({"engagement": SCAN, "terms": terms(consent_days)}),
        ),
        command(2, "EnrollLocation", operator(), json!({"partner": "p-contoso", "location": "loc-1"})),
        command(3, "EnrollLocation", operator(), json!({"partner": "p-adatum", "location": "loc-2"})),
    ]
}

/// Contacts of a customer.
pub(crate) fn contacts(customer: u64) -> Value {
    json!({"customer": {"first_name": "Ada", "last_name": "Sample", "email": format!("ada@{}", domain(customer))},
        "partner": {"first_name": "Bo", "last_name": "Sample", "email": "bo@contoso.example"},
        "organisation": {"name": format!("Customer {customer}"), "country": "JP"}})
}

/// Adds a customer for p-contoso.
pub(crate) fn add(number: u64, customer: u64) -> Value {
    let body = json!({"engagements": [SCAN], "friendly_name": "A scan", "location": "loc-1",
        "customer": {"id_type": "domain_name", "value": domain(customer)}, "contacts": contacts(customer)});
    command(number, "AddCustomer", user("p-contoso"), body)
}

/// The claim that the AddCustomer of this number creates.
pub(crate) fn claim(number: u64) -> String {
    format!("@{}/{SCAN}", id(number))
}

/// Asks the customer of a claim for consent.
pub(crate) fn send_consent(number: u64, claim: &str) -> Value {
    let body = json!({"claim": claim, "deal_size_usd_cents": 1_000_000, "disclaimer_version": "d1"});
    command(number, "SendConsent", user("p-contoso"), body)
}

/// The customer of a claim agrees.
pub(crate) fn accept(number: u64, claim: &str) -> Value {
    command(number, "CustomerAccepted", customer(), json!({"claim": claim, "contact_revision": 1}))
}

/// Comments on a claim.
pub(crate) fn comment(number: u64, claim: &str) -> Value {
    command(number, "AddComment", user("p-contoso"), json!({"claim": claim, "text": "A comment."}))
}

/// The same command, received this many milliseconds after the first.
pub(crate) fn received(mut command: Value, ms: i64) -> Value {
    command["received_at"] = at(ms).into();
    command
}

/// Commands as lines.
pub(crate) fn lines<'a>(commands: impl IntoIterator<Item = &'a Value>) -> String {
    commands.into_iter().fold(String::new(), |mut text, it| {
        writeln!(text, "{it}").unwrap();
        text
    })
}

#[test]
fn times_are_written_as_the_calendar_has_them() {
    assert_eq!(at(0), "2024-01-01T00:00:00.000Z");
    assert_eq!(at(58 * DAY_MS + 3_723_004), "2024-02-28T01:02:03.004Z");
    assert_eq!(at(59 * DAY_MS - 1), "2024-02-28T23:59:59.999Z");
    assert_eq!(at(60 * DAY_MS - 1), "2024-02-29T23:59:59.999Z");
}
