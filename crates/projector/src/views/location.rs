//! Where views are.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use claim_postgres::{Address, AddressError};

/// The schema of PostgreSQL where none is named.
const SCHEMA: &str = "claimlog";

/// A SQLite file, or a schema of PostgreSQL: as text a path, or `postgres://host/database?schema=name`.
#[derive(Clone, Debug)]
pub enum Location {
    /// A SQLite file, for one machine.
    File(PathBuf),
    /// A schema of PostgreSQL, for any number of them.
    Server(Address),
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

impl From<&Self> for Location {
    fn from(it: &Self) -> Self {
        it.clone()
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}
