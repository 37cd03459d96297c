//! Starting from the log: the fold of everything that was decided before.

use std::collections::BTreeMap;

use claim_domain::catalog::Catalog;
use claim_journal::{
    Chain, Decision, Head, Kind, Line, Offsets, PartitionId, Settings, canonical::BodyError,
};

use crate::answered::At;
use crate::fold::Fold;

/// A valid record could not be folded.
#[derive(Debug, thiserror::Error)]
#[error("the decision {sequence} of partition {partition} cannot be read; a newer release wrote it")]
pub struct ReplayError {
    /// The partition.
    pub partition: PartitionId,
    /// The sequence.
    pub sequence: u64,
    /// What is wrong with the body.
    #[source]
    pub source: BodyError,
}

/// The folds of all partitions and the catalog, on the way to the end of the log.
#[derive(Debug, Default)]
pub struct Replay {
    pub(crate) folds: BTreeMap<PartitionId, Fold>,
    pub(crate) catalog: Catalog,
    pub(crate) program_head: Option<Head>,
}

impl Replay {
    /// Folds a valid record that stands at `offset`; only decisions matter here.
    ///
    /// Yields the decision, for whoever else folds it.
    ///
    /// # Errors
    /// [`ReplayError`] when the body is of a shape that this program does not know (F-81).
    pub fn fold(&mut self, offset: u64, line: &Line<'_>) -> Result<Option<Decision>, ReplayError> {
        let (partition, sequence) = (line.envelope.partition, line.envelope.sequence);
        if line.envelope.kind != Kind::Decision {
            return Ok(None);
        }
        let decision =
            Decision::decode(line.body).map_err(|source| ReplayError { partition, sequence, source })?;
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
