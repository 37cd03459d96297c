//! A directory in one file, `directory.json` (CONTRACT §1): read once, strictly, and held in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use async_trait::async_trait;
use claim_domain::identifier::{IdKind, Identifier};
use claim_domain::text::{Currency, Label};
use serde::Deserialize;

use crate::ports::{Directory, DirectoryError, Facts, Opportunity, Tenant};
use crate::strict::{self, Limits, Unreadable};

/// What a file says of domains, tenants, subscriptions, opportunities and facts. It never changes and never fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileDirectory {
    domains: BTreeMap<Identifier, Identifier>,
    tenants: BTreeMap<Identifier, Tenant>,
    subscriptions: BTreeMap<Identifier, Identifier>,
    opportunities: BTreeMap<Identifier, Opportunity>,
    public_domains: BTreeSet<Identifier>,
    facts: BTreeMap<Identifier, Facts>,
}

/// A directory file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryFileError {
    /// The file could not be read.
    #[error("cannot read the directory file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its content is not a directory.
    #[error("the directory file {} is not as it should be", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: Unreadable,
    },
}

impl FileDirectory {
    /// Reads the directory file at `path`.
    ///
    /// # Errors
    /// When the file cannot be read, or [`FileDirectory::parse`] refuses its content.
    pub fn read(path: &Path) -> Result<Self, DirectoryFileError> {
        let bytes =
            fs::read(path).map_err(|source| DirectoryFileError::Io { path: path.to_owned(), source })?;
        Self::parse(&bytes).map_err(|source| DirectoryFileError::Content { path: path.to_owned(), source })
    }

    /// Reads the content of a directory file; a section that is absent is empty.
    ///
    /// # Errors
    /// With the place or path: not JSON, a doubled key, an unknown, missing or wrong field, an identifier that is not
    /// in canonical spelling (A-44), more than 64 facts of one identifier.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        strict::decode::<Written>(strict::read(bytes, &Limits::FILE, 1)?, "$")?.checked()
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Written {
    domains: BTreeMap<String, String>,
    tenants: BTreeMap<String, WrittenTenant>,
    subscriptions: BTreeMap<String, String>,
    opportunities: BTreeMap<String, WrittenOpportunity>,
    public_domains: BTreeSet<String>,
    facts: BTreeMap<String, Facts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTenant {
    #[serde(default)]
    tpid: Option<String>,
    email_domains: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenOpportunity {
    open: bool,
    #[serde(default)]
    tpid: Option<String>,
    #[serde(default)]
    value: Option<Label>,
    #[serde(default)]
    currency: Option<Currency>,
}

impl Written {
    fn checked(self) -> Result<FileDirectory, Unreadable> {
        Ok(FileDirectory {
            domains: tenants_of(IdKind::DomainName, "$.domains", self.domains)?,
            tenants: keyed(IdKind::TenantId, "$.tenants", self.tenants, |path, it| it.checked(path))?,
            subscriptions: tenants_of(IdKind::AzureSubscriptionId, "$.subscriptions", self.subscriptions)?,
            opportunities: keyed(
                IdKind::MsxOpportunityId,
                "$.opportunities",
                self.opportunities,
                |path, it| it.checked(path),
            )?,
            public_domains: domains("$.public_domains", self.public_domains)?,
            facts: facts(self.facts)?,
        })
    }
}

impl WrittenTenant {
    fn checked(self, path: &str) -> Result<Tenant, Unreadable> {
        Ok(Tenant {
            tpid: tpid(path, self.tpid)?,
            email_domains: domains(&format!("{path}.email_domains"), self.email_domains)?,
        })
    }
}

impl WrittenOpportunity {
    fn checked(self, path: &str) -> Result<Opportunity, Unreadable> {
        if let Some(value) = self.value.as_ref().filter(|value| !is_decimal(value.as_str())) {
            let message = format!("{value:?} is not a decimal text such as \"120000.00\"");
            return Err(strict::malformed_at(path, "value", message));
        }
        let Self { open, value, currency, .. } = self;
        Ok(Opportunity { open, tpid: tpid(path, self.tpid)?, value, currency })
    }
}

/// Digits, and a point with 1 to 6 digits behind it or none: money as decimal text (A-54).
fn is_decimal(text: &str) -> bool {
    let digits = |it: &str, most| (1..=most).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, part)) => digits(whole, 15) && digits(part, 6),
        None => digits(text, 15),
    }
}

/// `text` as the identifier it must be, already in canonical spelling; it stands under `key` at `path`.
fn identifier(kind: IdKind, text: &str, path: &str, key: &str) -> Result<Identifier, Unreadable> {
    let wrong =
        |error| strict::malformed_at(path, key, format!("{text:?} is {error}, in canonical spelling"));
    Identifier::new(kind, text).map_err(wrong)
}

