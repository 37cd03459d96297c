//! The keys that personal data is sealed with, as a port (DESIGN §7).
//!
//! Who a key belongs to can be found only with the node's secret: the store holds no address, no name and no plain
//! hash of either (F-91). Deleting a person's key erases everything sealed with it, wherever copies of it lie.

use std::fmt;

use std::error::Error;
use std::sync::Arc;

use claim_domain::ids::{CustomerId, PartnerId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::email::EmailAddress;

mod erasing;
mod erasures;
mod postgres;
mod sqlite;
mod store;
#[cfg(test)]
mod suite;

pub use erasing::{Erased, NotWhom, Receipt, Whom};
pub use erasures::{Erasure, Erasures, ErasuresError, NotAReason, Reason};
pub use postgres::PostgresKeys;
pub use sqlite::SqliteKeys;
pub use store::{KeyStore, Location, NotShared};

/// A store of keys. Its methods may wait for a disk: call them where waiting is allowed.
pub trait Keys: Send + Sync {
    /// The secret of this node, the same as long as the store lives: for digests and for finding persons.
    fn secret(&self) -> &Secret;

    /// The key of each person, in their order; who has none gets one.
    ///
    /// All new keys of one call are made durable together, before it returns: no box is ever on the log whose key
    /// could be lost by a crash. Of two writers that meet one new person at once, one makes the key and both get
    /// it (F-87).
    ///
    /// # Errors
    /// [`KeysError`]; then nothing may be sealed, and no key was given out.
    fn ensure(&self, persons: &[PersonRef]) -> Result<Vec<PersonKey>, KeysError>;

    /// The key with this id, or that it was erased.
    ///
    /// # Errors
    /// [`KeysError`], also when the store never had the key: neither says that it was erased (F-86).
    fn find(&self, key: Uuid) -> Result<Found, KeysError>;

    /// The person that `whom` is, without making one; none when it has no key, or none any more.
    ///
    /// # Errors
    /// [`KeysError`].
    fn person(&self, whom: &PersonRef) -> Result<Option<Arc<str>>, KeysError>;

    /// The ids of the keys of `person` that are still there; none at all when the store never had one.
    ///
    /// # Errors
    /// [`KeysError`].
    fn held(&self, person: &str) -> Result<Option<Vec<Uuid>>, KeysError>;

    /// Destroys the keys of `erasures`, and how their persons are found. What comes of the same person later is sealed
    /// with a new key (F-85). Of a key that it never had, the store knows from then on that it was erased: it may be an
    /// older backup. Safe to repeat.
    ///
    /// # Errors
    /// [`KeysError`]; then it must be repeated until it succeeds.
    fn destroy(&self, erasures: &[Erasure]) -> Result<(), KeysError>;
}

/// Whose data is sealed, as intake knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PersonRef {
    /// A contact, the customer's or the partner's own: one person per partner and address.
    Contact {
        /// The partner that named the contact.
        partner: PartnerId,
        /// The contact's address.
        email: EmailAddress,
    },
    /// Whoever is meant in texts about a customer.
    Customer(CustomerId),
}

impl PersonRef {
    /// What the keyed index is computed of.
    fn index(&self, secret: &Secret) -> [u8; 32] {
        match self {
            // No partner id and no address holds a NUL.
            Self::Contact { partner, email } => {
                secret.mac("contact", format!("{partner}\0{}", email.canonical()).as_bytes())
            }
            Self::Customer(customer) => secret.mac("customer", customer.to_string().as_bytes()),
        }
    }

    /// The name that a new key is made under.
    fn new_person(&self) -> Result<String, KeysError> {
        match self {
            Self::Contact { .. } => Ok(random_id()?.to_string()),
            Self::Customer(customer) => Ok(format!("customer:{customer}")),
        }
    }
}

/// The key of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonKey {
    /// The person: a random UUID, or `customer:<customer id>`.
    pub person: Arc<str>,
    /// The id of the key.
    pub key: Uuid,
    /// The key itself.
    pub secret: Secret,
}

/// What became of a key that once was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is here.
    Key(PersonKey),
    /// It was erased, for good.
    Erased,
}

/// 256 secret bits. Neither `Debug` nor anything else prints them.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Fresh bits from the operating system.
    fn random() -> Result<Self, KeysError> {
        random().map(Self)
    }

    /// The bits, for a cipher.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What tells this secret from another without giving it away: 32 hex digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.mac("fingerprint", b"")[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// HMAC-SHA-256 over `purpose`, a zero byte and `message`: no two purposes can be confused.
    pub(crate) fn mac(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    #[cfg(test)]
    pub(crate) fn of(byte: u8) -> Self {
        Self([byte; 32])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeysError::NoRandomness)?;
    Ok(bytes)
}

fn random_id() -> Result<Uuid, KeysError> {
    Ok(uuid::Builder::from_random_bytes(random()?).into_uuid())
}

/// Why the key store gave no answer. None of these means that a key was erased (F-86).
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store cannot be read or written now; ask again.
    #[error("the key store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The file is not a key store of this release.
    #[error("not a key store of this release: {0}")]
    Foreign(String),
    /// The store never had this key: it belongs to another log, or is an old copy.
    #[error("the key store never had key {0}: is it the one of this log, and the newest copy of it?")]
    UnknownKey(Uuid),
    /// What stands in the store is not a key.
    #[error("the key store is damaged at key {0}")]
    Damaged(Uuid),
    /// It is not known which keys were erased.
    #[error(transparent)]
    Erasures(#[from] ErasuresError),
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    NoRandomness(#[source] getrandom::Error),
}
