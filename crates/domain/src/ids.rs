//! Names of things: typed, canonical, and derived rather than drawn (DESIGN §5).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::identifier::Identifier;
use crate::spelt;

/// The namespace of every UUIDv5 that claimlog derives.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x6f0e_7a52_3c1d_5b8e_9d44_c1a1_3106_0001);

/// How many slots customers are hashed into (DESIGN rule 5); a journal's settings repeat it.
pub const SLOTS: u16 = 4096;

/// A text that is not the id it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct NotAnId(pub &'static str);

macro_rules! via_str {
    ($name:ident, $it:ident => $text:expr, $schema:expr) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $it = self;
                serializer.serialize_str($text)
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
                $schema
            }
        }
    };
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if is_slug(text) { Ok(Self(text.into())) } else { Err(NotAnId($what)) }
            }
        }

        via_str!($name, it => it.as_str(), json_schema!({
            "type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$"
        }));
    };
}

/// DESIGN §5: `[a-z0-9][a-z0-9._-]{0,62}`.
fn is_slug(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    matches!(text.as_bytes(), [first, rest @ ..]
        if plain(*first) && rest.len() <= 62 && rest.iter().all(|&b| plain(b) || matches!(b, b'.' | b'_' | b'-')))
}

slug!(
    /// A partner (tenant) of the incentive program.
    PartnerId, "a partner id: [a-z0-9][a-z0-9._-]{0,62}"
);
slug!(
    /// An engagement that partners claim incentives for.
    EngagementId, "an engagement id: [a-z0-9][a-z0-9._-]{0,62}"
);
slug!(
    /// A partner location of the Microsoft AI Cloud Partner Program.
    LocationId, "a location id: [a-z0-9][a-z0-9._-]{0,62}"
);
slug!(
    /// An upstream service that sends commands.
    ServiceName, "a service name: [a-z0-9][a-z0-9._-]{0,62}"
);

/// A person who acts for a partner, as reviewer or as operator: 1 to 128 printable ASCII characters without spaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UserId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.into()))
        } else {
            Err(NotAnId("a user id: 1 to 128 printable ASCII characters without spaces"))
        }
    }
}

via_str!(UserId, it => it.as_str(), json_schema!({"type": "string", "pattern": "^[!-~]{1,128}$"}));

/// The id that an asker gave a command; the answer to it never changes (DESIGN rule 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A slot: the hash of a customer, which decides its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
    /// The slot numbered `n`, taken modulo [`SLOTS`].
    #[must_use]
    pub fn new(n: u16) -> Self {
        Self(n % SLOTS)
    }

    /// 0 … 4095.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }
}

/// A customer: UUIDv5 of its strongest identifier when it was bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CustomerId(pub Uuid);

impl CustomerId {
    /// The customer first bound under `strongest`.
    #[must_use]
    pub fn of(strongest: &Identifier) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, strongest.to_string().as_bytes()))
    }

    /// The slot of this customer: the first 4 bytes, big endian, of SHA-256 over its 36 characters, mod 4096.
    #[must_use]
    pub fn slot(self) -> Slot {
        let hash = Sha256::digest(self.to_string().as_bytes());
        let head = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        Slot((head % u32::from(SLOTS)) as u16)
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A claim: `c`, its slot as 3 hex digits, `-`, 20 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId {
    slot: u16,
    tail: [u8; 10],
}

impl ClaimId {
    /// An id that no claim has: it stands where a reference is not resolved yet.
    pub const NIL: Self = Self { slot: 0, tail: [0; 10] };

    /// The claim that the command (`source`, `command`) creates for `customer` on `engagement` (DESIGN §5).
    #[must_use]
    pub fn derive(customer: CustomerId, source: &str, command: CommandId, engagement: &EngagementId) -> Self {
        let hash = Sha256::digest(format!("{customer}/{source}/{command}/{engagement}").as_bytes());
        let mut tail = [0; 10];
        tail.copy_from_slice(&hash[..10]);
        Self { slot: customer.slot().0, tail }
    }

    /// The slot that this id carries.
    #[must_use]
    pub fn slot(self) -> Slot {
        Slot(self.slot)
    }

    /// Its text, put together without the formatter's machinery: every record spells it several times.
    fn spelt(self) -> [u8; 25] {
        let mut text = *b"c000-00000000000000000000";
        for (place, shift) in text[1..4].iter_mut().zip([8, 4, 0]) {
            *place = HEX[usize::from((self.slot >> shift) & 15)];
        }
        for (places, byte) in text[5..].chunks_exact_mut(2).zip(self.tail) {
            places.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        text
    }
}

/// The digits of lower-case hex.
const HEX: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for ClaimId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.spelt()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for ClaimId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ClaimId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        const WHAT: NotAnId = NotAnId("a claim id: c, 3 hex digits, -, 20 hex digits, in lower case");
        let text: &[u8; 25] = text.as_bytes().try_into().map_err(|_| WHAT)?;
        if text[0] != b'c' || text[4] != b'-' {
            return Err(WHAT);
        }
        let nibble = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(WHAT),
        };
        let slot = text[1..4].iter().try_fold(0, |sum, it| Ok((sum << 4) | u16::from(nibble(*it)?)))?;
        let mut tail = [0; 10];
        for (byte, digits) in tail.iter_mut().zip(text[5..].chunks_exact(2)) {
            *byte = (nibble(digits[0])? << 4) | nibble(digits[1])?;
        }
        Ok(Self { slot, tail })
    }
}

via_str!(
    ClaimId,
    it => std::str::from_utf8(&it.spelt()).unwrap_or_default(),
    json_schema!({"type": "string", "pattern": "^c[0-9a-f]{3}-[0-9a-f]{20}$"})
);

/// An effect: UUIDv5 of claim, kind and number (DESIGN §5); its key outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EffectId(pub Uuid);

impl EffectId {
    /// The effect that the `number`-th event (from 0) of type `kind` of this claim intends.
    #[must_use]
    pub fn derive(claim: ClaimId, kind: &str, number: u32) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, format!("{claim}/{kind}/{number}").as_bytes()))
    }

    /// The id of the command that reports the outcome of the `attempt`-th try: UUIDv5(effect id `/` attempt).
    #[must_use]
    pub fn result(self, attempt: u32) -> CommandId {
        CommandId(Uuid::new_v5(&NAMESPACE, format!("{self}/{attempt}").as_bytes()))
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // DESIGN §5
    fn a_claim_id_carries_its_customers_slot_and_reads_back() {
        let customer = CustomerId(Uuid::from_u128(7));
        let engagement: EngagementId = "azure-assessment-2026".parse().unwrap();
        let claim =
            ClaimId::derive(customer, "partner:p-contoso", CommandId(Uuid::from_u128(1)), &engagement);
        assert_eq!(claim.slot(), customer.slot());
        assert_eq!(claim.to_string().parse::<ClaimId>().unwrap(), claim);
        assert_eq!(claim.to_string().len(), 25);
    }

    #[test] // a malformed id is unreadable
    fn other_spellings_are_not_ids() {
        for bad in [
            "",
            "c000-",
            "C000-00000000000000000000",
            "c000-0000000000000000000g",
            "c0000-0000000000000000000",
        ] {
            assert!(bad.parse::<ClaimId>().is_err(), "{bad}");
        }
        for bad in ["", "-a", "A", "a b", "a/b", &"a".repeat(64)] {
            assert!(bad.parse::<PartnerId>().is_err(), "{bad}");
        }
        assert!("a".repeat(63).parse::<PartnerId>().is_ok());
    }
}
