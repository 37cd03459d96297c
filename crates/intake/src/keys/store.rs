//! Where keys are, by configuration.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use claim_postgres::{Address, AddressError};

use super::{Keys, KeysError, PostgresKeys, SqliteKeys};

/// The schema of PostgreSQL where none is named: not that of the views, so that the right to read keys is one of its own.
const SCHEMA: &str = "claimlog_keys";

/// A SQLite file, or a schema of PostgreSQL: as text a path, or `postgres://host/database?schema=name`.
#[derive(Clone, Debug)]
pub enum KeyStore {
    /// A SQLite file, for one intake.
    File(PathBuf),
    /// A schema of PostgreSQL, for any number of them.
    Server(Address),
}

impl KeyStore {
    /// Opens the store, making it when there is none.
    ///
    /// # Errors
    /// [`KeysError::Foreign`] when something else stands there, [`KeysError::Unavailable`] when it cannot be opened.
    pub fn open(&self) -> Result<Arc<dyn Keys>, KeysError> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteKeys::open(path)?),
            Self::Server(address) => Arc::new(PostgresKeys::open(address)?),
        })
    }

    /// Opens the store to open boxes with; nothing is made or changed.
    ///
    /// # Errors
    /// As [`KeyStore::open`], and [`KeysError::Unavailable`] when there is no store.
    pub fn open_read_only(&self) -> Result<Arc<dyn Keys>, KeysError> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteKeys::open_read_only(path)?),
            Self::Server(address) => Arc::new(PostgresKeys::open_read_only(address)?),
        })
    }

    /// Refuses a store that only this machine has: for a log that more than one intake writes to (DESIGN §7).
    ///
    /// # Errors
    /// [`NotShared`] for a file.
    pub fn require_shared(&self) -> Result<(), NotShared> {
        match self {
            Self::File(path) => Err(NotShared { path: path.clone() }),
            Self::Server(_) => Ok(()),
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

impl FromStr for KeyStore {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match Address::is_meant(text) {
            true => Address::parse(text, SCHEMA).map(Self::Server),
            false => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

/// Without user and password.
impl fmt::Display for KeyStore {
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
        let file: KeyStore = "/var/lib/claimlog/keys.sqlite".parse().unwrap();
        let refused = file.require_shared().unwrap_err().to_string();
        assert!(refused.contains("/var/lib/claimlog/keys.sqlite") && refused.contains("--keys postgres://"));
        let server: KeyStore = "postgres://u:secret@db.example/claims".parse().unwrap();
        assert_eq!(server.require_shared(), Ok(()));
        assert_eq!(server.to_string(), "postgres://db.example:5432/claims?schema=claimlog_keys");
    }
}
