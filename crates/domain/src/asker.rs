//! Who asks (A-66), and the source that follows from it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ids::{LocationId, NotAnId, PartnerId, ServiceName, UserId};
use crate::spelt;
use crate::text::Label;

/// The service name that intake's own commands carry.
pub const INTAKE: &str = "intake";
/// The service name that the results of effects carry.
pub const EFFECTS: &str = "effects";

/// Who asked for a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Asker {
    /// A person of a partner.
    PartnerUser {
        /// The partner.
        partner: PartnerId,
        /// The person.
        user: UserId,
        /// What the person may do (R-001, A-35).
        roles: BTreeSet<Role>,
        /// Where the person may do it (R-020).
        locations: Locations,
    },
    /// The customer, through a consent or survey link.
    Customer {
        /// What shows that it was the customer (A-47).
        evidence: Evidence,
    },
    /// A reviewer of claims.
    Reviewer {
        /// The person.
        user: UserId,
    },
    /// An operator of the incentive program.
    ProgramOperator {
        /// The person.
        user: UserId,
    },
    /// Another system.
    Service {
        /// Which one; `intake` and `effects` are ours alone.
        name: ServiceName,
    },
}

/// An asker as it is spelt, whose kind need not stand first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpeltAsker {
    kind: Kind,
    #[serde(default, deserialize_with = "present")]
    partner: Option<PartnerId>,
    #[serde(default, deserialize_with = "present")]
    user: Option<UserId>,
    #[serde(default, deserialize_with = "present")]
    roles: Option<BTreeSet<Role>>,
    #[serde(default, deserialize_with = "present")]
    locations: Option<Locations>,
    #[serde(default, deserialize_with = "present")]
    evidence: Option<Evidence>,
    #[serde(default, deserialize_with = "present")]
    name: Option<ServiceName>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    PartnerUser,
    Customer,
    Reviewer,
    ProgramOperator,
    Service,
}

/// What is there is a value: a field that has none is left out.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(source: D) -> Result<Option<T>, D::Error> {
    T::deserialize(source).map(Some)
}

impl<'de> Deserialize<'de> for Asker {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let it = SpeltAsker::deserialize(deserializer)?;
        let missing = <D::Error as de::Error>::missing_field;
        let (person, only_user) =
            (it.kind == Kind::PartnerUser, matches!(it.kind, Kind::Reviewer | Kind::ProgramOperator));
        for (stands, belongs, name) in [
            (it.partner.is_some(), person, "partner"),
            (it.user.is_some(), person || only_user, "user"),
            (it.roles.is_some(), person, "roles"),
            (it.locations.is_some(), person, "locations"),
            (it.evidence.is_some(), it.kind == Kind::Customer, "evidence"),
            (it.name.is_some(), it.kind == Kind::Service, "name"),
        ] {
            if stands && !belongs {
                return Err(de::Error::custom(format_args!(
                    "unknown field `{name}`, an asker of this kind has none"
                )));
            }
        }
        let user = || it.user.ok_or_else(|| missing("user"));
        Ok(match it.kind {
            Kind::PartnerUser => Self::PartnerUser {
                partner: it.partner.ok_or_else(|| missing("partner"))?,
                user: user()?,
                roles: it.roles.ok_or_else(|| missing("roles"))?,
                locations: it.locations.ok_or_else(|| missing("locations"))?,
            },
            Kind::Customer => Self::Customer { evidence: it.evidence.ok_or_else(|| missing("evidence"))? },
            Kind::Reviewer => Self::Reviewer { user: user()? },
            Kind::ProgramOperator => Self::ProgramOperator { user: user()? },
            Kind::Service => Self::Service { name: it.name.ok_or_else(|| missing("name"))? },
        })
    }
}

/// A role of a partner's person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May run every claim command.
    IncentivesUser,
    /// May also enroll locations.
    IncentivesAdmin,
    /// May see the details of referrals (R-081).
    ReferralAdmin,
}

/// The locations that a person's roles cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locations {
    /// Every location of the partner.
    All,
    /// These.
    Only(BTreeSet<LocationId>),
}

impl Locations {
    /// Whether `location` is among them.
    #[must_use]
    pub fn cover(&self, location: &LocationId) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => some.contains(location),
        }
    }
}

impl Serialize for Locations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Only(some) => some.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Locations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpeltLocations)
    }
}

struct SpeltLocations;

impl<'de> Visitor<'de> for SpeltLocations {
    type Value = Locations;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"all\" or a list of location ids")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Locations, E> {
        if text == "all" { Ok(Locations::All) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Locations, A::Error> {
        BTreeSet::deserialize(SeqAccessDeserializer::new(list)).map(Locations::Only)
    }
}

impl JsonSchema for Locations {
    fn schema_name() -> Cow<'static, str> {
        "Locations".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let location = generator.subschema_for::<LocationId>();
        json_schema!({"anyOf": [{"const": "all"}, {"type": "array", "items": location, "uniqueItems": true}]})
    }
}

/// What shows that a customer's answer came from the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// How: `consent_link`, `signed_letter` and the like.
    pub kind: Label,
    /// Which one.
    pub reference: Label,
}

