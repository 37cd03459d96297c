//! Customers: invented organisations, the identifiers they go by and what is known about them.

use uuid::Uuid;

use crate::sample::json::{Json, object};
use crate::sample::people::{self, Person};
use crate::sample::rng::Rng;

/// The namespace of every id that this sample derives from a name.
const NAMESPACE: Uuid = Uuid::from_u128(0x5a3b_7c19_2d4e_5f60_8172_93a4_b5c6_d7e8);

/// The UUID that belongs to this name, the same on every run.
pub(crate) fn uuid(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// Where facts about a customer come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The directory, asked when the customer is nominated.
    Directory,
    /// An upstream service, which records them before the customer is nominated.
    Upstream,
    /// Nobody knows anything.
    Nobody,
}

/// What is known about a customer; criteria of engagements ask for these names.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) seats: i64,
    pub(crate) region: &'static str,
    pub(crate) managed: bool,
    pub(crate) workloads: Vec<&'static str>,
    pub(crate) since: String,
}

impl Facts {
    /// The `values` of an observation.
    pub(crate) fn json(&self) -> Json {
        object! {
            "seats": self.seats, "region": self.region, "managed": self.managed,
            "workloads": self.workloads.clone(), "customer_since": &self.since,
        }
    }
}

/// One customer.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) number: usize,
    pub(crate) organisation: String,
    pub(crate) domain: String,
    /// The domain as its owners spell it, which intake has to make canonical.
    pub(crate) spelt_domain: String,
    pub(crate) tenant: String,
    pub(crate) tpid: Option<String>,
    pub(crate) subscription: String,
    pub(crate) country: &'static str,
    pub(crate) person: Person,
    pub(crate) source: Source,
    pub(crate) facts: Facts,
}

impl Customer {
    /// Customer `number`, below [`people::ORGANISATIONS`].
    pub(crate) fn numbered(number: usize) -> Self {
        let mut rng = Rng::named(&format!("customer {number}"));
        let organisation = people::organisation(number);
        let slug = organisation.to_lowercase().replace(' ', "-");
        // One name outside ASCII: its canonical spelling is punycode.
        let (organisation, domain, spelt_domain) = match number {
            7 => ("Bücher Amber".to_owned(), "xn--bcher-kva.example".to_owned(), "bücher.example".to_owned()),
            _ if number % 10 == 3 => {
                (organisation, format!("{slug}.example"), format!("{}.example.", slug.to_uppercase()))
            }
            _ if number % 10 == 6 => {
                (organisation, format!("{slug}.example.com"), format!("{slug}.example.com"))
            }
            _ => (organisation, format!("{slug}.example"), format!("{slug}.example")),
        };
        let source = match rng.between(1, 100) {
            1..=68 => Source::Directory,
            69..=92 => Source::Upstream,
            _ => Source::Nobody,
        };
        let mut workloads: Vec<&'static str> = ["ai", "data", "security", "sql", "virtual-machines"]
            .into_iter()
            .filter(|_| rng.chance(45))
            .collect();
        workloads.sort_unstable();
        let facts = Facts {
            seats: [12, 30, 60, 90, 120, 250, 600, 1_500, 4_000][rng.between(0, 8).unsigned_abs() as usize],
            region: rng.text(&["apac", "emea", "latam", "na"]),
            managed: rng.chance(55),
            workloads,
            since: format!("20{}-{:02}-01", rng.between(11, 25), rng.between(1, 12)),
        };
        let country = match facts.region {
            "apac" => rng.text(&["JP", "SG", "AU"]),
            "emea" => rng.text(&["DE", "FR", "GB"]),
            "latam" => rng.text(&["BR", "MX"]),
            _ => rng.text(&["US", "CA"]),
        };
        Self {
            number,
            tenant: uuid(&format!("tenant {number}")).to_string(),
            tpid: (number % 9 != 4).then(|| format!("{}", 7_100_000 + number * 13)),
            subscription: uuid(&format!("subscription {number}")).to_string(),
            person: Person::drawn(&format!("person of customer {number}"), &domain),
            organisation,
            domain,
            spelt_domain,
            country,
            source,
            facts,
        }
    }
}

/// An identifier by which a customer is nominated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Nomination {
    pub(crate) id_type: &'static str,
    /// The value as the asker spells it.
    pub(crate) value: String,
    /// The identifier whose facts count, as the directory names it; a domain's are those of its tenant.
    pub(crate) facts_key: String,
}

impl Nomination {
    /// How `customer` is nominated by this kind of identifier; none if it has none.
    pub(crate) fn of(customer: &Customer, id_type: &'static str) -> Option<Self> {
        let tenant_key = format!("tenant_id={}", customer.tenant);
        let (value, facts_key) = match id_type {
            "domain_name" => (customer.spelt_domain.clone(), tenant_key),
            "tenant_id" if customer.number.is_multiple_of(5) => (customer.tenant.to_uppercase(), tenant_key),
            "tenant_id" => (customer.tenant.clone(), tenant_key),
            "tpid" => (customer.tpid.clone()?, format!("tpid={}", customer.tpid.clone()?)),
            "azure_subscription_id" => {
                (customer.subscription.clone(), format!("azure_subscription_id={}", customer.subscription))
            }
            _ => return None,
        };
        Some(Self { id_type, value, facts_key })
    }

    /// The nomination by an MSX opportunity.
    pub(crate) fn opportunity(id: &str) -> Self {
        Self {
            id_type: "msx_opportunity_id",
            value: id.to_owned(),
            facts_key: format!("msx_opportunity_id={}", id.to_uppercase()),
        }
    }

    /// `{id_type, value}`.
    pub(crate) fn json(&self) -> Json {
        object! { "id_type": self.id_type, "value": &self.value }
    }
}
