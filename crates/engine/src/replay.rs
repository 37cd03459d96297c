//! Starting from the log: the fold of everything that was decided before.

use std::collections::BTreeMap;
use std::sync::Arc;

use claim_domain::catalog::Catalog;
use claim_journal::{Chain, Decision, Head, Line, Offsets, PartitionId, Settings};
use claim_snapshot::{Cut, Newer, Releases, Snapshot, Unreadable};

use crate::answered::At;
use crate::fold::Fold;

/// The folds of all partitions and the catalog, on the way to the end of the log.
#[derive(Debug, Default)]
pub struct Replay {
    pub(crate) folds: BTreeMap<PartitionId, Fold>,
    pub(crate) catalog: Catalog,
    pub(crate) program_head: Option<Head>,
    releases: Releases,
    pub(crate) snapshot: Option<Arc<Snapshot>>,
}

/// A record cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A newer program wrote it (F-81).
    #[error(transparent)]
    Newer(#[from] Newer),
    /// What it goes on from cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Replay {
    /// Goes on from a snapshot, whose [`Cut::end`] is where the first record to be folded stands.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn over(snapshot: Arc<Snapshot>, cut: &Cut) -> Result<Self, Unreadable> {
        let mut catalog = Catalog::default();
        snapshot.program()?.iter().for_each(|(sequence, event)| catalog.evolve(*sequence, event));
        let mut folds = BTreeMap::new();
        for (partition, chain) in &cut.chains {
            let mut fold = Fold::over(Some(Arc::clone(&snapshot)));
            fold.deadlines = snapshot.deadlines(*partition)?.into_iter().collect();
            fold.newest = chain.checkpoint().map_or(0, |it| it.offset);
            if *partition == PartitionId::Program {
                fold.program_judged_at = cut.program_judged_at;
            }
            folds.insert(*partition, fold);
        }
        let (program_head, releases) = (cut.program_head, cut.releases.clone());
        Ok(Self { folds, catalog, program_head, releases, snapshot: Some(snapshot) })
    }

    /// Folds a valid record that stands at `offset`.
    ///
    /// Yields the decision, for whoever else folds it.
    ///
    /// # Errors
    /// [`ReplayError`]: this program does not know the rules that led there, or the shape of the body (F-81); or the snapshot
    /// cannot be read.
    pub fn fold(&mut self, offset: u64, line: &Line<'_>) -> Result<Option<Decision>, ReplayError> {
        let (partition, sequence) = (line.envelope.partition, line.envelope.sequence);
        let Some(decision) = self.releases.read(line)? else { return Ok(None) };
        if partition == PartitionId::Program {
            decision.events().iter().for_each(|event| self.catalog.evolve(sequence, event));
            self.program_head = line.envelope.previous.map(|before| line.extends(before));
        }
        let fold = self.folds.entry(partition).or_insert_with(|| Fold::over(self.snapshot.clone()));
        fold.load_for(&decision)?;
        fold.apply(&decision, At::Stored(offset));
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
