//! A log that is opened from a place where a snapshot knew it: what is found behind the place is what reading all of it
//! finds, and a log that is not the known one is told apart.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it fails")]

mod support;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claim_journal::{Chain, Offsets, PartitionId};
use claim_log_embedded::{
    DamageCause, EmbeddedLog, Held, Mismatch, OpenError, Opened, Options, Planted, Standing,
};

use support::disk::{FaultyDisk, Operation};
use support::*;

/// So small that every few records begin a segment.
const SEGMENT_BYTES: u64 = 1_500;

/// A closed log, and what was told of it.
struct Past {
    disk: FaultyDisk,
    told: Vec<(u64, Vec<u8>)>,
}

/// Three leaders one after the other in each of three partitions, over many segments.
fn past() -> Past {
    past_of(5)
}

fn past_of(journal: u128) -> Past {
    let disk = FaultyDisk::default();
    let mut hands = Hands::of_journal(journal);
    for leader in 0..3 {
        let (log, opened) = open_with(&disk, &options()).unwrap();
        if leader > 0 {
            hands.take_over(&opened.chains);
        }
        hands.fill(&log, 11, 60);
        log.close().unwrap();
    }
    Past { disk, told: hands.told }
}

impl Past {
    /// The place before the first record, and the one behind each.
    fn places(&self) -> Vec<u64> {
        let ends = self.told.iter().map(|(offset, line)| offset + line.len() as u64 + 1);
        std::iter::once(0).chain(ends).collect()
    }

    fn end(&self) -> u64 {
        self.places().last().copied().unwrap()
    }

    /// What a snapshot at `end` knew of the log, which had nothing behind it then.
    fn known_at(&self, end: u64) -> Standing {
        let earlier = self.cut_to(end);
        let scan = reader(&earlier).scan(0).unwrap();
        assert_eq!((scan.end, scan.tail, &scan.damage), (end, None, &None));
        Standing { end, records: scan.records, chains: scan.chains }
    }

    /// What snapshots at every place knew.
    fn known(&self) -> Vec<Standing> {
        self.places().into_iter().map(|it| self.known_at(it)).collect()
    }

    /// The log up to `len`, as a copy of its files might hold it, without the mark.
    fn cut_to(&self, len: u64) -> FaultyDisk {
        let disk = self.disk.after_kill();
        disk.remove(&mark());
        for base in self.bases() {
            let content = disk.content(&segment(base));
            match len.checked_sub(base) {
                None => disk.remove(&segment(base)),
                Some(0) if base > 0 => disk.remove(&segment(base)),
                Some(rest) => disk.put(&segment(base), &content[..content.len().min(rest as usize)]),
            }
        }
        disk
    }

    /// The log with `change` made to the bytes of the record that begins at `offset`.
    fn changed(&self, offset: u64, change: impl Fn(&mut [u8])) -> FaultyDisk {
        let disk = self.disk.after_kill();
        let path = disk.segment_of(offset);
        let base = self.bases().into_iter().rfind(|&it| it <= offset).unwrap();
        let len = self.told.iter().find(|it| it.0 == offset).unwrap().1.len();
        let mut bytes = disk.content(&path);
        change(&mut bytes[(offset - base) as usize..][..len]);
        disk.put(&path, &bytes);
        disk
    }

    fn bases(&self) -> Vec<u64> {
        let base = |it: &PathBuf| it.file_name()?.to_str()?.strip_suffix(".ndjson")?.parse().ok();
        self.disk.paths().iter().filter_map(base).collect()
    }
}

fn options() -> Options {
    small_segments(SEGMENT_BYTES)
}

fn hold(disk: &FaultyDisk) -> Held {
    EmbeddedLog::hold_on(Arc::new(disk.clone()), Path::new(DATA), Planted::default()).unwrap()
}

