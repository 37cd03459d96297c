//! `directory.json`: what the file-backed directory answers (CONTRACT §1).
//!
//! It knows every customer's domain, tenant and subscription, the opportunities that stories ask for, and facts of
//! exactly the identifiers that stories nominate.

use std::collections::BTreeMap;

use crate::sample::customer::{Customer, Nomination, Source};
use crate::sample::json::{Json, object};

/// A mail domain that belongs to no organisation.
pub(crate) const PUBLIC_DOMAIN: &str = "freemail.example";

/// What the directory knows.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    domains: BTreeMap<String, Json>,
    tenants: BTreeMap<String, Json>,
    subscriptions: BTreeMap<String, Json>,
    opportunities: BTreeMap<String, Json>,
    facts: BTreeMap<String, Json>,
}

/// An opportunity in MSX.
pub(crate) struct Opportunity<'a> {
    pub(crate) id: String,
    pub(crate) open: bool,
    pub(crate) customer: &'a Customer,
    /// Cents of `currency`; none: MSX holds no value.
    pub(crate) value_cents: Option<i64>,
    pub(crate) currency: &'static str,
}

impl Directory {
    /// The directory that knows these customers, but no facts yet.
    pub(crate) fn of(customers: &[Customer]) -> Self {
        let mut it = Self::default();
        for customer in customers {
            it.domains.insert(customer.domain.clone(), Json::from(&customer.tenant));
            let tenant = object! {}
                .with_some("tpid", customer.tpid.as_ref())
                .with("email_domains", vec![customer.domain.as_str()]);
            it.tenants.insert(customer.tenant.clone(), tenant);
            it.subscriptions.insert(customer.subscription.clone(), Json::from(&customer.tenant));
        }
        it
    }

    /// From now on the directory answers what it knows of the nominated identifier.
    pub(crate) fn learn(&mut self, customer: &Customer, nomination: &Nomination) {
        if customer.source != Source::Directory && nomination.id_type != "msx_opportunity_id" {
            return;
        }
        if customer.source == Source::Nobody {
            return;
        }
        // Some observations carry their own time, the others count as made when asked.
        let observed_at = customer.number.is_multiple_of(3).then_some("2025-12-31T00:00:00.000Z");
        let known = object! { "values": customer.facts.json() }.with_some("observed_at", observed_at);
        self.facts.insert(nomination.facts_key.clone(), known);
    }

    /// Adds an opportunity.
    pub(crate) fn open(&mut self, it: &Opportunity<'_>) {
        let value = it.value_cents.map(|cents| format!("{}.{:02}", cents / 100, cents % 100));
        let currency = value.as_ref().map(|_| it.currency);
        let known = object! { "open": it.open }
            .with_some("tpid", it.customer.tpid.as_ref())
            .with_some("value", value)
            .with_some("currency", currency);
        self.opportunities.insert(it.id.clone(), known);
    }

    /// The whole file: one entry a line.
    pub(crate) fn text(&self) -> String {
        let parts = [
            ("domains", &self.domains),
            ("tenants", &self.tenants),
            ("subscriptions", &self.subscriptions),
            ("opportunities", &self.opportunities),
            ("facts", &self.facts),
        ];
        let mut text = format!("{{\n\"public_domains\": {}", Json::from(vec![PUBLIC_DOMAIN]));
        for (name, entries) in parts {
            let lines: Vec<String> =
                entries.iter().map(|(key, it)| format!("  {}: {it}", Json::from(key))).collect();
            text.push_str(&format!(",\n\"{name}\": {{\n{}\n}}", lines.join(",\n")));
        }
        text.push_str("\n}\n");
        text
    }
}
