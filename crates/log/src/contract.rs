//! The suite that every log must pass: the rest of the definition of [`Log`]. Only for tests, so it panics.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arrivals;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use claim_journal::{
    Chain, Entry, JournalId, Kind, LeaderId, Line, Offsets, PartitionId, Pen, Settings, Verdict,
};
use uuid::Uuid;

pub use arrivals::arrivals_reach_the_end;

use crate::{Batch, Log, LogError, Receipt, Start, Stored};

/// A log under test, and the storage that outlives its handles.
pub trait Subject {
    /// Opens the storage: empty the first time, later with all that was appended.
    fn open(&mut self) -> Arc<dyn Log>;
    /// Closes a handle, so that the storage can be opened again.
    fn close(&mut self, log: Arc<dyn Log>);
    /// What offsets mean on this log.
    fn offsets(&self) -> Offsets;
}

/// Runs the whole suite; `fresh` makes a subject with empty storage each time.
pub fn run<S: Subject>(mut fresh: impl FnMut() -> S) {
    an_empty_log_has_no_records(&mut fresh());
    what_was_appended_is_read_back_byte_for_byte(&mut fresh());
    receipts_come_in_the_order_of_appends(&mut fresh());
    what_is_appended_together_is_as_if_appended_one_by_one(&mut fresh());
    what_was_appended_outlives_the_handle(&mut fresh());
    a_record_is_read_again_by_its_offset(&mut fresh());
    reading_starts_where_it_is_told(&mut fresh());
    every_partition_keeps_its_own_order(&mut fresh());
    a_big_batch_is_whole(&mut fresh());
    the_second_leader_ends_the_reign_of_the_first(&mut fresh());
    a_reader_beside_the_writer_sees_one_growing_chain(&mut fresh());
}

const PARTITION: PartitionId = PartitionId::Number(0);

/// How long to wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(30);

fn settings() -> Settings {
    Settings { slots: 4096, partitions: 8, simulated: false }
}

fn pen(chain: &Chain, leader: u128) -> Pen {
    let journal = chain.journal().unwrap_or(JournalId(Uuid::from_u128(77)));
    Pen::new(chain, journal, LeaderId(Uuid::from_u128(leader)))
}

/// A pen that leads a new partition, and its first line.
fn begin(subject: &dyn Subject, partition: PartitionId) -> (Pen, Entry) {
    let mut pen = pen(&Chain::new(partition, subject.offsets()), 1);
    let line = pen.lead("1.0.0", 1, Some(&settings())).unwrap();
    (pen, line)
}

fn decisions(pen: &mut Pen, count: usize) -> Vec<Entry> {
    (0..count).map(|nth| pen.write(Kind::Decision, 1, &format!("{{\"nth\":{nth}}}"), 0).unwrap()).collect()
}

fn append(log: &dyn Log, partition: PartitionId, lines: &[Entry]) -> Receiver<Receipt> {
    let (tell, told) = channel();
    let batch = Batch { partition, lines: lines.to_vec() };
    log.append(batch, Box::new(move |receipt| drop(tell.send(receipt))));
    told
}

/// Appends and waits for the offsets.
fn put(log: &dyn Log, partition: PartitionId, lines: &[Entry]) -> Vec<u64> {
    match append(log, partition, lines).recv_timeout(PATIENCE) {
        Ok(Receipt::Appended { offsets }) => offsets,
        other => panic!("appending should succeed: {other:?}"),
    }
}

/// Everything from `start` on; waits until `count` records were there.
fn read(log: &dyn Log, start: &Start, count: usize) -> Vec<Stored> {
    let mut records = log.read(start).unwrap();
    let mut found = Vec::new();
    let began = Instant::now();
    while found.len() < count && began.elapsed() < PATIENCE {
        match records.next().unwrap() {
            Some(stored) => found.push(stored),
            None => thread::sleep(Duration::from_millis(1)),
        }
    }
    while let Some(stored) = records.next().unwrap() {
        found.push(stored);
    }
    found
}

fn lines(stored: &[Stored]) -> Vec<Entry> {
    stored.iter().map(|it| [&it.line[..], b"\n"].concat().into()).collect()
}