fn open_from(disk: &FaultyDisk, known: &Standing) -> Result<(Arc<EmbeddedLog>, Opened), OpenError> {
    let held = hold(disk);
    let compared = held.compare(known)?.unwrap_or_else(|it| panic!("at {}: {it:?}", known.end));
    held.open(&options(), Some(compared))
}

fn mismatch(disk: &FaultyDisk, known: &Standing) -> Mismatch {
    hold(disk).compare(known).unwrap().err().unwrap_or_else(|| panic!("it holds all at {}", known.end))
}

/// All that opening came to: what it found, and what it made of the segments.
fn outcome(disk: &FaultyDisk, opened: Result<(Arc<EmbeddedLog>, Opened), OpenError>) -> String {
    let found = match opened {
        Ok((_, opened)) => format!("{opened:?}"),
        Err(OpenError::Damaged { damage, .. }) => format!("{damage:?}"),
        Err(other) => panic!("{other:?}"),
    };
    let segments = disk.paths().into_iter().filter(|it| it.starts_with(Path::new(DATA).join("log")));
    let left: Vec<_> = segments.map(|it| (disk.content(&it), it)).collect();
    format!("{found} {left:?}")
}

/// Opens copies of the disk from its beginning and from each place before `limit`: all must come to the same.
fn opens_the_same_from_everywhere(disk: &FaultyDisk, known: &[Standing], limit: u64, what: &str) {
    let whole = disk.after_kill();
    let expected = outcome(&whole, open_with(&whole, &options()));
    for known in known.iter().filter(|it| it.end <= limit) {
        let resumed = disk.after_kill();
        assert_eq!(outcome(&resumed, open_from(&resumed, known)), expected, "{what}, from {}", known.end);
    }
}

#[test]
fn a_log_opened_from_any_record_on_is_the_one_that_was_read_whole() {
    let past = past();
    let known = past.known();
    assert!(past.bases().len() > 5);
    assert!(past.bases().iter().all(|base| known.iter().any(|it| it.end == *base)), "places at segments");
    assert!(known.last().unwrap().chains.values().all(|it| it.epoch() == 3 && it.settings().is_some()));
    opens_the_same_from_everywhere(&past.disk, &known, past.end(), "whole");
    for known in &known {
        let disk = past.disk.after_kill();
        let (log, opened) = open_from(&disk, known).unwrap();
        let mut hands = Hands::taking_over(&opened.chains, past.told.clone());
        hands.fill(&log, 4, 60);
        assert_eq!(read_all(&*log), hands.told, "from {}", known.end);
        log.close().unwrap();
        let scan = reader(&disk).scan(0).unwrap();
        assert_eq!((scan.records, scan.tail, scan.damage), (hands.told.len() as u64, None, None));
    }
}

#[test]
fn a_log_goes_on_from_a_segment_that_was_just_begun() {
    let past = past();
    past.disk.put(&segment(past.end()), b"");
    opens_the_same_from_everywhere(&past.disk, &past.known(), past.end(), "an empty segment");
}

#[test]
fn a_log_of_nothing_but_the_known_goes_on() {
    let disk = FaultyDisk::default();
    let (log, opened) = open_from(&disk, &Standing::default()).unwrap();
    assert_eq!((opened.end, opened.records), (0, 0));
    let mut hands = Hands::new();
    hands.fill(&log, 3, 60);
    assert_eq!(read_all(&*log), hands.told);
}

#[test] // F-71
fn f_71_a_tail_torn_at_any_place_behind_the_known_one_is_cut_the_same() {
    let past = past();
    let known = past.known();
    let mut lens: Vec<u64> = (0..past.end()).step_by(229).collect();
    lens.extend(past.places().iter().flat_map(|&it| [it.saturating_sub(1), it, it + 1]));
    for len in lens.into_iter().filter(|&it| it <= past.end()) {
        opens_the_same_from_everywhere(&past.cut_to(len), &known, len, &format!("torn at {len}"));
    }
}

