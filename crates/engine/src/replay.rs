//! Starting from the log: the fold of everything that was decided before.

use std::collections::BTreeMap;

use claim_domain::catalog::Catalog;
use claim_journal::{Chain, Decision, Head, Line, Offsets, PartitionId, Settings};

use crate::answered::At;
use crate::fold::Fold;
use crate::newer::{Newer, Releases};

/// The folds of all partitions and the catalog, on the way to the end of the log.
#[derive(Debug, Default)]
pub struct Replay {
    pub(crate) folds: BTreeMap<PartitionId, Fold>,
    pub(crate) catalog: Catalog,
    pub(crate) program_head: Option<Head>,
    releases: Releases,
}

impl Replay {
    /// Folds a valid record that stands at `offset`.
    ///
    /// Yields the decision, for whoever else folds it.
    ///
    /// # Errors
    /// [`Newer`] when this program does not know the rules that led there, or the shape of the body (F-81).
    pub fn fold(&mut self, offset: u64, line: &Line<'_>) -> Result<Option<Decision>, Newer> {
        let (partition, sequence) = (line.envelope.partition, line.envelope.sequence);
        let Some(decision) = self.releases.read(line)? else { return Ok(None) };
        if partition == PartitionId::Program {
            decision.events().iter().for_each(|event| self.catalog.evolve(sequence, event));
            self.program_head = line.envelope.previous.map(|before| line.extends(before));
        }
        self.folds.entry(partition).or_default().apply(&decision, At::Stored(offset));
        Ok(Some(decision))
    }

    /// The catalog as it stands so far.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }
}

/// The chains that a new leader of a journal with these settings extends: those that were read, and empty ones.
pub(crate) fn chains(
    read: BTreeMap<PartitionId, Chain>,
    settings: &Settings,
    offsets: Offsets,
) -> BTreeMap<PartitionId, Chain> {
    let all = (0..settings.partitions).map(PartitionId::Number).chain([PartitionId::Program]);
    all.map(|id| (id, read.get(&id).cloned().unwrap_or_else(|| Chain::new(id, offsets)))).collect()
}
