//! The five ways to nominate a customer, in canonical spelling.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::NotAnId;

/// A kind of customer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdKind {
    /// A domain name.
    DomainName,
    /// A Microsoft Entra tenant.
    TenantId,
    /// A Top Parent ID.
    Tpid,
    /// An Azure subscription.
    AzureSubscriptionId,
    /// A Microsoft Sales Experience opportunity.
    MsxOpportunityId,
}

impl IdKind {
    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DomainName => "domain_name",
            Self::TenantId => "tenant_id",
            Self::Tpid => "tpid",
            Self::AzureSubscriptionId => "azure_subscription_id",
            Self::MsxOpportunityId => "msx_opportunity_id",
        }
    }
}

impl FromStr for IdKind {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        [Self::DomainName, Self::TenantId, Self::Tpid, Self::AzureSubscriptionId, Self::MsxOpportunityId]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(NotAnId("a kind of identifier: domain_name, tenant_id, tpid, azure_subscription_id, msx_opportunity_id"))
    }
}

impl fmt::Display for IdKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One identifier of a customer in canonical spelling; any other spelling does not read.
///
/// Domain: lower case ASCII labels, no trailing dot · tenant and subscription: lower-case GUID · TPID: digits
/// without a leading zero · opportunity: upper case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Spelt", into = "Spelt")]
#[schemars(with = "Spelt")]
pub struct Identifier {
    kind: IdKind,
    value: Arc<str>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Identifier")]
struct Spelt {
    id_type: IdKind,
    #[schemars(length(min = 1, max = 253))]
    value: Arc<str>,
}

impl TryFrom<Spelt> for Identifier {
    type Error = NotAnId;

    fn try_from(it: Spelt) -> Result<Self, NotAnId> {
        Self::new(it.id_type, &it.value)
    }
}

impl From<Identifier> for Spelt {
    fn from(it: Identifier) -> Self {
        Self { id_type: it.kind, value: it.value }
    }
}

impl Identifier {
    /// The identifier of this kind and canonical value.
    ///
    /// # Errors
    /// When `value` is not canonical for its kind.
    pub fn new(kind: IdKind, value: &str) -> Result<Self, NotAnId> {
        let canonical = match kind {
            IdKind::DomainName => is_domain(value),
            IdKind::TenantId | IdKind::AzureSubscriptionId => is_guid(value),
            IdKind::Tpid => is_tpid(value),
            IdKind::MsxOpportunityId => is_opportunity(value),
        };
        if canonical {
            Ok(Self { kind, value: value.into() })
        } else {
            Err(NotAnId(match kind {
                IdKind::DomainName => "a domain name such as fabrikam.example",
                IdKind::TenantId => "a tenant id: a GUID",
                IdKind::AzureSubscriptionId => "a subscription id: a GUID",
                IdKind::Tpid => "a TPID: 1 to 18 digits without a leading zero",
                IdKind::MsxOpportunityId => "an opportunity id: 1 to 64 letters, digits and hyphens",
            }))
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> IdKind {
        self.kind
    }

    /// Its canonical value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// `<id_type>=<value>`, the key in directories, bindings and derived ids.
impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.kind, self.value)
    }
}

impl FromStr for Identifier {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (kind, value) = text.split_once('=').ok_or(NotAnId("an identifier: <kind>=<value>"))?;
        Self::new(kind.parse()?, value)
    }
}

fn is_domain(value: &str) -> bool {
    let label = |it: &str| {
        (1..=63).contains(&it.len())
            && it.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !it.starts_with('-')
            && !it.ends_with('-')
    };
    value.len() <= 253 && value.contains('.') && value.split('.').all(label)
}

fn is_guid(value: &str) -> bool {
    value.len() == 36 && Uuid::parse_str(value).is_ok() && !value.bytes().any(|b| b.is_ascii_uppercase())
}

fn is_tpid(value: &str) -> bool {
    (1..=18).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit()) && !value.starts_with('0')
}

fn is_opportunity(value: &str) -> bool {
    (1..=64).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
        && !value.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_reads() {
        for good in [
            "domain_name=fabrikam.example",
            "tenant_id=0a1b2c3d-0000-4000-8000-00000000000f",
            "tpid=1234567",
            "msx_opportunity_id=7-ABC123XYZ",
        ] {
            assert_eq!(good.parse::<Identifier>().unwrap().to_string(), good);
        }
        for bad in [
            "domain_name=Fabrikam.example",
            "domain_name=fabrikam.example.",
            "domain_name=localhost",
            "domain_name=a..b",
            "tenant_id=0A1B2C3D-0000-4000-8000-00000000000F",
            "tpid=0123",
            "tpid=",
            "msx_opportunity_id=7-abc",
            "colour=red",
        ] {
            assert!(bad.parse::<Identifier>().is_err(), "{bad}");
        }
    }
}
