//! Group commit, readers beside the writer, and directories that are not what they should be.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it fails")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use claim_journal::{Entry, PartitionId};
use claim_log::{LogError, ReadLog, Receipt, Start, Unclear};
use claim_log_embedded::{EmbeddedLog, EmbeddedReader, OpenError, Options};

use support::disk::{FaultyDisk, Operation};
use support::*;

#[test] // issue 3 item 8
fn what_waits_shares_one_sync_and_what_is_alone_does_not_wait() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    let before = disk.count(Operation::Sync);
    hands.fill(&log, 3, 50);
    assert_eq!(disk.count(Operation::Sync) - before, 3, "one alone is synced at once");
    disk.hold_syncs();
    let line = hands.line(PartitionId::Program, 50);
    let first = append(&log, PartitionId::Program, vec![line]);
    wait_until(|| reader_sees(&disk) == 4);
    let group: Vec<_> = (0..50)
        .map(|nth| PartitionId::Number(nth % 3))
        .map(|partition| {
            let line = hands.line(partition, 50);
            append(&log, partition, vec![line])
        })
        .collect();
    disk.release_syncs();
    for receipt in std::iter::once(first).chain(group) {
        assert!(matches!(receipt.recv_timeout(PATIENCE).unwrap(), Receipt::Appended { .. }));
    }
    assert_eq!(disk.count(Operation::Sync) - before, 5, "fifty that waited share one");
}

#[test]
fn a_reader_in_the_process_sees_only_what_is_durable() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 3, 50);
    let mut records = log.read(&Start::beginning()).unwrap();
    for _ in 0..3 {
        assert!(records.next().unwrap().is_some());
    }
    let end = log.end();
    disk.hold_syncs();
    let line = hands.line(PartitionId::Number(0), 50);
    let told = append(&log, PartitionId::Number(0), vec![line]);
    wait_until(|| reader_sees(&disk) == 4);
    assert!(records.next().unwrap().is_none(), "written, but not durable");
    assert!(matches!(log.record(PartitionId::Number(0), end), Err(LogError::NoRecord { .. })));
    assert_eq!(log.end(), end);
    disk.release_syncs();
    told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(records.next().unwrap().unwrap().offset, end);
    assert!(log.record(PartitionId::Number(0), end).is_ok());
}

#[test]
fn a_fenced_batch_leaves_no_trace() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 4, 50);
    let before = disk.content(&segment(0));
    let partition = PartitionId::Number(0);
    let good = hands.line(partition, 50);
    let bytes = [b"".to_vec(), b"{}\n".to_vec(), good[..good.len() - 1].to_vec(), good.to_vec()];
    for bad in bytes.map(Entry::from).into_iter().chain([good.clone()]) {
        let told = append(&log, partition, vec![good.clone(), bad]);
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), Receipt::Fenced);
    }
    let elsewhere = append(&log, PartitionId::Number(1), vec![good.clone()]);
    assert_eq!(elsewhere.recv_timeout(PATIENCE).unwrap(), Receipt::Fenced, "it is of another partition");
    assert_eq!(disk.content(&segment(0)), before);
    let told = append(&log, partition, vec![good]);
    let appended = Receipt::Appended { offsets: vec![before.len() as u64] };
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), appended, "at the end as it was");
}

#[test]
fn records_are_found_in_segments_that_were_begun_meanwhile() {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &small_segments(1_500)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 25, 200);
    for (nth, (offset, line)) in hands.told.iter().enumerate() {
        let partition = PartitionId::Number((nth % 3) as u16);
        assert_eq!(log.record(partition, *offset).unwrap(), *line);
        let mut records = log.read(&Start::others_at(*offset)).unwrap();
        assert_eq!(records.next().unwrap().unwrap().offset, *offset);
    }
}

#[test]
fn no_record_begins_within_another() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    let partition = PartitionId::Number(0);
    hands.fill(&log, 1, 50);
    let lead = String::from_utf8(hands.told[0].1.clone()).unwrap();
    let line = hands.decision(partition, &format!("{{\"a\":{lead}}}"));
    let inner = line.windows(5).position(|it| it == b"\"a\":{").unwrap() as u64 + 4;
    hands.append(&log, vec![(partition, line)]);
    let offset = hands.told[1].0;
    assert!(log.record(partition, offset).is_ok());
    assert!(matches!(log.record(partition, offset + inner), Err(LogError::NoRecord { .. })));
}

#[test]
fn a_closed_log_takes_nothing_and_says_so() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 3, 50);
    log.close().unwrap();
    log.close().unwrap();
    assert_eq!(hands.one(&log, 0, 50), Receipt::Unclear(Unclear::Closed));
    assert_eq!(read_all(&*log), hands.told, "it still reads");
    assert!(open(&disk).is_ok(), "and another may write");
}

#[test]
fn a_teller_that_panics_takes_nothing_from_the_others() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    let partition = PartitionId::Number(0);
    let batch = claim_log::Batch { partition, lines: vec![hands.line(partition, 50)] };
    claim_log::Log::append(&*log, batch, Box::new(|_| panic!("a teller that panics")));
    hands.fill(&log, 3, 50);
}

