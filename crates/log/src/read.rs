//! Reading: the records of some partitions from some offsets on, for as long as one likes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use claim_journal::PartitionId;

/// Where reading starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    named: BTreeMap<PartitionId, u64>,
    without: BTreeSet<PartitionId>,
    others: Option<u64>,
}

impl Start {
    /// Every partition from its beginning, those that appear later too.
    #[must_use]
    pub fn beginning() -> Self {
        Self::others_at(0)
    }

    /// Every partition from its first record at or after `offset`, those that appear later too.
    ///
    /// Where partitions share one sequence of offsets (the embedded log), a reader of all of them goes on from its
    /// furthest offset in this way, without naming partitions it has never seen.
    #[must_use]
    pub fn others_at(offset: u64) -> Self {
        Self { others: Some(offset), ..Self::default() }
    }

    /// No partition, until one is named.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::default()
    }

    /// The same, but `partition` from its first record at or after `offset`.
    #[must_use]
    pub fn at(mut self, partition: PartitionId, offset: u64) -> Self {
        self.named.insert(partition, offset);
        self
    }

    /// The same, but `partition` is not read.
    #[must_use]
    pub fn without(mut self, partition: PartitionId) -> Self {
        self.named.remove(&partition);
        self.without.insert(partition);
        self
    }

    /// The least offset at which `partition` is read; none when it is not read.
    #[must_use]
    pub fn of(&self, partition: PartitionId) -> Option<u64> {
        let others = self.others.filter(|_| !self.without.contains(&partition));
        self.named.get(&partition).copied().or(others)
    }

    /// The least offset at which anything is read; none when nothing is.
    #[must_use]
    pub fn least(&self) -> Option<u64> {
        self.named.values().copied().chain(self.others).min()
    }
}

/// One line as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The partition it is stored in.
    pub partition: PartitionId,
    /// Where it is stored.
    pub offset: u64,
    /// Its bytes without the line feed. Whether they are a record, and a valid one, its reader judges.
    pub line: Vec<u8>,
    /// The least offset that a later line of the partition can have.
    pub next: u64,
}

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// What is stored is damaged.
    #[error("the log is damaged at {at}: {why}")]
    Damaged {
        /// The exact place, for a person to look at.
        at: String,
        /// What is wrong there.
        why: String,
    },
    /// Reading should start beyond the end: records that were known are gone (F-09, F-38).
    #[error("offset {offset} is beyond the end of the log at {end}")]
    BeyondEnd {
        /// Where reading should start.
        offset: u64,
        /// The durable end of the log.
        end: u64,
    },
    /// There is no record of the partition at this offset.
    #[error("partition {partition} has no record at offset {offset}")]
    NoRecord {
        /// The partition that was asked.
        partition: PartitionId,
        /// The offset that was asked for.
        offset: u64,
    },
    /// The disk or the network failed.
    #[error("{doing} failed")]
    Io {
        /// What was being done, to which file or service.
        doing: String,
        /// How it failed.
        #[source]
        source: io::Error,
    },
}

/// A log that can be read, by any number of readers at once.
pub trait ReadLog: Send + Sync {
    /// The records from `start` on. Each partition keeps its order; the embedded log gives all in the order of its file.
    ///
    /// # Errors
    /// [`LogError::Io`] when the log cannot be reached; [`LogError::BeyondEnd`] when `start` is beyond the durable end.
    fn read(&self, start: &Start) -> Result<Box<dyn Records>, LogError>;

    /// One stored line again, without its line feed: how an answer is recalled.
    ///
    /// # Errors
    /// [`LogError::NoRecord`] when no record of `partition` begins at `offset`, [`LogError::Io`] when the log cannot
    /// be reached.
    fn record(&self, partition: PartitionId, offset: u64) -> Result<Vec<u8>, LogError>;
}

/// Records being read.
pub trait Records: Send {
    /// The next record, or none at the durable end as it is now; asking again later goes on from there.
    ///
    /// # Errors
    /// [`LogError::Damaged`] with the place when the next record cannot be told from its neighbours,
    /// [`LogError::Io`] when the log cannot be reached.
    fn next(&mut self) -> Result<Option<Stored>, LogError>;

    /// Waits for a record that came meanwhile, at most so long; yields whether it is worth asking for the next. Cheap where
    /// [`Self::next`] has to ask brokers whether nothing more is there; what it says of the end is no promise.
    ///
    /// # Errors
    /// As [`Self::next`].
    fn ready(&mut self, wait: Duration) -> Result<bool, LogError> {
        std::thread::sleep(wait);
        Ok(true)
    }
}