/// An empty log is at its end, and goes on when something comes.
pub fn an_empty_log_has_no_records(subject: &mut dyn Subject) {
    let log = subject.open();
    let mut records = log.read(&Start::beginning()).unwrap();
    assert!(records.next().unwrap().is_none());
    assert!(matches!(log.record(PARTITION, 0), Err(LogError::NoRecord { .. })));
    let (_, lead) = begin(subject, PARTITION);
    put(&*log, PARTITION, std::slice::from_ref(&lead));
    let began = Instant::now();
    let stored = loop {
        match records.next().unwrap() {
            Some(stored) => break stored,
            None if began.elapsed() > PATIENCE => panic!("the appended record never came"),
            None => thread::sleep(Duration::from_millis(1)),
        }
    };
    assert_eq!(lines(&[stored]), [lead]);
    drop(records);
    subject.close(log);
}

/// The same bytes, at the offsets that were told, in the order of the batch.
pub fn what_was_appended_is_read_back_byte_for_byte(subject: &mut dyn Subject) {
    let log = subject.open();
    let (mut pen, lead) = begin(subject, PARTITION);
    let batch = [vec![lead], decisions(&mut pen, 5)].concat();
    let offsets = put(&*log, PARTITION, &batch);
    let stored = read(&*log, &Start::beginning(), 6);
    assert_eq!(lines(&stored), batch);
    assert_eq!(stored.iter().map(|it| it.offset).collect::<Vec<_>>(), offsets);
    assert!(stored.iter().all(|it| it.partition == PARTITION));
    assert!(stored.windows(2).all(|it| it[0].next <= it[1].offset && it[0].offset < it[0].next));
    subject.close(log);
}

/// However many appends are in flight, their receipts come in order, each told once.
pub fn receipts_come_in_the_order_of_appends(subject: &mut dyn Subject) {
    let log = subject.open();
    let (mut pen, lead) = begin(subject, PARTITION);
    let all = [vec![lead], decisions(&mut pen, 200)].concat();
    let (tell, told) = channel();
    for (nth, line) in all.iter().enumerate() {
        let tell = tell.clone();
        let batch = Batch { partition: PARTITION, lines: vec![line.clone()] };
        log.append(batch, Box::new(move |receipt| drop(tell.send((nth, receipt)))));
    }
    drop(tell);
    let mut last = None;
    for expected in 0..all.len() {
        let (nth, receipt) = told.recv_timeout(PATIENCE).unwrap();
        assert_eq!(nth, expected);
        let Receipt::Appended { offsets } = receipt else { panic!("appending should succeed: {receipt:?}") };
        assert_eq!(offsets.len(), 1);
        assert!(Some(offsets[0]) > last, "offsets grow");
        last = Some(offsets[0]);
    }
    assert!(told.recv_timeout(PATIENCE).is_err(), "each receipt is told once");
    assert_eq!(lines(&read(&*log, &Start::beginning(), all.len())), all);
    subject.close(log);
}

/// Batches of several partitions, appended at once: the same receipts, in the order of each partition, and the same
/// records.
pub fn what_is_appended_together_is_as_if_appended_one_by_one(subject: &mut dyn Subject) {
    let log = subject.open();
    let other = PartitionId::Number(1);
    let (mut first, first_lead) = begin(subject, PARTITION);
    let (mut second, second_lead) = begin(subject, other);
    let batches = [
        (PARTITION, vec![first_lead]),
        (other, vec![second_lead]),
        (PARTITION, decisions(&mut first, 2)),
        (other, decisions(&mut second, 3)),
        (PARTITION, decisions(&mut first, 1)),
    ];
    let (tell, told) = channel();
    let all = batches.iter().enumerate().map(|(nth, (partition, lines))| {
        let tell = tell.clone();
        let batch = Batch { partition: *partition, lines: lines.clone() };
        let tell: crate::Tell = Box::new(move |receipt| drop(tell.send((nth, receipt))));
        (batch, tell)
    });
    log.append_all(all.collect());
    let mut waiting: Vec<_> = (0..batches.len()).collect();
    for _ in 0..batches.len() {
        let (nth, receipt) = told.recv_timeout(PATIENCE).unwrap();
        let (partition, lines) = &batches[nth];
        // Where partitions share one sequence, so do their receipts.
        let alike = |it: &&usize| subject.offsets() == Offsets::Positions || batches[**it].0 == *partition;
        assert_eq!(waiting.iter().find(alike), Some(&nth), "the next of its partition");
        waiting.retain(|it| *it != nth);
        let Receipt::Appended { offsets } = receipt else { panic!("appending should succeed: {receipt:?}") };
        assert_eq!(offsets.len(), lines.len());
    }
    for partition in [PARTITION, other] {
        let written: Vec<_> =
            batches.iter().filter(|it| it.0 == partition).flat_map(|it| it.1.clone()).collect();
        let start = Start::nowhere().at(partition, 0);
        assert_eq!(lines(&read(&*log, &start, written.len())), written);
    }
    subject.close(log);
}

