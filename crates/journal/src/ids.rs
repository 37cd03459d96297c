//! Which journal, which partition of it, whose hand.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::spelling::{Cursor, Expected, push_integer};

/// One journal: drawn at random when its first lead is written; all its partitions carry it (DESIGN §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct JournalId(pub Uuid);

/// One reign over one partition: drawn at random for every lead (DESIGN §5, "Leaders").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LeaderId(pub Uuid);

impl fmt::Display for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for LeaderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An ordered journal with one writer. In JSON: a number, `"program"` or `"identity"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartitionId {
    /// Customers' decisions, 0 … P − 1 (DESIGN rule 5).
    Number(u16),
    /// The decisions about the catalog (DESIGN §4, "Program").
    Program,
    /// The bindings of identifiers to customers (A-43).
    Identity,
}

/// A text that names no partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a partition: a number below 65536, program or identity")]
pub struct NotAPartition;

impl PartitionId {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Expected> {
        if cursor.accepts("\"program\"") {
            return Ok(Self::Program);
        }
        if cursor.accepts("\"identity\"") {
            return Ok(Self::Identity);
        }
        let fault = (cursor.at(), "a partition");
        cursor.integer().ok().and_then(|it| u16::try_from(it).ok()).map(Self::Number).ok_or(fault)
    }

    pub(crate) fn push_to(self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => push_integer(out, u64::from(number)),
            Self::Program => out.extend_from_slice(b"\"program\""),
            Self::Identity => out.extend_from_slice(b"\"identity\""),
        }
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Program => f.write_str("program"),
            Self::Identity => f.write_str("identity"),
        }
    }
}

impl FromStr for PartitionId {
    type Err = NotAPartition;

    fn from_str(text: &str) -> Result<Self, NotAPartition> {
        match text {
            "program" => return Ok(Self::Program),
            "identity" => return Ok(Self::Identity),
            _ => {}
        }
        let mut cursor = Cursor::new(text.as_bytes());
        match cursor.integer().ok().and_then(|it| u16::try_from(it).ok()) {
            Some(number) if cursor.at_end() => Ok(Self::Number(number)),
            _ => Err(NotAPartition),
        }
    }
}

impl Serialize for PartitionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u16(*number),
            Self::Program | Self::Identity => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for PartitionId {
    /// Besides the forms of a value, reads a number spelt as text, which is how JSON spells it as a key.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = PartitionId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a partition: a number below 65536, \"program\" or \"identity\"")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<PartitionId, E> {
                u16::try_from(value).map(PartitionId::Number).map_err(|_| E::custom(NotAPartition))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<PartitionId, E> {
                value.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for PartitionId {
    fn schema_name() -> Cow<'static, str> {
        "PartitionId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            { "type": "integer", "minimum": 0, "maximum": 65535 },
            { "enum": ["program", "identity"] }
        ]})
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test] // DESIGN §5: partition (0 … P − 1, "program", "identity")
    fn a_partition_is_a_number_or_a_name() {
        for (partition, json) in [
            (PartitionId::Number(0), "0"),
            (PartitionId::Number(4095), "4095"),
            (PartitionId::Program, r#""program""#),
            (PartitionId::Identity, r#""identity""#),
        ] {
            assert_eq!(serde_json::to_string(&partition).unwrap(), json);
            assert_eq!(serde_json::from_str::<PartitionId>(json).unwrap(), partition);
            assert_eq!(partition.to_string().parse::<PartitionId>().unwrap(), partition);
            let mut out = Vec::new();
            partition.push_to(&mut out);
            assert_eq!(out, json.as_bytes());
            assert_eq!(PartitionId::read(&mut Cursor::new(&out)), Ok(partition));
        }
        for bad in ["65536", "-1", "01", "Program", "", "1 "] {
            assert_eq!(bad.parse::<PartitionId>(), Err(NotAPartition), "{bad}");
        }
    }

    #[test] // cursors are maps by partition
    fn a_partition_is_a_key_too() {
        let map = BTreeMap::from([(PartitionId::Number(3), 7), (PartitionId::Program, 9)]);
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(json, r#"{"3":7,"program":9}"#);
        assert_eq!(serde_json::from_str::<BTreeMap<PartitionId, i32>>(&json).unwrap(), map);
    }
}
