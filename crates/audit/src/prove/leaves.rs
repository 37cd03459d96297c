//! The leaves of a journal: one for each valid record, its envelope, which commits to the body.

use std::collections::BTreeMap;

use claim_journal::{Chain, Digest, JournalId, Line, Offsets, PartitionId, Verdict};
use claim_log::{LogError, ReadLog, Start, Stored};

use super::checkpoint::Head;
use super::merkle;
use crate::report::{Finding, What};

/// Where the record of a leaf stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stands {
    pub(crate) offset: u64,
    /// 0 for a lead.
    pub(crate) sequence: u64,
}

/// The leaves of one partition, in the order of its chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Branch {
    pub(crate) hashes: Vec<Digest>,
    pub(crate) stands: Vec<Stands>,
}

/// The leaves of all partitions, read once, and what stopped the reading of some.
#[derive(Clone, Debug, Default)]
pub struct Leaves {
    pub(crate) journal: Option<JournalId>,
    pub(crate) branches: BTreeMap<PartitionId, Branch>,
    /// What is wrong, in the order in which it was met; nothing is read behind it, of its partition or of all.
    pub(crate) wrong: Vec<Finding>,
}

impl Leaves {
    /// Reads the leaves of a log up to its end, or up to what no reader reads on from. `look` sees every valid record, with
    /// its place in its partition.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be reached; that it is damaged is found, not an error.
    pub fn read(
        log: &dyn ReadLog,
        offsets: Offsets,
        look: &mut dyn FnMut(u64, &Stored, &Line<'_>),
    ) -> Result<Self, LogError> {
        let mut it = Self::default();
        let mut chains = BTreeMap::new();
        let mut lines = log.read(&Start::beginning())?;
        loop {
            let stored = match lines.next() {
                Ok(Some(stored)) => stored,
                Ok(None) => return Ok(it),
                Err(LogError::Damaged { at, why }) => {
                    let damage = Finding::new(What::Damaged, "a record", why);
                    it.wrong.push(Finding { at: Some(at), ..damage });
                    return Ok(it);
                }
                Err(fault) => return Err(fault),
            };
            let partition = stored.partition;
            let chain = chains.entry(partition).or_insert_with(|| Some(Chain::new(partition, offsets)));
            let Some(open) = chain else { continue };
            let line = Line::parse(&stored.line);
            match (open.read(stored.offset, &line), &line) {
                (Verdict::Valid, Ok(line)) => {
                    it.journal = it.journal.or(open.journal());
                    look(it.hashes(partition).len() as u64, &stored, line);
                    it.add(partition, stored.offset, line);
                }
                (Verdict::Void(_), _) if offsets == Offsets::Count => {}
                (Verdict::Void(cause), _) => {
                    it.stop(partition, stored.offset, What::Void, &cause);
                    *chain = None;
                }
                (Verdict::Halt(cause), _) => {
                    it.stop(partition, stored.offset, What::Halted, &cause);
                    *chain = None;
                }
                (Verdict::Known | Verdict::Valid, _) => {}
            }
        }
    }

    fn add(&mut self, partition: PartitionId, offset: u64, line: &Line<'_>) {
        let branch = self.branches.entry(partition).or_default();
        branch.hashes.push(merkle::leaf(line.envelope_bytes));
        branch.stands.push(Stands { offset, sequence: line.envelope.sequence });
    }

    fn stop(&mut self, partition: PartitionId, offset: u64, what: What, cause: &dyn ToString) {
        let finding = Finding::new(what, "a record that extends its chain", cause.to_string());
        self.wrong.push(Finding { partition: Some(partition), offset: Some(offset), ..finding });
    }

    /// The hashes of the leaves of each partition, to be kept beside a checkpoint.
    pub fn kept(&self) -> impl Iterator<Item = (PartitionId, &[Digest])> {
        self.branches.iter().map(|(partition, it)| (*partition, it.hashes.as_slice()))
    }

    pub(crate) fn hashes(&self, partition: PartitionId) -> &[Digest] {
        self.branches.get(&partition).map_or(&[], |it| &it.hashes)
    }

    /// The head of each partition's tree.
    pub(crate) fn heads(&self) -> Vec<Head> {
        let head = |(partition, branch): (&PartitionId, &Branch)| Head::of(*partition, &branch.hashes);
        self.branches.iter().map(head).collect()
    }
}