/// Where a command comes from: half of its identity, with its id (A-64).
///
/// It follows from the asker, never from the door, so a retry by another door is the same command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `partner:<partner>`
    Partner(PartnerId),
    /// `service:<name>`
    Service(ServiceName),
    /// `customer`
    Customer,
    /// `reviewer`
    Reviewer,
    /// `program_operator`
    ProgramOperator,
}

impl Asker {
    /// The source of this asker's commands.
    #[must_use]
    pub fn source(&self) -> Source {
        match self {
            Self::PartnerUser { partner, .. } => Source::Partner(partner.clone()),
            Self::Customer { .. } => Source::Customer,
            Self::Reviewer { .. } => Source::Reviewer,
            Self::ProgramOperator { .. } => Source::ProgramOperator,
            Self::Service { name } => Source::Service(name.clone()),
        }
    }

    /// The partner acted for, if the asker is a partner's person.
    #[must_use]
    pub fn partner(&self) -> Option<&PartnerId> {
        match self {
            Self::PartnerUser { partner, .. } => Some(partner),
            Self::Customer { .. }
            | Self::Reviewer { .. }
            | Self::ProgramOperator { .. }
            | Self::Service { .. } => None,
        }
    }

    /// Whether this is our own service of that name.
    #[must_use]
    pub fn is_service(&self, ours: &str) -> bool {
        matches!(self, Self::Service { name } if name.as_str() == ours)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partner(partner) => write!(f, "partner:{partner}"),
            Self::Service(name) => write!(f, "service:{name}"),
            Self::Customer => f.write_str("customer"),
            Self::Reviewer => f.write_str("reviewer"),
            Self::ProgramOperator => f.write_str("program_operator"),
        }
    }
}

impl FromStr for Source {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text.split_once(':') {
            Some(("partner", partner)) => Ok(Self::Partner(partner.parse()?)),
            Some(("service", name)) => Ok(Self::Service(name.parse()?)),
            None if text == "customer" => Ok(Self::Customer),
            None if text == "reviewer" => Ok(Self::Reviewer),
            None if text == "program_operator" => Ok(Self::ProgramOperator),
            _ => {
                Err(NotAnId("a source: partner:<id>, service:<name>, customer, reviewer or program_operator"))
            }
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spelt::text(deserializer)
    }
}

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(partner:[a-z0-9][a-z0-9._-]{0,62}|service:[a-z0-9][a-z0-9._-]{0,62}|customer|reviewer|program_operator)$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::given::{customer, operator, partner, read, reviewer, service};

    #[test] // A-64, CONTRACT §1
    fn the_source_follows_from_the_asker_and_reads_back() {
        for (asker, source) in [
            (partner(), "partner:p-contoso"),
            (service("crm"), "service:crm"),
            (customer(), "customer"),
            (reviewer(), "reviewer"),
            (operator(), "program_operator"),
        ] {
            assert_eq!(asker.source().to_string(), source);
            assert_eq!(source.parse::<Source>().unwrap(), asker.source());
            assert_eq!(read::<Asker>(serde_json::to_value(&asker).unwrap()), asker);
        }
        for bad in ["", "partner:", "partner:A", "operator", "service", "service:a b"] {
            assert!(bad.parse::<Source>().is_err(), "{bad}");
        }
    }

    #[test] // A-66, A-76
    fn an_asker_has_the_fields_of_its_kind_in_any_order_and_no_others() {
        let spelt =
            r#"{"roles":[],"locations":["loc-1"],"user":"u-1","partner":"p-1","kind":"partner_user"}"#;
        let asker: Asker = serde_json::from_str(spelt).unwrap();
        assert_eq!(asker.source().to_string(), "partner:p-1");
        for (bad, why) in [
            (r#"{"user":"u-1"}"#, "missing field `kind`"),
            (r#"{"kind":"reviewer"}"#, "missing field `user`"),
            (r#"{"kind":"partner_user","partner":"p-1","user":"u","roles":[]}"#, "missing field `locations`"),
            (r#"{"kind":"service","name":"crm","user":"u-1"}"#, "unknown field `user`"),
            (r#"{"kind":"service","name":"crm","user":null}"#, "invalid type: null"),
            (r#"{"kind":"service","name":"crm","more":1}"#, "unknown field `more`"),
            (r#"{"kind":"service","kind":"service","name":"crm"}"#, "duplicate field `kind`"),
            (r#"{"kind":"nobody","user":"u-1"}"#, "unknown variant `nobody`"),
        ] {
            let error = serde_json::from_str::<Asker>(bad).unwrap_err().to_string();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test] // R-020, CONTRACT §1
    fn locations_are_all_or_a_list() {
        let all: Locations = read("all".into());
        assert!(all.cover(&"loc-1".parse().unwrap()));
        let some: Locations = read(vec!["loc-1"].into());
        assert!(some.cover(&"loc-1".parse().unwrap()) && !some.cover(&"loc-2".parse().unwrap()));
        let none: Locations = read(serde_json::json!([]));
        assert!(!none.cover(&"loc-1".parse().unwrap()));
        for bad in ["\"some\"", "null", "{}", "[1]"] {
            assert!(serde_json::from_str::<Locations>(bad).is_err(), "{bad}");
        }
    }
}