#[test] // F-73, F-74
fn f_73_rot_and_holes_behind_the_known_place_are_told_at_the_same_place() {
    let past = past();
    let known = past.known();
    for (nth, &(offset, _)) in past.told.iter().enumerate() {
        let rotten = past.changed(offset, |it| it[it.len() / 2] ^= 4);
        let holed = past.changed(offset, |it| it.fill(0));
        for (disk, what) in [(rotten, "rot"), (holed, "a hole")] {
            opens_the_same_from_everywhere(&disk, &known, offset, &format!("{what} in record {nth}"));
            disk.remove(&mark());
            let what = format!("{what} in record {nth}, no mark");
            opens_the_same_from_everywhere(&disk, &known, offset, &what);
        }
    }
}

#[test] // F-75
fn f_75_a_record_behind_the_known_place_that_does_not_belong_there_is_told_the_same() {
    let past = past();
    let other = past_of(6);
    let known = past.known();
    assert_eq!(past.places(), other.places());
    for (nth, &(offset, _)) in past.told.iter().enumerate() {
        let foreign = &other.told[nth].1;
        let disk = past.changed(offset, |it| it.copy_from_slice(foreign));
        opens_the_same_from_everywhere(&disk, &known, offset, &format!("foreign record {nth}"));
    }
}

#[test] // F-38, F-75
fn f_75_a_log_that_ends_before_its_mark_is_damage_from_any_known_place() {
    let past = past();
    let known = past.known();
    for &len in &past.places()[1..] {
        let older = past.cut_to(len);
        older.put(&mark(), &past.disk.content(&mark()));
        opens_the_same_from_everywhere(&older, &known, len, &format!("an older copy of {len} bytes"));
    }
}

#[test]
fn damage_before_the_known_place_is_not_read_when_opening_and_is_by_a_scan() {
    let past = past();
    let known = past.known();
    // The last record of each partition is compared.
    let unread = past.told.len() - 3;
    for (nth, &(offset, _)) in past.told[..unread].iter().enumerate() {
        let disk = past.changed(offset, |it| it[20] ^= 1);
        let compared = |it: &&Standing| checkpoints(it).any(|it| it.1 == offset);
        let known = known.iter().find(|it| it.end > offset && !compared(it)).unwrap();
        assert_eq!(reader(&disk).scan(0).unwrap().damage.unwrap().at.offset, offset);
        let (_, opened) = open_from(&disk, known).unwrap();
        assert_eq!((opened.end, opened.records), (past.end(), past.told.len() as u64), "record {nth}");
    }
}

#[test]
fn an_older_copy_is_not_the_log_that_was_known() {
    let past = past();
    for known in past.known() {
        for len in past.places().into_iter().flat_map(|it| [it, it.saturating_sub(1)]) {
            if len < known.end {
                let found = mismatch(&past.cut_to(len), &known);
                assert_eq!(found, Mismatch::Shorter { len, end: known.end });
            }
        }
    }
}

#[test]
fn a_changed_record_of_a_checkpoint_is_told() {
    let past = past();
    for known in past.known() {
        for (partition, offset) in checkpoints(&known) {
            let disk = past.changed(offset, |it| it[it.len() / 2] ^= 4);
            assert_eq!(mismatch(&disk, &known), Mismatch::Record { partition, offset });
        }
    }
}

#[test]
fn the_log_of_another_journal_is_told() {
    let (past, other) = (past(), past_of(6));
    for known in past.known().iter().skip(1) {
        let (partition, offset) = checkpoints(known).next().unwrap();
        assert_eq!(mismatch(&other.disk, known), Mismatch::Record { partition, offset });
    }
}

#[test]
fn a_place_where_no_known_record_ends_is_told() {
    let past = past();
    for known in past.known() {
        let found = known.end;
        for end in past.places().into_iter().chain([found + 1]).filter(|&it| found < it && it <= past.end()) {
            let moved = Standing { end, ..known.clone() };
            assert_eq!(mismatch(&past.disk, &moved), Mismatch::End { found, end });
        }
        let last = checkpoints(&known).max_by_key(|it| it.1);
        let Some((_, offset)) = last else { continue };
        for end in [0, offset, offset + 1, found - 1] {
            let told = mismatch(&past.disk, &Standing { end, ..known.clone() });
            assert!(matches!(told, Mismatch::Record { .. }), "{end}: {told:?}");
        }
    }
}

