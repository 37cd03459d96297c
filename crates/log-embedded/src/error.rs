//! What can be wrong with a directory, said so that a person knows what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use claim_journal::{HaltCause, Unreadable, VoidCause};
use claim_log::LogError;

/// A place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The name of the segment file.
    pub segment: String,
    /// The byte in that file, from 0.
    pub byte: u64,
    /// The byte in the whole log, from 0: the offset.
    pub offset: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "log/{} byte {} (offset {})", self.segment, self.byte, self.offset)
    }
}

/// What is wrong at a place of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamageCause {
    /// The line is no record, and something after it is.
    #[error(transparent)]
    Unreadable(Unreadable),
    /// The segment ends within a record, and something follows.
    #[error("the segment ends within a record")]
    Incomplete,
    /// The record does not extend the chain of its partition; on this log none of that kind can arise.
    #[error("a record that does not belong here: {0}")]
    Void(VoidCause),
    /// The record must not be read on; a newer release may be needed.
    #[error(transparent)]
    Halt(HaltCause),
    /// A segment is missing, or longer or shorter than the name of the next one says.
    #[error("the next segment file begins at offset {next}: one is missing, or was changed or swapped")]
    Segments {
        /// Where the next segment begins.
        next: u64,
    },
    /// The log ends before an end that was known to be durable: an older copy, or a part of the log is gone.
    #[error("the log is whole only up to here, and was known to be durable up to offset {known_end}")]
    EndsEarly {
        /// The end that was known.
        known_end: u64,
    },
}

/// Damage: the log is not what was written (F-73, F-75).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged at {at}: {cause}")]
pub struct Damage {
    /// Where; at or before the first wrong byte.
    pub at: Position,
    /// What is wrong there.
    #[source]
    pub cause: DamageCause,
}

impl From<Damage> for LogError {
    fn from(it: Damage) -> Self {
        Self::Damaged { at: it.at.to_string(), why: it.cause.to_string() }
    }
}

/// Why a directory could not be opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such directory.
    #[error("there is no directory {}: name the right one, or run `claimlog apply` to begin a log", dir.display())]
    Missing {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory holds no log, but other things.
    #[error("{} is not a data directory of claimlog: it holds other things; name another or an empty one", dir.display())]
    NotOurs {
        /// The directory.
        dir: PathBuf,
    },
    /// Among the segments there is something that is none.
    #[error("{} is not a segment of the log: move it away", path.display())]
    Stray {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes to the directory (F-77).
    #[error("another process writes to {}: {holder}; end it first, or use another directory", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// Who that process said it is.
        holder: String,
    },
    /// The log is damaged.
    #[error("the log in {} cannot be trusted: restore it from a copy", dir.display())]
    Damaged {
        /// The directory.
        dir: PathBuf,
        /// What is wrong, and where.
        #[source]
        damage: Box<Damage>,
    },
    /// The disk failed, or forbids it.
    #[error("{doing} {} failed", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// How it failed.
        #[source]
        source: io::Error,
    },
}

/// Turns a failure of the disk into one that says what was being done to which file.
pub(crate) fn while_doing(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io { doing, path, source }
}

impl From<OpenError> for LogError {
    fn from(it: OpenError) -> Self {
        match it {
            OpenError::Damaged { damage, .. } => (*damage).into(),
            OpenError::Io { doing, path, source } => {
                Self::Io { doing: format!("{doing} {}", path.display()), source }
            }
            other => Self::Io { doing: other.to_string(), source: io::ErrorKind::InvalidData.into() },
        }
    }
}
