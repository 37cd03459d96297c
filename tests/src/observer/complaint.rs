//! What is wrong with a history, in words and with its place.

use std::fmt;

use super::envelope::Partition;

/// One thing that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The invariant that does not hold, as `tests/FAULTS.md` numbers them.
    pub invariant: &'static str,
    /// Where: the partition.
    pub partition: Partition,
    /// Where: the sequence of the decision; none when no decision is to blame.
    pub sequence: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: partition {}", self.invariant, self.partition)?;
        if let Some(sequence) = self.sequence {
            write!(f, ", sequence {sequence}")?;
        }
        write!(f, ": {}", self.what)
    }
}
