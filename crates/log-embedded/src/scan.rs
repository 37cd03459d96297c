//! The verifying scan: every line read, every chain folded, in one pass and flat memory.
//!
//! What is neither a valid record nor a torn tail is damage. A tail is torn when the process or the machine died while
//! the last group was being written. Then it lies behind all that is known to be durable, and no whole record follows
//! its first bad line, with one exception: parts of a group that were never written to the disk read as zeros, and
//! records behind such a hole may be whole. They still are of the tail, as long as none of them says that what is missing was
//! durable: `proved` tells (F-71, F-74).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use claim_journal::{Chain, JournalId, Line, Offsets, PartitionId, Verdict};

use crate::disk::Disk;
use crate::error::{Damage, DamageCause, OpenError};
use crate::layout::{Segment, position, segments};
use crate::planted::{Planted, PlantedFault};
use crate::standing::Standing;
use crate::tape::Tape;

/// The end of a log that was never completely written, and is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Where it begins: the end of the last valid record.
    pub offset: u64,
    /// How many bytes it has.
    pub bytes: u64,
}

/// What a scan found.
#[derive(Debug)]
pub struct Scan {
    /// The end of the last valid record.
    pub end: u64,
    /// How many valid records there are.
    pub records: u64,
    /// Where each partition's chain stands.
    pub chains: BTreeMap<PartitionId, Chain>,
    /// The torn tail, if there is one.
    pub tail: Option<Tail>,
    /// The first damage, if there is any. Then there is no tail.
    pub damage: Option<Damage>,
}

/// What stands at the end of the valid records.
struct Bad {
    cause: DamageCause,
    /// It may be a torn tail: it is no record at all.
    torn: bool,
    /// Zeros are in it.
    hole: bool,
}

struct Scanner<'a> {
    tape: Tape,
    segments: &'a [Segment],
    end: u64,
    records: u64,
    journal: Option<JournalId>,
    chains: BTreeMap<PartitionId, Chain>,
    planted: Planted,
}

/// Scans the log of the directory `data` on `from` a place where it is known. It changes nothing.
///
/// `known_end` is an end that is known to be durable; 0 when none is known.
pub(crate) fn scan(
    disk: &Arc<dyn Disk>,
    data: &Path,
    from: Standing,
    known_end: u64,
    planted: Planted,
) -> Result<Scan, OpenError> {
    let (segments, gap) = segments(&**disk, data)?;
    let bases: Vec<u64> = segments.iter().map(|it| it.base).collect();
    let total = segments.last().map_or(0, |it| it.end());
    // Should the log end before the place, which was durable, then its end is all that can be told.
    let known_end = known_end.max(from.end);
    let start = from.end.min(total);
    let mut scanner = Scanner {
        tape: Tape::at(Arc::clone(disk), data, &bases, start, total)?,
        segments: &segments,
        end: start,
        records: from.records,
        journal: from.chains.values().find_map(Chain::journal),
        chains: from.chains,
        planted,
    };
    let bad = scanner.read_valid(total)?;
    let end = scanner.end;
    let damaged = |cause| Some(Damage { at: position(end, bases.iter().copied()), cause });
    let damage = match bad {
        None if gap.is_some() => gap,
        None if end < known_end => damaged(DamageCause::EndsEarly { known_end }),
        None => None,
        // What stands before a gap between segments was durable.
        Some(bad) if gap.is_some() => damaged(bad.cause),
        Some(bad) => scanner.judge_tail(&bad, total, known_end)?.and_then(damaged),
    };
    let tail =
        if damage.is_none() && end < total { Some(Tail { offset: end, bytes: total - end }) } else { None };
    Ok(Scan { end, records: scanner.records, chains: scanner.chains, tail, damage })
}

impl Scanner<'_> {
    /// Reads up to the first line that is not a valid record.
    fn read_valid(&mut self, total: u64) -> Result<Option<Bad>, OpenError> {
        loop {
            let Some(raw) = self.tape.next(total)? else {
                if self.end == total {
                    return Ok(None);
                }
                let hole = self.tape.rest_has_zero(total)?;
                return Ok(Some(Bad { cause: DamageCause::Incomplete, torn: true, hole }));
            };
            let next = raw.next();
            let line = match self.planted.parse(raw.bytes) {
                Ok(line) => line,
                Err(fault) => {
                    let hole = raw.bytes.contains(&0);
                    return Ok(Some(Bad { cause: DamageCause::Unreadable(fault), torn: true, hole }));
                }
            };
            let misplaced = |cause| Ok(Some(Bad { cause, torn: false, hole: false }));
            match judge(&mut self.chains, &mut self.journal, raw.offset, &line) {
                Verdict::Valid | Verdict::Known => {}
                Verdict::Void(cause) => return misplaced(DamageCause::Void(cause)),
                Verdict::Halt(cause) => return misplaced(DamageCause::Halt(cause)),
            }
            self.end = next;
            self.records += 1;
        }
    }

    /// Tells a torn tail from damage; none when it is a tail.
    fn judge_tail(
        &mut self,
        bad: &Bad,
        total: u64,
        known_end: u64,
    ) -> Result<Option<DamageCause>, OpenError> {
        if !bad.torn {
            return Ok(Some(bad.cause));
        }
        if self.end < known_end {
            return Ok(Some(DamageCause::EndsEarly { known_end }));
        }
        // A segment is begun only when the one before is durable.
        if self.segments.last().is_some_and(|it| self.end < it.base) {
            return Ok(Some(bad.cause));
        }
        if self.planted.has(PlantedFault::RotTakenForTail) {
            return Ok(None);
        }
        let (mut chains, mut journal) = (self.chains.clone(), self.journal);
        while let Some(raw) = self.tape.next(total)? {
            let Ok(line) = Line::parse(raw.bytes) else { continue };
            let proof = matches!(judge(&mut chains, &mut journal, raw.offset, &line), Verdict::Halt(_));
            if !bad.hole || (proof && !self.planted.has(PlantedFault::HoleTakenForTail)) {
                return Ok(Some(bad.cause));
            }
        }
        Ok(None)
    }
}

/// Judges a line by the chain of its partition, and applies it there.
pub(crate) fn judge(
    chains: &mut BTreeMap<PartitionId, Chain>,
    journal: &mut Option<JournalId>,
    offset: u64,
    line: &Line<'_>,
) -> Verdict {
    judged(chains, journal, line.envelope.partition, |chain| chain.read(offset, &Ok(*line)))
}

/// Lets the chain of a partition judge.
pub(crate) fn judged(
    chains: &mut BTreeMap<PartitionId, Chain>,
    journal: &mut Option<JournalId>,
    partition: PartitionId,
    by: impl FnOnce(&mut Chain) -> Verdict,
) -> Verdict {
    let chain = chains.entry(partition).or_insert_with(|| match *journal {
        Some(journal) => Chain::of_journal(partition, Offsets::Positions, journal),
        None => Chain::new(partition, Offsets::Positions),
    });
    let verdict = by(chain);
    if journal.is_none() {
        *journal = chain.journal();
    }
    if chain.epoch() == 0 {
        chains.remove(&partition);
    }
    verdict
}
