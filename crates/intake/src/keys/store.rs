//! Where keys are, by configuration.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use claim_domain::time::Instant;
use claim_postgres::{Address, AddressError};

use super::erasing::{self, WithoutErased};
use super::{Erasures, Keys, KeysError, PostgresKeys, Reason, Receipt, SqliteKeys, Whom};

/// The schema of PostgreSQL where none is named: not that of the views, so that the right to read keys is one of its own.
const SCHEMA: &str = "claimlog_keys";

/// A SQLite file, or a schema of PostgreSQL: as text a path, or `postgres://host/database?schema=name`.
#[derive(Clone, Debug)]
pub enum Location {
    /// A SQLite file, for one intake.
    File(PathBuf),
    /// A schema of PostgreSQL, for any number of them.
    Server(Address),
}

/// A key store and the list of erasures that belongs to it. Whatever stands on the list is erased before a key is given
/// out, also where an older backup brought it back (F-88).
#[derive(Clone, Debug)]
pub struct KeyStore {
    location: Location,
    erasures: Erasures,
}

impl KeyStore {
    /// The store at `location`, with its list.
    #[must_use]
    pub fn new(location: Location, erasures: Erasures) -> Self {
        Self { location, erasures }
    }

    /// The list of erasures.
    #[must_use]
    pub fn erasures(&self) -> &Erasures {
        &self.erasures
    }

    /// Opens the store, making it when there is none, and destroys what stands on the list of erasures.
    ///
    /// # Errors
    /// [`KeysError::Foreign`] when something else stands there, [`KeysError::Unavailable`] when it cannot be opened,
    /// [`KeysError::Erasures`] when the list cannot be read.
    pub fn open(&self) -> Result<Arc<dyn Keys>, KeysError> {
        let erased = self.erasures.read()?;
        let keys: Arc<dyn Keys> = match &self.location {
            Location::File(path) => Arc::new(SqliteKeys::open(path)?),
            Location::Server(address) => Arc::new(PostgresKeys::open(address)?),
        };
        if !erased.is_empty() {
            keys.destroy(&erased)?;
        }
        Ok(keys)
    }

    /// Opens the store to open boxes with; nothing is made or changed, and no key on the list of erasures is given out.
    ///
    /// # Errors
    /// As [`KeyStore::open`], and [`KeysError::Unavailable`] when there is no store.
    pub fn open_read_only(&self) -> Result<Arc<dyn Keys>, KeysError> {
        let erased = self.erasures.read()?;
        let keys: Arc<dyn Keys> = match &self.location {
            Location::File(path) => Arc::new(SqliteKeys::open_read_only(path)?),
            Location::Server(address) => Arc::new(PostgresKeys::open_read_only(address)?),
        };
        Ok(if erased.is_empty() { keys } else { Arc::new(WithoutErased::new(keys, &erased)) })
    }

    /// Erases persons for good: puts them on the list, durably, then destroys their keys. Yields one receipt for each, in
    /// their order. Others may use the store meanwhile; what they seal for the same person later has a new key (F-85).
    ///
    /// # Errors
    /// [`KeysError`], also when there is no store. It is safe to repeat, and must be repeated until it succeeds.
    pub fn erase(&self, whom: &[Whom], reason: &Reason, at: Instant) -> Result<Vec<Receipt>, KeysError> {
        self.open_read_only()?; // where there is no store, none is made
        erasing::erase(&*self.open()?, &self.erasures, whom, reason, at)
    }

    /// Refuses a store that only this machine has: for a log that more than one intake writes to (DESIGN §7).
    ///
    /// # Errors
    /// [`NotShared`] for a file.
    pub fn require_shared(&self) -> Result<(), NotShared> {
        match &self.location {
            Location::File(path) => Err(NotShared { path: path.clone() }),
            Location::Server(_) => Ok(()),
        }
    }
}

/// The keys are in a file of one machine, where several intakes need them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the keys of persons are in {}, a file that only this machine has, and this log may have more than one intake: \
     each would give the same person a key of its own that no other can open. Name one store for all of them, with \
     --keys postgres://user@host/database, CLAIMLOG_KEYS or `keys` in the configuration", .path.display()
)]
pub struct NotShared {
    /// The file.
    pub path: PathBuf,
}

impl FromStr for Location {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match Address::is_meant(text) {
            true => Address::parse(text, SCHEMA).map(Self::Server),
            false => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

/// Without user and password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // DESIGN §7
    fn a_file_is_refused_where_there_is_more_than_one_intake() {
        let store = |at: &str| KeyStore::new(at.parse().unwrap(), Erasures::at("/none".into()));
        let refused = store("/var/lib/claimlog/keys.sqlite").require_shared().unwrap_err().to_string();
        assert!(refused.contains("/var/lib/claimlog/keys.sqlite") && refused.contains("--keys postgres://"));
        let server = "postgres://u:secret@db.example/claims";
        assert_eq!(store(server).require_shared(), Ok(()));
        assert_eq!(
            server.parse::<Location>().unwrap().to_string(),
            "postgres://db.example:5432/claims?schema=claimlog_keys"
        );
    }
}