#[test] // a receipt may hold the last handle
fn a_log_may_be_dropped_by_its_own_receipt() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let partition = PartitionId::Number(0);
    let batch = claim_log::Batch { partition, lines: vec![Hands::new().line(partition, 50)] };
    let last = Arc::clone(&log);
    disk.hold_syncs();
    let (tell, told) = std::sync::mpsc::channel();
    let receipt = move |_| {
        drop(last);
        tell.send(()).unwrap();
    };
    claim_log::Log::append(&*log, batch, Box::new(receipt));
    drop(log);
    disk.release_syncs();
    told.recv_timeout(PATIENCE).unwrap();
    wait_until(|| open(&disk).is_ok());
}

#[test]
fn another_process_reads_up_to_the_last_whole_record_and_goes_on() {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &small_segments(2_000)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 10, 100);
    let reader = reader(&disk);
    let mut records = reader.read(&Start::beginning()).unwrap();
    for (offset, line) in &hands.told {
        let stored = records.next().unwrap().unwrap();
        assert_eq!((stored.offset, &stored.line), (*offset, line));
    }
    assert!(records.next().unwrap().is_none());
    hands.fill(&log, 10, 100);
    for (offset, line) in &hands.told[10..] {
        let stored = records.next().unwrap().unwrap();
        assert_eq!((stored.offset, &stored.line), (*offset, line));
        assert_eq!(reader.record(stored.partition, *offset).unwrap(), *line);
    }
    log.close().unwrap();
    let base = hands.told.iter().map(|it| it.0).filter(|it| disk.paths().contains(&segment(*it))).max();
    let path = segment(base.unwrap());
    let whole = disk.content(&path);
    let (offset, line) = hands.told.last().unwrap();
    for torn in [1, line.len() / 2, line.len()] {
        disk.put(&path, &whole[..whole.len() - torn]);
        let mut records = reader.read(&Start::others_at(*offset)).unwrap();
        assert!(records.next().unwrap().is_none(), "a torn tail is not read");
        assert!(records.next().unwrap().is_none());
        disk.remove(&mark());
        let tail = reader.scan(0).unwrap().tail.unwrap();
        assert_eq!((tail.offset, tail.bytes), (*offset, (line.len() + 1 - torn) as u64));
        assert_eq!(disk.content(&path).len(), whole.len() - torn, "nothing is cut");
        disk.put(&path, &whole);
        assert_eq!(records.next().unwrap().unwrap().offset, *offset, "once it is whole");
    }
    let beyond = Start::others_at(offset + 10_000);
    assert!(matches!(reader.read(&beyond), Err(LogError::BeyondEnd { .. })));
}

#[test] // FAULTS F-73: detected on read
fn another_process_tells_damage_from_a_line_that_is_being_written() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 5, 100);
    log.close().unwrap();
    let mut bytes = disk.content(&segment(0));
    bytes[hands.told[2].0 as usize + 30] ^= 1;
    disk.put(&segment(0), &bytes);
    let mut records = reader(&disk).read(&Start::beginning()).unwrap();
    assert!(records.next().unwrap().is_some());
    assert!(records.next().unwrap().is_some());
    let Err(LogError::Damaged { at, .. }) = records.next() else { panic!("read on") };
    assert_eq!(at, format!("log/{:020}.ndjson byte {1} (offset {1})", 0, hands.told[2].0));
}

#[test]
fn f_77_a_second_writer_is_refused_while_readers_read() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = EmbeddedLog::open(dir.path(), &Options::default()).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 5, 100);
    let refused = EmbeddedLog::open(dir.path(), &Options::default());
    let Err(OpenError::Locked { holder, .. }) = refused else { panic!("two writers") };
    assert!(holder.starts_with(&format!("process {}: ", std::process::id())), "{holder}");
    let reader = EmbeddedReader::open(dir.path()).unwrap();
    assert_eq!(read_all(&reader), hands.told);
    assert_eq!(reader.scan(0).unwrap().records, 5);
    hands.fill(&log, 1, 100);
    drop(log);
    assert!(EmbeddedLog::open(dir.path(), &Options::default()).is_ok());
}

#[test] // issue 3 item 19
fn a_directory_that_is_not_ours_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    assert!(matches!(EmbeddedReader::open(&missing), Err(OpenError::Missing { .. })));
    let empty = EmbeddedReader::open(dir.path()).unwrap();
    assert!(read_all(&empty).is_empty());
    assert_eq!(empty.scan(0).unwrap().records, 0);

    let theirs = dir.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("thesis.txt"), "text").unwrap();
    assert!(matches!(EmbeddedReader::open(&theirs), Err(OpenError::NotOurs { .. })));
    let refused = EmbeddedLog::open(&theirs, &Options::default());
    let Err(OpenError::NotOurs { .. }) = refused else { panic!("opened") };
    assert_eq!(fs::read_dir(&theirs).unwrap().count(), 1, "nothing was put there");

    let made = dir.path().join("a/b");
    let (log, _) = EmbeddedLog::open(&made, &Options::default()).unwrap();
    Hands::new().fill(&log, 2, 50);
    drop(log);
    fs::write(made.join("log/notes.txt"), "").unwrap();
    let refused = EmbeddedLog::open(&made, &Options::default());
    let Err(OpenError::Stray { path }) = refused else { panic!("opened") };
    assert!(path.ends_with("log/notes.txt"));

    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(EmbeddedReader::open(&file), Err(OpenError::Io { .. })));
    assert!(EmbeddedLog::open(Path::new(&file), &Options::default()).is_err());
}

/// How many records another process sees.
fn reader_sees(disk: &FaultyDisk) -> usize {
    read_all(&reader(disk)).len()
}

fn wait_until(mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "it never happened");
        thread::yield_now();
    }
}