/// Reopened, a log gives the same records and takes more.
pub fn what_was_appended_outlives_the_handle(subject: &mut dyn Subject) {
    let log = subject.open();
    let (mut pen, lead) = begin(subject, PARTITION);
    let before = [vec![lead], decisions(&mut pen, 3)].concat();
    put(&*log, PARTITION, &before);
    let first = read(&*log, &Start::beginning(), 4);
    subject.close(log);
    let log = subject.open();
    assert_eq!(read(&*log, &Start::beginning(), 4), first);
    let after = decisions(&mut pen, 2);
    put(&*log, PARTITION, &after);
    assert_eq!(lines(&read(&*log, &Start::beginning(), 6)), [before, after].concat());
    subject.close(log);
}

/// One line by its offset; other offsets and other partitions have none there.
pub fn a_record_is_read_again_by_its_offset(subject: &mut dyn Subject) {
    let log = subject.open();
    let (mut pen, lead) = begin(subject, PARTITION);
    let batch = [vec![lead], decisions(&mut pen, 20)].concat();
    let offsets = put(&*log, PARTITION, &batch);
    for (offset, line) in offsets.iter().zip(&batch).rev() {
        assert_eq!(log.record(PARTITION, *offset).unwrap(), line[..line.len() - 1]);
    }
    let beyond = offsets[20] + 100_000;
    assert!(matches!(log.record(PARTITION, beyond), Err(LogError::NoRecord { .. })));
    assert!(matches!(log.record(PartitionId::Program, offsets[3]), Err(LogError::NoRecord { .. })));
    subject.close(log);
}

/// A reader gets what it named from where it named it, and nothing else.
pub fn reading_starts_where_it_is_told(subject: &mut dyn Subject) {
    let log = subject.open();
    let partitions = [PARTITION, PartitionId::Number(1), PartitionId::Program];
    let mut offsets = BTreeMap::new();
    for partition in partitions {
        let (mut pen, lead) = begin(subject, partition);
        let batch = [vec![lead], decisions(&mut pen, 4)].concat();
        offsets.insert(partition, put(&*log, partition, &batch));
    }
    let at = |partition, nth: usize| offsets[&partition][nth];
    let start = Start::nowhere()
        .at(PARTITION, at(PARTITION, 3))
        .at(PartitionId::Program, at(PartitionId::Program, 1));
    let stored = read(&*log, &start, 6);
    let of = |partition| {
        stored.iter().filter(|it| it.partition == partition).map(|it| it.offset).collect::<Vec<_>>()
    };
    assert_eq!(of(PARTITION), offsets[&PARTITION][3..]);
    assert_eq!(of(PartitionId::Program), offsets[&PartitionId::Program][1..]);
    assert_eq!(stored.len(), 6);
    let stored = read(&*log, &Start::beginning().at(PARTITION, at(PARTITION, 4)), 11);
    assert_eq!(stored.len(), 11, "partitions that are not named are read from the beginning");
    let beyond = Start::nowhere().at(PARTITION, at(PartitionId::Program, 4) + 100_000);
    assert!(matches!(log.read(&beyond), Err(LogError::BeyondEnd { .. })));
    subject.close(log);
}

