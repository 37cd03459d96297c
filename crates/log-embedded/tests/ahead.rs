//! The way ahead: zeros behind the last record are prepared room, and no part of the log for anyone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it fails")]

mod support;

use std::thread;
use std::time::{Duration, Instant};

use claim_journal::PartitionId;
use claim_log::{LogError, ReadLog, Start};
use claim_log_embedded::{Ahead, EmbeddedLog, Options};
use support::disk::FaultyDisk;
use support::*;

/// Room for some records, made before each group that lacks it.
fn prepared(segment_bytes: u64) -> Options {
    let ahead = Ahead { bytes: 4_000, step: 1_500, idle: None };
    Options { ahead, ..small_segments(segment_bytes) }
}

/// What a disk holds at this moment, as a process that is killed leaves it.
fn killed(disk: &FaultyDisk) -> FaultyDisk {
    let left = FaultyDisk::default();
    disk.paths().iter().for_each(|it| left.put(it, &disk.content(it)));
    left
}

fn ends_in_zeros(disk: &FaultyDisk, base: u64) -> bool {
    disk.content(&segment(base)).last() == Some(&0)
}

#[test] // F-09, F-38: an end that a view knew is beyond the records, however long the file is
fn a_reader_beside_the_writer_sees_the_records_and_not_the_room() {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &prepared(1 << 20)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 7, 100);
    assert!(ends_in_zeros(&disk, 0), "room is prepared");
    let reader = reader(&disk);
    assert_eq!(read_all(&reader), hands.told);
    let scan = reader.scan(0).unwrap();
    assert_eq!((scan.end, scan.tail, scan.damage), (log.end(), None, None));
    let beyond = reader.read(&Start::others_at(log.end() + 1)).err().unwrap();
    assert!(matches!(beyond, LogError::BeyondEnd { end, .. } if end == log.end()), "{beyond:?}");
    let nothing = reader.record(PartitionId::Number(0), log.end());
    assert!(matches!(nothing, Err(LogError::NoRecord { .. })), "{nothing:?}");
    log.close().unwrap();
}

#[test]
fn a_reader_follows_into_the_room_and_into_the_next_segment() {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &prepared(6_000)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 3, 100);
    let reader = reader(&disk);
    let mut records = reader.read(&Start::beginning()).unwrap();
    let mut seen = 0;
    for _ in 0..20 {
        while let Some(stored) = records.next().unwrap() {
            assert_eq!((stored.offset, stored.line), hands.told[seen]);
            seen += 1;
        }
        assert_eq!(seen, hands.told.len());
        hands.fill(&log, 3, 100);
    }
    assert!(disk.paths().iter().filter(|it| it.extension().is_some()).count() > 3, "several segments");
    log.close().unwrap();
}

#[test]
fn what_is_left_of_the_room_is_cut_off_with_the_segment_and_with_the_process() {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &prepared(3_000)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 20, 100);
    log.close().unwrap();
    let mut length = 0;
    for path in disk.paths().iter().filter(|it| it.extension().is_some()) {
        let bytes = disk.content(path);
        assert!(!bytes.contains(&0), "{}", path.display());
        length += bytes.len() as u64;
    }
    assert_eq!(length, log.end());
}

#[test]
fn a_process_that_was_killed_leaves_room_and_no_torn_tail() {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &prepared(1 << 20)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 5, 100);
    let left = killed(&disk);
    assert!(ends_in_zeros(&left, 0));
    let (again, opened) = open_with(&left, &unprepared()).unwrap();
    assert_eq!((opened.cut, opened.end), (None, log.end()), "nothing was torn");
    assert_eq!(read_all(&*again), hands.told);
    assert!(!left.content(&segment(0)).contains(&0), "cut off");
    log.close().unwrap();
}

#[test] // F-71
fn a_record_that_was_torn_in_the_room_is_a_torn_tail() {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &prepared(1 << 20)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 5, 100);
    let left = killed(&disk);
    let mut bytes = left.content(&segment(0));
    let (last, line) = hands.told.pop().unwrap();
    let last = last as usize;
    bytes[last + line.len() / 2..=last + line.len()].fill(0);
    left.put(&segment(0), &bytes);
    left.put(&mark(), b"");
    let (again, opened) = open_with(&left, &unprepared()).unwrap();
    assert_eq!(opened.cut.map(|it| it.offset), Some(last as u64));
    assert_eq!(read_all(&*again), hands.told);
    log.close().unwrap();
}

#[test] // F-73: zeros in the midst of records are damage, as ever
fn a_record_that_became_zeros_is_named() {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &prepared(1 << 20)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 5, 100);
    let (at, line) = &hands.told[2];
    let mut bytes = disk.content(&segment(0));
    bytes[*at as usize..*at as usize + line.len()].fill(0);
    disk.put(&segment(0), &bytes);
    let mut records = reader(&disk).read(&Start::beginning()).unwrap();
    assert!(records.next().unwrap().is_some() && records.next().unwrap().is_some());
    let named = records.next();
    assert!(matches!(named, Err(LogError::Damaged { .. })), "{named:?}");
    log.close().unwrap();
}

#[test] // F-70: others need the last of the disk more than the way ahead does
fn what_a_full_disk_has_no_room_for_is_given_back() {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &prepared(1 << 20)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 1, 100);
    let held = disk.content(&segment(0)).len();
    disk.set_capacity(Some(held + 1_200));
    while ends_in_zeros(&disk, 0) {
        hands.fill(&log, 1, 100);
    }
    assert_eq!(disk.content(&segment(0)).len() as u64, log.end(), "no zeros are left");
    assert_eq!(read_all(&*log), hands.told);
    log.close().unwrap();
}

#[test]
fn room_is_prepared_while_nothing_is_to_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let ahead = Ahead { bytes: 300_000, step: 70_000, idle: Some(Duration::from_millis(1)) };
    let (log, _) = EmbeddedLog::open(dir.path(), &Options { ahead, ..Options::default() }).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 3, 100);
    let file = dir.path().join("log").join(segment(0).file_name().unwrap());
    let length = || std::fs::metadata(&file).unwrap().len();
    let begun = Instant::now();
    while length() < 300_000 && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
    let full = length();
    assert!((300_000..=300_000 + log.end()).contains(&full), "{full}");
    hands.fill(&log, 3, 100);
    assert_eq!(length(), full, "no more is prepared until half of it is used up");
    log.close().unwrap();
    assert_eq!(length(), log.end());
}
