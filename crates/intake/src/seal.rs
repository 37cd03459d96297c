//! Closes personal data in boxes, and opens them again (DESIGN §7).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use claim_domain::ids::CommandId;
use claim_domain::sealed::{Algorithm, SealedBox};
use serde_json::Value;

use crate::json::canonical_json;
use crate::keys::{Found, Keys, KeysError, PersonKey, random};

/// Length of a nonce in bytes. So long, it may be drawn at random for as many boxes as there will ever be.
const NONCE: usize = 24;

/// Where a box stands. It opens there only: moved to another command, field or partner it stays closed (F-89).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The source of the command, such as `partner:p-contoso` (CONTRACT §1).
    pub source: &'a str,
    /// The id of the command.
    pub command: CommandId,
    /// The path of the field in the body, such as `contacts.customer`.
    pub field: &'a str,
}

impl Place<'_> {
    /// The associated data of a box of `person` here: each part behind its length, so that no part can pass for
    /// another.
    fn associated_data(&self, person: &str) -> Vec<u8> {
        let mut data = b"claimlog box 1".to_vec();
        for part in [self.source, person, &self.command.to_string(), self.field] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// What is inside a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inside {
    /// The value that was sealed.
    Plain(Value),
    /// Nothing that anyone could ever read again: the person's key was erased.
    Erased,
}

/// A box that could not be closed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// There was no nonce for it.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The cipher takes no text so long.
    #[error("too long to be sealed")]
    TooLong,
}

/// A box that was not opened. None of these says that its content was erased (F-86).
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The key is not to be had now.
    #[error("the box cannot be opened now")]
    Keys(#[from] KeysError),
    /// It was closed for another place or person, or altered (F-89).
    #[error("the box does not belong here, or was altered")]
    NotHere,
}

/// Closes `plain`, as canonical JSON, in a box of the person whose `key` it is, to stand at `place`.
///
/// # Errors
/// [`SealError`]; practically only when the operating system gives no random bytes.
pub fn seal(key: &PersonKey, place: Place<'_>, plain: &Value) -> Result<SealedBox, SealError> {
    let nonce: [u8; NONCE] = random()?;
    let text = canonical_json(plain);
    let aad = place.associated_data(&key.person);
    let bytes = XChaCha20Poly1305::new(key.secret.bytes().into())
        .encrypt(&XNonce::from(nonce), Payload { msg: text.as_bytes(), aad: &aad })
        .map_err(|_| SealError::TooLong)?;
    Ok(SealedBox {
        person: key.person.clone(),
        key: key.key,
        alg: Algorithm::XChaCha20Poly1305,
        nonce: STANDARD.encode(nonce).into(),
        bytes: STANDARD.encode(bytes).into(),
    })
}

/// Opens the box that stands at `place`.
///
/// # Errors
/// [`OpenError::Keys`] when its key could not be looked up, [`OpenError::NotHere`] when the box was closed to stand
/// elsewhere, for another person, or is not as it was closed.
pub fn open(keys: &dyn Keys, place: Place<'_>, sealed: &SealedBox) -> Result<Inside, OpenError> {
    match keys.find(sealed.key)? {
        Found::Key(key) => open_with(&key, place, sealed).map(Inside::Plain).ok_or(OpenError::NotHere),
        Found::Erased => Ok(Inside::Erased),
    }
}

/// The content of `sealed`, if `key` closed it to stand at `place`.
fn open_with(key: &PersonKey, place: Place<'_>, sealed: &SealedBox) -> Option<Value> {
    let cipher = match sealed.alg {
        Algorithm::XChaCha20Poly1305 => XChaCha20Poly1305::new(key.secret.bytes().into()),
    };
    let nonce: [u8; NONCE] = STANDARD.decode(&*sealed.nonce).ok()?.try_into().ok()?;
    let bytes = STANDARD.decode(&*sealed.bytes).ok()?;
    // The person as the box tells it: a box relabelled for another person does not open.
    let aad = place.associated_data(&sealed.person);
    let plain = cipher.decrypt(&XNonce::from(nonce), Payload { msg: &bytes, aad: &aad }).ok()?;
    serde_json::from_slice(&plain).ok()
}

#[cfg(test)]
mod tests {
    use claim_domain::ids::CustomerId;
    use claim_domain::time::Instant;
    use proptest::prelude::*;
    use serde_json::json;
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::keys::{Erasure, PersonRef, Secret, SqliteKeys};