#[test]
fn a_missing_segment_is_told() {
    let past = past();
    let bases = past.bases();
    for known in past.known().iter().skip(1) {
        for (nth, &base) in bases.iter().enumerate() {
            let disk = past.disk.after_kill();
            disk.remove(&segment(base));
            if nth + 1 < bases.len() {
                let Mismatch::Segments(damage) = mismatch(&disk, known) else { panic!("segment {base}") };
                assert_eq!(damage.at.offset, base);
                assert_eq!(damage.cause, DamageCause::Segments { next: bases[nth + 1] });
            } else if known.end > base {
                assert_eq!(mismatch(&disk, known), Mismatch::Shorter { len: base, end: known.end });
            }
        }
    }
}

#[test] // the last word is with opening
fn a_log_that_shrank_after_it_was_compared_is_damage_and_not_written_to() {
    let past = past();
    let known = past.known_at(past.end());
    let disk = past.cut_to(past.end());
    let held = hold(&disk);
    let compared = held.compare(&known).unwrap().unwrap();
    let base = past.bases().last().copied().unwrap();
    disk.remove(&segment(base));
    let Err(OpenError::Damaged { damage, .. }) = held.open(&options(), Some(compared)) else {
        panic!("opened");
    };
    assert_eq!(damage.at.offset, base);
    assert_eq!(damage.cause, DamageCause::EndsEarly { known_end: known.end });
}

#[test]
fn chains_known_by_their_checkpoints_alone_go_on() {
    let past = past();
    for known in past.known() {
        let resume = |(&it, chain): (&PartitionId, &Chain)| {
            (it, Chain::resume(it, Offsets::Positions, chain.checkpoint().unwrap()))
        };
        let mut chains: BTreeMap<_, _> = known.chains.iter().map(resume).collect();
        // A chain before its first record is no different from none.
        chains.insert(PartitionId::Program, Chain::new(PartitionId::Program, Offsets::Positions));
        let disk = past.disk.after_kill();
        let (log, opened) = open_from(&disk, &Standing { chains, ..known }).unwrap();
        assert_eq!(opened.chains.len(), 3);
        let expected = past.known_at(past.end()).chains;
        for (partition, chain) in &opened.chains {
            assert_eq!(chain.checkpoint(), expected[partition].checkpoint());
            assert_eq!(chain.journal(), expected[partition].journal());
        }
        let mut hands = Hands::taking_over(&opened.chains, past.told.clone());
        hands.fill(&log, 4, 60);
        assert_eq!(read_all(&*log), hands.told);
    }
}

#[test] // F-77
fn f_77_a_directory_is_held_before_its_log_is_read() {
    let disk = FaultyDisk::default();
    let held = hold(&disk);
    assert!(matches!(open(&disk), Err(OpenError::Locked { .. })));
    drop(held);
    assert!(open(&disk).is_ok());
}

#[test] // F-78
fn f_78_a_disk_that_fails_while_comparing_is_no_mismatch() {
    let past = past();
    let known = past.known_at(past.end());
    for nth in 0..past.bases().len() + known.chains.len() {
        let disk = past.disk.after_kill();
        disk.fail(Operation::Open, nth, ErrorKind::PermissionDenied);
        let compared = hold(&disk).compare(&known);
        assert!(matches!(compared, Err(OpenError::Io { .. })), "open {nth}: {compared:?}");
    }
}

fn checkpoints(known: &Standing) -> impl Iterator<Item = (PartitionId, u64)> {
    known.chains.iter().map(|(&it, chain)| (it, chain.checkpoint().unwrap().offset))
}
