//! Appending: a batch goes in, a receipt is told later.

use claim_journal::{Entry, PartitionId};

use crate::read::ReadLog;

/// Lines for one partition, to be appended in this order with nothing of the partition between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The partition that every line is of.
    pub partition: PartitionId,
    /// The lines, each with its line feed: as a [`claim_journal::Pen`] wrote them, or any bytes, which the log judges whole.
    pub lines: Vec<Entry>,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Every line is durable.
    Appended {
        /// The offset of each line, in order.
        offsets: Vec<u64>,
    },
    /// Some or all lines may be on the log, now or later: read to know, and lead again (DESIGN rule 4).
    Unclear(Unclear),
    /// A line would not extend its chain, since another leader leads or an earlier batch was not appended. Nothing of
    /// the batch was written.
    Fenced,
}

/// Why nobody can say what became of a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// The disk is full.
    #[error("no space is left on the disk of the log")]
    NoSpace,
    /// The disk did not confirm that the lines are durable. It cannot be asked again (F-72).
    #[error("the disk did not confirm that the log is durable")]
    SyncFailed,
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// Writing failed in another way.
    #[error("the log could not be written: {0}")]
    Io(String),
}

/// What to do with the receipt. Called once, on a thread of the log that others wait for: hand the receipt on, no more.
pub type Tell = Box<dyn FnOnce(Receipt) + Send>;

/// A log that can be appended to.
pub trait Log: ReadLog {
    /// Takes `batch` and returns at once. `tell` is called later, exactly once, in the order of the appends to its
    /// partition; where partitions share one sequence of offsets (the embedded log), in the order of all.
    fn append(&self, batch: Batch, tell: Tell);

    /// Takes batches, of one partition or several, as if appended one after the other; a log that can makes them durable
    /// together.
    fn append_all(&self, batches: Vec<(Batch, Tell)>) {
        batches.into_iter().for_each(|(batch, tell)| self.append(batch, tell));
    }
}
