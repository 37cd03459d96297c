//! Where a partition stands: how many valid records it has, and the head after the last.

use std::collections::BTreeMap;

use anyhow::Result;
use claim_journal::{Chain, Head, PartitionId};
use claim_log::{Judged, Judging, ReadLog, Stored};
use serde::Serialize;

/// Where one partition stands; the same on both sides of a move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Stand {
    pub(crate) partition: PartitionId,
    /// Its valid records, leads included.
    pub(crate) records: u64,
    pub(crate) sequence: u64,
    pub(crate) epoch: u64,
    pub(crate) head: Option<Head>,
}

/// Where several stand, and what was void there.
#[derive(Debug, Default)]
pub(crate) struct Stands {
    pub(crate) partitions: BTreeMap<PartitionId, Stand>,
    pub(crate) void: BTreeMap<&'static str, u64>,
}

impl Stands {
    /// Takes in those of other partitions.
    pub(crate) fn join(&mut self, other: Self) {
        self.partitions.extend(other.partitions);
        for (code, count) in other.void {
            *self.void.entry(code).or_default() += count;
        }
    }
}

/// Reads partitions from the beginning to the end as it is now, and gives each valid record to `each`.
///
/// # Errors
/// When a partition halts or cannot be read, or the first error of `each`.
pub(crate) fn walk(
    log: &dyn ReadLog,
    chains: Vec<Chain>,
    mut each: impl FnMut(&Stored) -> Result<()>,
) -> Result<Stands> {
    let partitions: Vec<PartitionId> = chains.iter().map(Chain::partition).collect();
    let mut judging = Judging::resume(log, chains)?;
    let mut records: BTreeMap<PartitionId, u64> = BTreeMap::new();
    let mut stands = Stands::default();
    while let Some(judged) = judging.next()? {
        match judged {
            Judged::Valid(stored) => {
                *records.entry(stored.partition).or_default() += 1;
                each(&stored)?;
            }
            Judged::Void(_, cause) => *stands.void.entry(cause.code()).or_default() += 1,
        }
    }
    for partition in partitions {
        let Some(chain) = judging.chain(partition).filter(|it| it.checkpoint().is_some()) else { continue };
        let records = records.get(&partition).copied().unwrap_or_default();
        let (sequence, epoch, head) = (chain.sequence(), chain.epoch(), chain.head());
        stands.partitions.insert(partition, Stand { partition, records, sequence, epoch, head });
    }
    Ok(stands)
}
