//! A cursor: how far something has read, as a vector of positions. Others pass it back unread.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use claim_domain::spelt;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::PartitionId;
use crate::outcome::Position;

/// The greatest sequence seen of each partition; a partition not named was not seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(BTreeMap<PartitionId, u64>);

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor that claimlog gave")]
pub struct NotACursor;

impl Cursor {
    /// The greatest sequence seen of `partition`, 0 for none.
    #[must_use]
    pub fn of(&self, partition: PartitionId) -> u64 {
        self.0.get(&partition).copied().unwrap_or(0)
    }

    /// Moves on to `position`; never back.
    pub fn see(&mut self, position: Position) {
        let seen = self.0.entry(position.partition).or_default();
        *seen = position.sequence.max(*seen);
    }

    /// Whether everything up to `other` was seen.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(partition, sequence)| self.of(*partition) >= *sequence)
    }

    /// Every partition seen, with its greatest sequence.
    pub fn iter(&self) -> impl Iterator<Item = Position> + '_ {
        self.0.iter().map(|(&partition, &sequence)| Position { partition, sequence })
    }
}

/// `c` and, joined by `_`, `<partition>-<sequence>`: safe in addresses and shells.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("c")?;
        self.0.iter().try_for_each(|(partition, sequence)| write!(f, "_{partition}-{sequence}"))
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let mut parts = text.split('_');
        if parts.next() != Some("c") {
            return Err(NotACursor);
        }
        let mut cursor = Self::default();
        for part in parts {
            let (partition, sequence) = part.split_once('-').ok_or(NotACursor)?;
            let partition = partition.parse().map_err(|_| NotACursor)?;
            let sequence = sequence.parse().map_err(|_| NotACursor)?;
            if cursor.0.insert(partition, sequence).is_some() {
                return Err(NotACursor);
            }
        }
        Ok(cursor)
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spelt::text(deserializer)
    }
}

impl JsonSchema for Cursor {
    fn schema_name() -> Cow<'static, str> {
        "Cursor".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "description": "opaque; pass it back as it came"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_only_moves_on() {
        let mut cursor = Cursor::default();
        for (partition, sequence) in
            [(PartitionId::Number(3), 9), (PartitionId::Program, 2), (PartitionId::Number(3), 4)]
        {
            cursor.see(Position { partition, sequence });
        }
        assert_eq!(cursor.of(PartitionId::Number(3)), 9);
        assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
        assert!(cursor.covers(&Cursor::default()) && !Cursor::default().covers(&cursor));
        for bad in ["", "x", "c_", "c_3", "c_3-x", "c_3-1_3-2", "c_nowhere-1"] {
            assert_eq!(bad.parse::<Cursor>(), Err(NotACursor), "{bad}");
        }
    }
}
