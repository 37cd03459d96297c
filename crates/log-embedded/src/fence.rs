//! The fence: what does not extend the chain of its partition is not written (DESIGN §5, "On the embedded log").

use std::collections::BTreeMap;

use claim_journal::{Chain, JournalId, Line, PartitionId, Verdict};
use claim_log::Batch;

use crate::scan::{Scan, judge};

/// The chains with everything that was let through. It belongs to the writing thread, so that judging costs whoever
/// appends nothing.
pub(crate) struct Fence {
    chains: BTreeMap<PartitionId, Chain>,
    journal: Option<JournalId>,
    /// The end of the log with everything that was let through.
    end: u64,
}

impl Fence {
    /// The fence of a log as it was found.
    pub(crate) fn of(scan: &Scan) -> Self {
        let journal = scan.chains.values().find_map(Chain::journal);
        Self { chains: scan.chains.clone(), journal, end: scan.end }
    }

    /// The offsets of a batch whose every line extends its chain; none, and no trace, when one does not.
    pub(crate) fn judge(&mut self, batch: &Batch) -> Option<Vec<u64>> {
        let (chain, journal, end) = (self.chains.get(&batch.partition).cloned(), self.journal, self.end);
        let mut offsets = Vec::with_capacity(batch.lines.len());
        for line in &batch.lines {
            offsets.push(self.end);
            if self.extend(batch.partition, line).is_none() {
                self.journal = journal;
                self.end = end;
                match chain {
                    Some(chain) => self.chains.insert(batch.partition, chain),
                    None => self.chains.remove(&batch.partition),
                };
                return None;
            }
        }
        Some(offsets)
    }

    fn extend(&mut self, partition: PartitionId, bytes: &[u8]) -> Option<()> {
        let line = Line::parse(bytes.strip_suffix(b"\n")?).ok()?;
        if line.envelope.partition != partition {
            return None;
        }
        match judge(&mut self.chains, &mut self.journal, self.end, &line) {
            Verdict::Valid => {
                self.end += bytes.len() as u64;
                Some(())
            }
            Verdict::Known | Verdict::Void(_) | Verdict::Halt(_) => None,
        }
    }
}
