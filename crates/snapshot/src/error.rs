//! What can go wrong with a snapshot. None of it touches the log.

use std::path::PathBuf;

use claim_journal::canonical::BodyError;
use claim_log::LogError;

use crate::newer::Newer;

/// The store could not be read. It is marked, and thrown away at the next start, which makes it again from the log.
#[derive(Debug, thiserror::Error)]
#[error("the snapshot in {} cannot be read, and the next start makes it again from the log: {why}", dir.display())]
pub struct Unreadable {
    /// Where it lies.
    pub dir: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// A snapshot could not be brought further. The one before stays.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// What it stands on cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It cannot be written.
    #[error("the snapshot in {} cannot be written: {why}", dir.display())]
    Write {
        /// Where it lies.
        dir: PathBuf,
        /// How it failed.
        why: String,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A newer program wrote the log (F-81).
    #[error(transparent)]
    Newer(#[from] Newer),
    /// A record of the log has no shape that this program knows.
    #[error("the record at offset {offset} cannot be folded: {why}")]
    Record {
        /// Where it stands.
        offset: u64,
        /// What is wrong with it.
        why: String,
    },
}

impl KeepError {
    pub(crate) fn record(offset: u64, why: &BodyError) -> Self {
        Self::Record { offset, why: why.to_string() }
    }
}
