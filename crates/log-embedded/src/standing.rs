//! A place of the log that is known from elsewhere, and whether the log still holds what was known.

use std::collections::BTreeMap;
use std::path::Path;

use claim_journal::{Chain, Line, PartitionId, Verdict};

use crate::disk::Disk;
use crate::error::{Damage, OpenError};
use crate::layout::segments;
use crate::line::line_at;

/// Where every chain of a log stood at a place, as a snapshot knows it. The default is the beginning of any log.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The place: the end of the last record before it, in bytes from the beginning of the log. It was durable.
    pub end: u64,
    /// How many records lie before it.
    pub records: u64,
    /// The chain of every partition that has a record before it.
    pub chains: BTreeMap<PartitionId, Chain>,
}

/// A place where the log was found to be as it was known; [`Held::compare`](crate::Held::compare) finds it.
#[derive(Clone, Debug)]
pub struct Compared(Standing);

impl Compared {
    /// The place, where every chain goes on.
    pub(crate) fn into_standing(self) -> Standing {
        self.0
    }
}

/// Why a log is not the one that a snapshot knew, the first that holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// A segment is missing, or longer or shorter than the name of the next one says.
    #[error("the segments of the log do not join")]
    Segments(#[source] Damage),
    /// The log ends before the place: it is an older copy, or a part of it is gone.
    #[error("the log ends at offset {len}, and was known up to offset {end}")]
    Shorter {
        /// Where the log ends.
        len: u64,
        /// The place that was known.
        end: u64,
    },
    /// The record of a checkpoint is not before the place, or was changed, or is of another history.
    #[error("the record of partition {partition} at offset {offset} is not the one that was known")]
    Record {
        /// The partition.
        partition: PartitionId,
        /// Where the record should stand.
        offset: u64,
    },
    /// The place is not where the last of the records ends.
    #[error("the last record that was known ends at offset {found}, not at {end}")]
    End {
        /// Where it ends; 0 when no record was known.
        found: u64,
        /// The place that was known.
        end: u64,
    },
}

/// Whether the log of the directory `data` holds what was known of it. It changes nothing.
pub(crate) fn compare(
    disk: &dyn Disk,
    data: &Path,
    standing: &Standing,
) -> Result<Result<Compared, Mismatch>, OpenError> {
    let Standing { end, records, .. } = *standing;
    let (segments, gap) = segments(disk, data)?;
    if let Some(gap) = gap {
        return Ok(Err(Mismatch::Segments(gap)));
    }
    let len = segments.last().map_or(0, |it| it.end());
    if len < end {
        return Ok(Err(Mismatch::Shorter { len, end }));
    }
    let bases: Vec<u64> = segments.iter().map(|it| it.base).collect();
    let mut chains = BTreeMap::new();
    let mut found = 0;
    for (&partition, chain) in &standing.chains {
        let Some(offset) = chain.checkpoint().map(|it| it.offset) else { continue };
        let mut chain = chain.again();
        let line = line_at(disk, data, &bases, end, offset)?.unwrap_or_default();
        let read = Line::parse(&line);
        // The head commits to the hash of the body, and the body is to be that one.
        let whole = read.as_ref().is_ok_and(Line::body_is_whole);
        if !whole || chain.read(offset, &read) != Verdict::Known {
            return Ok(Err(Mismatch::Record { partition, offset }));
        }
        found = found.max(offset + line.len() as u64 + 1);
        chains.insert(partition, chain);
    }
    // Every record before the place is of one of these chains, so the furthest checkpoint is the last of them.
    if found != end {
        return Ok(Err(Mismatch::End { found, end }));
    }
    Ok(Ok(Compared(Standing { end, records, chains })))
}