fn tpid(path: &str, text: Option<String>) -> Result<Option<Identifier>, Unreadable> {
    text.map(|text| identifier(IdKind::Tpid, &text, path, "tpid")).transpose()
}

fn domains(path: &str, texts: BTreeSet<String>) -> Result<BTreeSet<Identifier>, Unreadable> {
    texts.iter().map(|text| identifier(IdKind::DomainName, text, path, text)).collect()
}

/// A section whose keys are identifiers of one kind; `value` is given the path of what it checks.
fn keyed<W, V>(
    kind: IdKind,
    path: &str,
    section: BTreeMap<String, W>,
    value: impl Fn(&str, W) -> Result<V, Unreadable>,
) -> Result<BTreeMap<Identifier, V>, Unreadable> {
    let entry = |(key, written): (String, W)| {
        Ok((identifier(kind, &key, path, &key)?, value(&format!("{path}[{key:?}]"), written)?))
    };
    section.into_iter().map(entry).collect()
}

fn tenants_of(
    kind: IdKind,
    path: &str,
    section: BTreeMap<String, String>,
) -> Result<BTreeMap<Identifier, Identifier>, Unreadable> {
    let entry = |(key, tenant): (String, String)| {
        Ok((identifier(kind, &key, path, &key)?, identifier(IdKind::TenantId, &tenant, path, &key)?))
    };
    section.into_iter().map(entry).collect()
}

fn facts(section: BTreeMap<String, Facts>) -> Result<BTreeMap<Identifier, Facts>, Unreadable> {
    let entry = |(key, facts): (String, Facts)| {
        let wrong = |error| {
            strict::malformed_at("$.facts", &key, format!("{key:?} is {error}, in canonical spelling"))
        };
        Ok((key.parse().map_err(wrong)?, facts))
    };
    section.into_iter().map(entry).collect()
}

#[async_trait]
impl Directory for FileDirectory {
    async fn tenant_of_domain(&self, domain: &Identifier) -> Result<Option<Identifier>, DirectoryError> {
        Ok(self.domains.get(domain).cloned())
    }

    async fn tenant(&self, tenant: &Identifier) -> Result<Option<Tenant>, DirectoryError> {
        Ok(self.tenants.get(tenant).cloned())
    }

    async fn tenant_of_subscription(
        &self,
        subscription: &Identifier,
    ) -> Result<Option<Identifier>, DirectoryError> {
        Ok(self.subscriptions.get(subscription).cloned())
    }

    async fn opportunity(&self, opportunity: &Identifier) -> Result<Option<Opportunity>, DirectoryError> {
        Ok(self.opportunities.get(opportunity).cloned())
    }

    async fn is_public_domain(&self, domain: &Identifier) -> Result<bool, DirectoryError> {
        Ok(self.public_domains.contains(domain))
    }