    const HERE: Place<'_> = Place {
        source: "partner:p-contoso",
        command: CommandId(Uuid::from_u128(1)),
        field: "contacts.customer",
    };

    fn key() -> PersonKey {
        PersonKey { person: "customer:x".into(), key: Uuid::from_u128(9), secret: Secret::of(3) }
    }

    #[test] // F-89
    fn a_box_opens_only_where_it_was_closed() {
        let plain = json!({"first_name": "Mina", "email": "mina@fabrikam.example"});
        let sealed = seal(&key(), HERE, &plain).unwrap();
        assert_eq!(open_with(&key(), HERE, &sealed), Some(plain));
        for elsewhere in [
            Place { source: "partner:p-other", ..HERE },
            Place { command: CommandId(Uuid::from_u128(2)), ..HERE },
            Place { field: "contacts.partner", ..HERE },
            Place { source: "partner:p-contos", field: "ocontacts.customer", ..HERE },
        ] {
            assert_eq!(open_with(&key(), elsewhere, &sealed), None, "{elsewhere:?}");
        }
        let relabelled = SealedBox { person: "customer:y".into(), ..sealed.clone() };
        assert_eq!(open_with(&key(), HERE, &relabelled), None);
        let other_key = PersonKey { secret: Secret::of(4), ..key() };
        assert_eq!(open_with(&other_key, HERE, &sealed), None);
    }

    #[test] // DESIGN §7
    fn the_parts_of_a_place_cannot_pass_for_one_another() {
        let of = |source, person| Place { source, ..HERE }.associated_data(person);
        assert_ne!(of("ab", "c"), of("a", "bc"));
    }

    #[test] // DESIGN §7
    fn a_box_shows_nothing_of_its_content_and_no_two_are_alike() {
        let plain = json!({"email": "mina@fabrikam.example"});
        let (one, two) = (seal(&key(), HERE, &plain).unwrap(), seal(&key(), HERE, &plain).unwrap());
        assert!(one.nonce != two.nonce && one.bytes != two.bytes);
        let shown = serde_json::to_string(&one).unwrap();
        assert!(!shown.contains("mina"));
        assert!(shown.contains(r#""alg":"xchacha20poly1305""#));
    }

    #[test] // F-86
    fn erased_and_unavailable_and_moved_are_three_answers() {
        let dir = TempDir::new().unwrap();
        let keys = SqliteKeys::open(&dir.path().join("keys.sqlite")).unwrap();
        let key = keys.ensure(&[PersonRef::Customer(CustomerId(Uuid::from_u128(5)))]).unwrap().remove(0);
        let sealed = seal(&key, HERE, &json!("a note")).unwrap();
        assert_eq!(open(&keys, HERE, &sealed).unwrap(), Inside::Plain(json!("a note")));
        let moved = Place { field: "text", ..HERE };
        assert!(matches!(open(&keys, moved, &sealed), Err(OpenError::NotHere)));
        let stranger = SealedBox { key: Uuid::from_u128(6), ..sealed.clone() };
        assert!(matches!(open(&keys, HERE, &stranger), Err(OpenError::Keys(KeysError::UnknownKey(_)))));
        keys.destroy(&[Erasure {
            person: key.person.clone(),
            keys: vec![key.key],
            reason: "GDPR-2211".parse().unwrap(),
            erased_at: Instant::default(),
        }])
        .unwrap();
        assert_eq!(open(&keys, HERE, &sealed).unwrap(), Inside::Erased);
    }

    proptest! {
        #[test] // DESIGN §7
        fn what_is_sealed_is_what_is_opened(text in any::<String>(), number in any::<i32>()) {
            let plain = json!({"z": text, "a": [number, null, true]});
            let sealed = seal(&key(), HERE, &plain).unwrap();
            prop_assert_eq!(open_with(&key(), HERE, &sealed), Some(plain));
        }

        #[test] // F-89
        fn a_box_with_one_bit_changed_does_not_open(bit in any::<prop::sample::Index>()) {
            let sealed = seal(&key(), HERE, &json!("a note")).unwrap();
            let mut bytes = STANDARD.decode(&*sealed.bytes).unwrap();
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let changed = SealedBox { bytes: STANDARD.encode(bytes).into(), ..sealed };
            prop_assert_eq!(open_with(&key(), HERE, &changed), None);
        }

        #[test]
        fn no_box_panics(nonce in any::<String>(), bytes in any::<String>()) {
            let made = SealedBox { nonce: nonce.into(), bytes: bytes.into(), ..seal(&key(), HERE, &json!(1)).unwrap() };
            prop_assert_eq!(open_with(&key(), HERE, &made), None);
        }
    }
}
