//! SHA-256 digests and their one spelling: 64 lower-case hex digits.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use claim_domain::spelt;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::ids::JournalId;
use crate::spelling::{Cursor, push_hex};

/// A text that is not 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a digest of 64 lower-case hex digits")]
pub struct NotADigest;

macro_rules! thirty_two_bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            pub(crate) fn push_to(self, out: &mut Vec<u8>) {
                push_hex(out, &self.0);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = Vec::with_capacity(64);
                self.push_to(&mut text);
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotADigest;

            fn from_str(text: &str) -> Result<Self, NotADigest> {
                let mut cursor = Cursor::new(text.as_bytes());
                match cursor.hex32() {
                    Ok(bytes) if cursor.at_end() => Ok(Self(bytes)),
                    _ => Err(NotADigest),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                spelt::text(deserializer)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })
            }
        }
    };
}

thirty_two_bytes!(
    /// A SHA-256 digest of some bytes.
    Digest
);
thirty_two_bytes!(
    /// The head of a chain: it commits to every valid record up to one of them (DESIGN §5).
    ///
    /// Each step hashes *characters*, so that a shell can follow: the first head is SHA-256 of the journal id's 36
    /// characters, the next is SHA-256 of the 64 hex characters of the head before, followed by the envelope's bytes,
    /// braces included. In a shell: `{ printf %s "$head"; jq -cj .envelope <<<"$line"; } | sha256sum`.
    Head
);

impl Digest {
    /// The SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl Head {
    /// h₀: the head of a journal's partition before its first record.
    #[must_use]
    pub fn first(journal: JournalId) -> Self {
        Self(Sha256::digest(journal.to_string().as_bytes()).into())
    }

    /// h′: the head after a valid record with this envelope, given as its exact bytes.
    #[must_use]
    pub fn after(self, envelope: &[u8]) -> Self {
        let mut characters = Vec::with_capacity(64);
        self.push_to(&mut characters);
        let mut hash = Sha256::new();
        hash.update(&characters);
        hash.update(envelope);
        Self(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // DESIGN §5; the figures are those of `printf … | sha256sum`
    fn a_shell_computes_the_same_heads() {
        let journal = JournalId(uuid::Uuid::from_u128(1));
        let first = Head::first(journal);
        assert_eq!(first.to_string(), "7ac1b8d7010bb6cd3a3e84e7f90136b880bbc899e428ece49333372911ab9052");
        let text = format!("{first}{{}}");
        assert_eq!(first.after(b"{}").0, Digest::of(text.as_bytes()).0);
    }

    #[test]
    fn only_lower_case_hex_reads() {
        let head = Head([0xab; 32]);
        assert_eq!(head.to_string().parse::<Head>(), Ok(head));
        assert_eq!("AB".repeat(32).parse::<Head>(), Err(NotADigest));
        assert_eq!("ab".repeat(31).parse::<Head>(), Err(NotADigest));
        assert_eq!("ab".repeat(33).parse::<Head>(), Err(NotADigest));
    }
}
