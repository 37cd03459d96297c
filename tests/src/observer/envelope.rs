//! The envelope of a record: read as any JSON, then spelt again and compared, since it has one spelling only.

use std::fmt;

use serde_json::{Map, Value};

/// A partition of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// One of the numbered ones, which hold customers.
    Number(u16),
    /// The program's.
    Program,
    /// That of identifiers.
    Identity,
}

impl Partition {
    /// The partition that a JSON value names.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value.as_str() {
            Some("program") => Some(Self::Program),
            Some("identity") => Some(Self::Identity),
            Some(_) => None,
            None => u16::try_from(value.as_u64()?).ok().map(Self::Number),
        }
    }

    fn spelt(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Program | Self::Identity => format!("\"{self}\""),
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Program => f.write_str("program"),
            Self::Identity => f.write_str("identity"),
        }
    }
}

/// The kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A writer takes over.
    Lead,
    /// A command or a deadline is answered.
    Decision,
    /// An identifier is seen first.
    Binding,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        match name {
            "lead" => Some(Self::Lead),
            "decision" => Some(Self::Decision),
            "binding" => Some(Self::Binding),
            _ => None,
        }
    }

    fn spelt(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Decision => "decision",
            Self::Binding => "binding",
        }
    }
}

/// What an envelope says, its fields in the order of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The format of the record.
    pub format: u64,
    /// The journal's UUID.
    pub journal: String,
    /// The kind.
    pub kind: Kind,
    /// The partition.
    pub partition: Partition,
    /// The epoch, from 1.
    pub epoch: u64,
    /// The leader's UUID.
    pub leader: String,
    /// The sequence, from 1; 0 in a lead.
    pub sequence: u64,
    /// The head that it extends, in hex; none in a lead.
    pub previous: Option<String>,
    /// The highest sequence that its writer knew to be valid and durable.
    pub proved: u64,
    /// The version of the body's shape.
    pub body_version: u64,
    /// The length of the body in bytes.
    pub body_length: u64,
    /// The SHA-256 of the body, in hex.
    pub body_sha256: String,
}

impl Envelope {
    /// Reads the text of an envelope; none when it is none, or spelt in another way than the one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
        let number = |name: &str| fields.get(name)?.as_u64().filter(|it| *it < 1 << 53);
        let text_of = |name: &str| fields.get(name)?.as_str().map(str::to_owned);
        let previous = match fields.get("previous")? {
            Value::Null => None,
            other => Some(other.as_str().filter(|it| is_hex(it, 64))?.to_owned()),
        };
        let it = Self {
            format: number("format")?,
            journal: text_of("journal").filter(|it| is_uuid(it))?,
            kind: Kind::of(fields.get("kind")?.as_str()?)?,
            partition: Partition::of(fields.get("partition")?)?,
            epoch: number("epoch").filter(|it| *it > 0)?,
            leader: text_of("leader").filter(|it| is_uuid(it))?,
            sequence: number("sequence")?,
            previous,
            proved: number("proved")?,
            body_version: number("body_version")?,
            body_length: number("body_length")?,
            body_sha256: text_of("body_sha256").filter(|it| is_hex(it, 64))?,
        };
        let lead = it.kind == Kind::Lead;
        let consistent = lead == (it.sequence == 0) && lead == it.previous.is_none();
        (consistent && it.spelt() == text).then_some(it)
    }

    /// The one spelling.
    #[must_use]
    pub fn spelt(&self) -> String {
        let previous = self.previous.as_ref().map_or_else(|| "null".to_owned(), |it| format!("\"{it}\""));
        format!(
            "{{\"format\":{},\"journal\":\"{}\",\"kind\":\"{}\",\"partition\":{},\"epoch\":{},\"leader\":\"{}\",\
             \"sequence\":{},\"previous\":{previous},\"proved\":{},\"body_version\":{},\"body_length\":{},\
             \"body_sha256\":\"{}\"}}",
            self.format,
            self.journal,
            self.kind.spelt(),
            self.partition.spelt(),
            self.epoch,
            self.leader,
            self.sequence,
            self.proved,
            self.body_version,
            self.body_length,
            self.body_sha256,
        )
    }
}

/// Whether a text is so many lower-case hex digits.
fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a text is a UUID in lower case with its hyphens.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 5 && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, digits)| is_hex(group, digits))
}