/// Partitions are written side by side; each reads as one valid chain.
pub fn every_partition_keeps_its_own_order(subject: &mut dyn Subject) {
    let log = subject.open();
    let partitions: Vec<_> =
        (0..8).map(PartitionId::Number).chain([PartitionId::Program, PartitionId::Identity]).collect();
    let mut pens = Vec::new();
    let mut told = Vec::new();
    for &partition in &partitions {
        let (pen, lead) = begin(subject, partition);
        told.push(append(&*log, partition, &[lead]));
        pens.push(pen);
    }
    for _ in 0..20 {
        for pen in &mut pens {
            let line = decisions(pen, 1);
            told.push(append(&*log, pen.partition(), &line));
        }
    }
    for receipt in told {
        assert!(matches!(receipt.recv_timeout(PATIENCE), Ok(Receipt::Appended { .. })));
    }
    let stored = read(&*log, &Start::beginning(), 210);
    let chains = fold(subject, &stored);
    assert_eq!(chains.keys().copied().collect::<Vec<_>>(), partitions);
    for pen in &pens {
        let chain = &chains[&pen.partition()];
        assert_eq!((chain.sequence(), chain.head()), (20, Some(pen.head())));
    }
    subject.close(log);
}

/// Thousands of lines in one batch are one append.
pub fn a_big_batch_is_whole(subject: &mut dyn Subject) {
    let log = subject.open();
    let (mut pen, lead) = begin(subject, PARTITION);
    put(&*log, PARTITION, &[lead]);
    let text = "x".repeat(900);
    let batch: Vec<_> = (0..3_000)
        .map(|_| pen.write(Kind::Decision, 1, &format!("{{\"text\":\"{text}\"}}"), 0).unwrap())
        .collect();
    assert_eq!(put(&*log, PARTITION, &batch).len(), 3_000);
    let stored = read(&*log, &Start::beginning(), 3_001);
    assert_eq!(lines(&stored[1..]), batch);
    subject.close(log);
}

/// Once a second leader leads, nothing of the first is valid any more (FAULTS F-04).
pub fn the_second_leader_ends_the_reign_of_the_first(subject: &mut dyn Subject) {
    let log = subject.open();
    let (mut first, lead) = begin(subject, PARTITION);
    put(&*log, PARTITION, &[vec![lead], decisions(&mut first, 3)].concat());
    let stored = read(&*log, &Start::beginning(), 4);
    let mut second = pen(&fold(subject, &stored)[&PARTITION], 2);
    put(&*log, PARTITION, &[second.lead("1.0.1", 1, None).unwrap()]);
    let late = append(&*log, PARTITION, &decisions(&mut first, 1)).recv_timeout(PATIENCE).unwrap();
    assert!(!matches!(late, Receipt::Unclear(_)), "{late:?}");
    let on = decisions(&mut second, 2);
    put(&*log, PARTITION, &on);
    let chain = &fold(subject, &read(&*log, &Start::beginning(), 7))[&PARTITION];
    assert_eq!((chain.epoch(), chain.sequence()), (2, 5));
    assert_eq!(chain.head(), Some(second.head()));
    subject.close(log);
}

/// While one thread appends, another reads: one chain that only grows, and never behind what was told.
pub fn a_reader_beside_the_writer_sees_one_growing_chain(subject: &mut dyn Subject) {
    let log = subject.open();
    let offsets = subject.offsets();
    let (mut pen, lead) = begin(subject, PARTITION);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut chain = Chain::new(PARTITION, offsets);
            let mut records = log.read(&Start::beginning()).unwrap();
            loop {
                let last_round = done.load(Ordering::SeqCst);
                while let Some(stored) = records.next().unwrap() {
                    let verdict = chain.read(stored.offset, &Line::parse(&stored.line));
                    assert_eq!(verdict, Verdict::Valid);
                }
                if last_round {
                    return chain.sequence();
                }
                thread::yield_now();
            }
        });
        put(&*log, PARTITION, &[lead]);
        for _ in 0..100 {
            put(&*log, PARTITION, &decisions(&mut pen, 3));
        }
        done.store(true, Ordering::SeqCst);
        assert_eq!(reader.join().unwrap(), 300);
    });
    subject.close(log);
}

/// The chains of all partitions; nothing may halt them.
fn fold(subject: &dyn Subject, stored: &[Stored]) -> BTreeMap<PartitionId, Chain> {
    let mut chains = BTreeMap::new();
    for it in stored {
        let chain = chains.entry(it.partition).or_insert_with(|| Chain::new(it.partition, subject.offsets()));
        let verdict = chain.read(it.offset, &Line::parse(&it.line));
        assert!(!matches!(verdict, Verdict::Halt(_)), "{verdict:?}");
    }
    chains
}
