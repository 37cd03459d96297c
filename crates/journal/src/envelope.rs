//! The envelope: all that is judged before anything else. Its layout never changes (DESIGN §5).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Head};
use crate::ids::{JournalId, LeaderId, PartitionId};
use crate::spelling::{Cursor, Expected, push_integer, push_uuid};

/// The format that this release reads and writes: 1, since the shapes are frozen. An envelope of another halts every reader.
///
/// From here on no shape that was released is changed in place (`tests/golden`); bodies, events and commands have versions of
/// their own, so this number stays while the envelope does.
pub const FORMAT: u64 = 1;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A writer takes over a partition: it opens an epoch.
    Lead,
    /// The answer to one command, or to one deadline.
    Decision,
    /// The first sight of an identifier: it names a customer from then on.
    Binding,
}

impl Kind {
    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Decision => "decision",
            Self::Binding => "binding",
        }
    }

    /// The newest body version that this release reads and writes; it reads all from 1 on.
    #[must_use]
    pub fn newest_body_version(self) -> u64 {
        match self {
            Self::Lead | Self::Decision | Self::Binding => 1,
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Expected> {
        if cursor.accepts("\"decision\"") {
            Ok(Self::Decision)
        } else if cursor.accepts("\"lead\"") {
            Ok(Self::Lead)
        } else if cursor.accepts("\"binding\"") {
            Ok(Self::Binding)
        } else {
            Err((cursor.at(), "a kind: lead, decision or binding"))
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The envelope of one record, its fields in the order of the log. All integers are below 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The record format; see [`FORMAT`].
    pub format: u64,
    /// The journal that the record belongs to.
    pub journal: JournalId,
    /// What the record is.
    pub kind: Kind,
    /// The partition that the record belongs to.
    pub partition: PartitionId,
    /// The reign it was written in, from 1.
    pub epoch: u64,
    /// Whose reign that is.
    pub leader: LeaderId,
    /// The place in the partition, gapless from 1. A lead has none and says 0.
    pub sequence: u64,
    /// The head that this record extends. A lead extends whatever precedes it and says null.
    pub previous: Option<Head>,
    /// The highest sequence that the writer knew to be valid and durable.
    pub proved: u64,
    /// The version of the body's shape, from 1, counted for each kind.
    pub body_version: u64,
    /// The length of the body in bytes.
    pub body_length: u64,
    /// The SHA-256 of the body's bytes.
    pub body_sha256: Digest,
}

/// The most bytes that an envelope can be spelt in, with some to spare.
pub(crate) const ENVELOPE_CAPACITY: usize = 640;

impl Envelope {
    /// Appends the canonical bytes, braces included.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"format\":");
        push_integer(out, self.format);
        out.extend_from_slice(b",\"journal\":\"");
        push_uuid(out, &self.journal.0);
        out.extend_from_slice(b"\",\"kind\":\"");
        out.extend_from_slice(self.kind.as_str().as_bytes());
        out.extend_from_slice(b"\",\"partition\":");
        self.partition.push_to(out);
        out.extend_from_slice(b",\"epoch\":");
        push_integer(out, self.epoch);
        out.extend_from_slice(b",\"leader\":\"");
        push_uuid(out, &self.leader.0);
        out.extend_from_slice(b"\",\"sequence\":");
        push_integer(out, self.sequence);
        out.extend_from_slice(b",\"previous\":");
        match self.previous {
            None => out.extend_from_slice(b"null"),
            Some(head) => {
                out.push(b'"');
                head.push_to(out);
                out.push(b'"');
            }
        }
        out.extend_from_slice(b",\"proved\":");
        push_integer(out, self.proved);
        out.extend_from_slice(b",\"body_version\":");
        push_integer(out, self.body_version);
        out.extend_from_slice(b",\"body_length\":");
        push_integer(out, self.body_length);
        out.extend_from_slice(b",\"body_sha256\":\"");
        self.body_sha256.push_to(out);
        out.extend_from_slice(b"\"}");
    }

    /// Reads canonical bytes, and only those.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Expected> {
        let (format, journal, kind, partition) = Self::read_address(cursor)?;
        cursor.literal(",\"epoch\":")?;
        let fault = (cursor.at(), "an epoch, from 1");
        let epoch = cursor.integer()?;
        if epoch == 0 {
            return Err(fault);
        }
        cursor.literal(",\"leader\":\"")?;
        let leader = LeaderId(cursor.uuid()?);
        cursor.literal("\",\"sequence\":")?;
        let fault = (cursor.at(), "sequence 0 and no previous head in a lead, both in every other record");
        let sequence = cursor.integer()?;
        cursor.literal(",\"previous\":")?;
        let previous = if cursor.accepts("null") {
            None
        } else {
            cursor.literal("\"")?;
            let head = Head(cursor.hex32()?);
            cursor.literal("\"")?;
            Some(head)
        };
        let lead = kind == Kind::Lead;
        if (sequence == 0) != lead || previous.is_none() != lead {
            return Err(fault);
        }
        cursor.literal(",\"proved\":")?;
        let proved = cursor.integer()?;
        cursor.literal(",\"body_version\":")?;
        let body_version = cursor.integer()?;
        cursor.literal(",\"body_length\":")?;
        let body_length = cursor.integer()?;
        cursor.literal(",\"body_sha256\":\"")?;
        let body_sha256 = Digest(cursor.hex32()?);
        cursor.literal("\"}")?;
        Ok(Self {
            format,
            journal,
            kind,
            partition,
            epoch,
            leader,
            sequence,
            previous,
            proved,
            body_version,
            body_length,
            body_sha256,
        })
    }

    /// Reads the first fields, up to the partition.
    pub(crate) fn read_address(
        cursor: &mut Cursor<'_>,
    ) -> Result<(u64, JournalId, Kind, PartitionId), Expected> {
        cursor.literal("{\"format\":")?;
        let format = cursor.integer()?;
        cursor.literal(",\"journal\":\"")?;
        let journal = JournalId(cursor.uuid()?);
        cursor.literal("\",\"kind\":")?;
        let kind = Kind::read(cursor)?;
        cursor.literal(",\"partition\":")?;
        Ok((format, journal, kind, PartitionId::read(cursor)?))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    pub(crate) fn sample(kind: Kind) -> Envelope {
        let lead = kind == Kind::Lead;
        Envelope {
            format: FORMAT,
            journal: JournalId(Uuid::from_u128(1)),
            kind,
            partition: PartitionId::Number(3),
            epoch: 2,
            leader: LeaderId(Uuid::from_u128(0xabc)),
            sequence: if lead { 0 } else { 17 },
            previous: if lead { None } else { Some(Head([9; 32])) },
            proved: 16,
            body_version: 1,
            body_length: 2,
            body_sha256: Digest::of(b"{}"),
        }
    }

    fn spelt(envelope: &Envelope) -> String {
        let mut out = Vec::new();
        envelope.write_to(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test] // the schema is generated from the type, the bytes are written by hand
    fn the_written_bytes_are_the_types_json() {
        for kind in [Kind::Lead, Kind::Decision, Kind::Binding] {
            for partition in [PartitionId::Number(65535), PartitionId::Program, PartitionId::Identity] {
                let envelope = Envelope { partition, ..sample(kind) };
                let text = spelt(&envelope);
                assert_eq!(text, serde_json::to_string(&envelope).unwrap());
                assert!(text.len() <= ENVELOPE_CAPACITY);
                let mut cursor = Cursor::new(text.as_bytes());
                assert_eq!(Envelope::read(&mut cursor), Ok(envelope));
                assert!(cursor.at_end());
            }
        }
    }

    #[test] // DESIGN §5: another spelling is unreadable
    fn other_spellings_do_not_read() {
        let good = spelt(&sample(Kind::Decision));
        for (from, to) in [
            ("\"format\":1", "\"format\": 1"),
            ("\"format\":1", "\"format\":01"),
            ("\"kind\":\"decision\"", "\"kind\":\"Decision\""),
            ("\"kind\":\"decision\"", "\"kind\":\"lead\""),
            ("\"epoch\":2", "\"epoch\":0"),
            ("\"sequence\":17", "\"sequence\":0"),
            ("\"sequence\":17", "\"sequence\":17.0"),
            ("\"proved\":16", "\"proved\":9007199254740992"),
            ("abc\"", "ABC\""),
            ("0909", "090G"),
            (",\"epoch\":2", ""),
        ] {
            assert!(good.contains(from), "{from}");
            let bad = good.replacen(from, to, 1);
            assert!(Envelope::read(&mut Cursor::new(bad.as_bytes())).is_err(), "{bad}");
        }
    }
}