    async fn facts(&self, identifier: &Identifier) -> Result<Option<Facts>, DirectoryError> {
        Ok(self.facts.get(identifier).cloned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::strict::At;

    const TENANT: &str = "0a1b2c3d-0000-4000-8000-00000000000f";
    const SUBSCRIPTION: &str = "0a1b2c3d-0000-4000-8000-0000000000aa";

    fn sample() -> Value {
        json!({
            "domains": {"fabrikam.example": TENANT},
            "tenants": {TENANT: {"tpid": "1234567", "email_domains": ["fabrikam.example", "mail.fabrikam.example"]}},
            "subscriptions": {SUBSCRIPTION: TENANT},
            "opportunities": {
                "7-ABC123": {"open": true, "tpid": "1234567", "value": "120000.50", "currency": "USD"},
                "7-LOST": {"open": false}
            },
            "public_domains": ["mail.example"],
            "facts": {
                (format!("tenant_id={TENANT}")): {
                    "values": {"csp": true, "seats": 250, "segment": "smc", "since": "2024-04-01", "regions": ["jp", "us"]},
                    "observed_at": "2026-01-05T08:00:00Z"
                },
                "tpid=1234567": {"values": {}}
            }
        })
    }

    fn parse(written: &Value) -> Result<FileDirectory, Unreadable> {
        FileDirectory::parse(written.to_string().as_bytes())
    }

    fn id(text: &str) -> Identifier {
        text.parse().unwrap()
    }

    #[tokio::test] // A-43, A-44, A-61
    async fn every_section_answers_and_what_is_not_there_is_unknown() {
        let directory = parse(&sample()).unwrap();
        let tenant = id(&format!("tenant_id={TENANT}"));
        let unknown = id("domain_name=unknown.example");

        assert_eq!(
            directory.tenant_of_domain(&id("domain_name=fabrikam.example")).await,
            Ok(Some(tenant.clone()))
        );
        assert_eq!(directory.tenant_of_domain(&id("domain_name=mail.fabrikam.example")).await, Ok(None));
        let found = directory.tenant(&tenant).await.unwrap().unwrap();
        assert_eq!(found.tpid, Some(id("tpid=1234567")));
        assert!(found.email_domains.contains(&id("domain_name=mail.fabrikam.example")));
        assert_eq!(directory.tenant(&unknown).await, Ok(None));
        let subscription = id(&format!("azure_subscription_id={SUBSCRIPTION}"));
        assert_eq!(directory.tenant_of_subscription(&subscription).await, Ok(Some(tenant.clone())));
        let open = directory.opportunity(&id("msx_opportunity_id=7-ABC123")).await.unwrap().unwrap();
        assert_eq!(
            (open.open, open.value.unwrap().as_str(), open.currency.unwrap().as_str()),
            (true, "120000.50", "USD")
        );
        let lost = directory.opportunity(&id("msx_opportunity_id=7-LOST")).await.unwrap().unwrap();
        assert_eq!(lost, Opportunity { open: false, tpid: None, value: None, currency: None });
        assert_eq!(directory.opportunity(&id("msx_opportunity_id=7-NONE")).await, Ok(None));
        assert_eq!(directory.is_public_domain(&id("domain_name=mail.example")).await, Ok(true));
        assert_eq!(directory.is_public_domain(&unknown).await, Ok(false));
        let facts = directory.facts(&tenant).await.unwrap().unwrap();
        assert_eq!(facts.values.iter().count(), 5);
        assert_eq!(facts.observed_at.unwrap().to_string(), "2026-01-05T08:00:00.000Z");
        assert_eq!(directory.facts(&unknown).await, Ok(None));
        assert_eq!(directory.facts(&id("tpid=1234567")).await.unwrap().unwrap().observed_at, None);
    }

    #[test] // A-44
    fn what_is_not_as_it_should_be_is_named_with_its_path() {
        for (pointer, wrong, path) in [
            ("/domains", json!({"Fabrikam.example": TENANT}), "$.domains[\"Fabrikam.example\"]"),
            ("/domains/fabrikam.example", json!(TENANT.to_uppercase()), "$.domains[\"fabrikam.example\"]"),
            ("/subscriptions", json!({"x": TENANT}), "$.subscriptions.x"),
            ("/tenants", json!({"0123": {"email_domains": []}}), "$.tenants.0123"),
            ("/opportunities", json!({"7-abc": {"open": true}}), "$.opportunities[\"7-abc\"]"),
            ("/opportunities/7-LOST/colour", json!(1), "$.opportunities[\"7-LOST\"].colour"),
            ("/opportunities/7-LOST/value", json!("12,5"), "$.opportunities[\"7-LOST\"].value"),
            ("/opportunities/7-LOST/tpid", json!("012"), "$.opportunities[\"7-LOST\"].tpid"),
            ("/public_domains", json!(["Mail.example"]), "$.public_domains[\"Mail.example\"]"),
            ("/facts", json!({"tpid=012": {"values": {}}}), "$.facts[\"tpid=012\"]"),
            ("/facts", json!({"tpid=12": {}}), "$.facts[\"tpid=12\"]"),
            ("/facts", json!({"tpid=12": {"values": {"a": 1.5}}}), "$.facts[\"tpid=12\"].values.a"),
            ("/facts", json!({"tpid=12": {"values": {"a": null}}}), "$.facts[\"tpid=12\"].values.a"),
            ("/colours", json!({}), "$.colours"),
        ] {
            let mut written = sample();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            written.pointer_mut(parent).unwrap()[key] = wrong;
            let found = parse(&written).unwrap_err();
            assert_eq!(found.at, At::Path(path.to_owned()), "{found}");
        }
        let too_many: serde_json::Map<_, _> = (0..65).map(|n| (format!("f{n}"), json!(n))).collect();
        let found = parse(&json!({"facts": {"tpid=12": {"values": too_many}}})).unwrap_err();
        assert_eq!(found.at, At::Path("$.facts[\"tpid=12\"].values".to_owned()), "{found}");
        let doubled = br#"{"public_domains":[],"public_domains":[]}"#;
        assert_eq!(FileDirectory::parse(doubled).unwrap_err().at, At::Path("$.public_domains".to_owned()));
    }

    #[test]
    fn an_empty_object_is_an_empty_directory_and_a_missing_file_says_its_name() {
        assert_eq!(parse(&json!({})).unwrap(), FileDirectory::default());
        let missing = FileDirectory::read(Path::new("no-such-directory.json")).unwrap_err();
        assert!(missing.to_string().contains("no-such-directory.json"));
    }

    #[test] // A-54
    fn a_value_is_decimal_text() {
        for good in ["0", "120000", "120000.00", "0.5", "1.2345"] {
            assert!(is_decimal(good), "{good}");
        }
        for bad in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,000", "1.2.3", "1.2345678", "１", "1234567890123456"]
        {
            assert!(!is_decimal(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_mutation_of_a_directory_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = sample().to_string().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            drop(FileDirectory::parse(&bytes));
        }
    }
}
