//! The key that checkpoints are signed with, and the one that anybody checks them by: Ed25519 (RFC 8032).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A secret key. It prints nothing of itself.
pub struct Key(SigningKey);

/// A text that is no key, or no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {0} hex digits of Ed25519")]
pub struct NotOfEd25519(usize);

impl Key {
    /// The key of 32 bytes that nobody else knows: fresh from the operating system, or as they were kept.
    #[must_use]
    pub fn of(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// What others check by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(bytes).to_bytes())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.public()).finish()
    }
}

/// A public key: 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    pub(crate) fn verifies(&self, bytes: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.0.as_bytes())
    }
}

impl FromStr for PublicKey {
    type Err = NotOfEd25519;

    fn from_str(text: &str) -> Result<Self, NotOfEd25519> {
        let bytes = read_hex::<32>(text)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| NotOfEd25519(64))
    }
}

/// A signature: 128 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_hex(&Cow::<str>::deserialize(deserializer)?).map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for Signature {
    fn schema_name() -> Cow<'static, str> {
        "Signature".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{128}$" })
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|it| write!(f, "{it:02x}"))
}

fn read_hex<const N: usize>(text: &str) -> Result<[u8; N], NotOfEd25519> {
    let wrong = NotOfEd25519(2 * N);
    if text.len() != 2 * N || !text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(wrong);
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = text.get(2 * at..2 * at + 2).and_then(|it| u8::from_str_radix(it, 16).ok()).ok_or(wrong)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // RFC 8032 §7.1, test 2
    fn it_signs_as_the_rfc_does() {
        let secret = read_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
        let key = Key::of(&secret);
        let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        assert_eq!(key.public().to_string(), public);
        let signature = key.sign(&[0x72]);
        assert!(
            signature
                .to_string()
                .starts_with("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da")
        );
        let public: PublicKey = public.parse().unwrap();
        assert!(public.verifies(&[0x72], &signature) && !public.verifies(&[0x73], &signature));
        let mut other = signature;
        other.0[3] ^= 1;
        assert!(!public.verifies(&[0x72], &other));
        assert!(!format!("{key:?}").contains("4ccd"), "a secret is not printed");
    }
}
