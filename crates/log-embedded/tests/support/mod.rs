//! A writer of test records, and a disk that fails.

#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "each test file uses its part")]

pub(crate) mod disk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use claim_journal::{
    Chain, Entry, JournalId, Kind, LeaderId, Line, Offsets, PartitionId, Pen, Settings, Verdict,
};
use claim_log::{Batch, Log, ReadLog, Receipt, Start};
use claim_log_embedded::{Ahead, EmbeddedLog, EmbeddedReader, OpenError, Opened, Options};
use uuid::Uuid;

use disk::FaultyDisk;

pub(crate) const DATA: &str = "/data";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The path of the segment that begins at `base`.
pub(crate) fn segment(base: u64) -> PathBuf {
    Path::new(DATA).join("log").join(format!("{base:020}.ndjson"))
}

pub(crate) fn mark() -> PathBuf {
    Path::new(DATA).join("log-end")
}

/// A log whose files hold its records and nothing else, at any moment.
pub(crate) fn unprepared() -> Options {
    Options { ahead: Ahead::NONE, ..Options::default() }
}

pub(crate) fn small_segments(segment_bytes: u64) -> Options {
    Options { segment_bytes, ..unprepared() }
}

pub(crate) fn open(disk: &FaultyDisk) -> Result<(Arc<EmbeddedLog>, Opened), OpenError> {
    open_with(disk, &unprepared())
}

pub(crate) fn open_with(
    disk: &FaultyDisk,
    options: &Options,
) -> Result<(Arc<EmbeddedLog>, Opened), OpenError> {
    EmbeddedLog::open_on(Arc::new(disk.clone()), Path::new(DATA), options)
}

pub(crate) fn reader(disk: &FaultyDisk) -> EmbeddedReader {
    EmbeddedReader::open_on(Arc::new(disk.clone()), Path::new(DATA)).unwrap()
}

/// The pens of several partitions, and all that was acknowledged to them.
pub(crate) struct Hands {
    pens: BTreeMap<PartitionId, Pen>,
    journal: JournalId,
    nth: usize,
    /// Offset and line, without its line feed, of every record told to be appended.
    pub(crate) told: Vec<(u64, Vec<u8>)>,
}

impl Hands {
    pub(crate) fn new() -> Self {
        Self { pens: BTreeMap::new(), journal: JournalId(Uuid::from_u128(5)), nth: 0, told: Vec::new() }
    }

    /// As [`Self::new`], for another journal.
    pub(crate) fn of_journal(number: u128) -> Self {
        Self { journal: JournalId(Uuid::from_u128(number)), ..Self::new() }
    }

    /// Pens that take over where the chains stand, on a log that holds what `told` holds.
    pub(crate) fn taking_over(chains: &BTreeMap<PartitionId, Chain>, told: Vec<(u64, Vec<u8>)>) -> Self {
        let mut hands = Self { told, ..Self::new() };
        hands.take_over(chains);
        hands
    }

    /// Lays the pens aside and takes over where the chains stand.
    pub(crate) fn take_over(&mut self, chains: &BTreeMap<PartitionId, Chain>) {
        for (&partition, chain) in chains {
            let leader = LeaderId(Uuid::from_u128(1_000 + u128::from(chain.epoch())));
            self.pens.insert(partition, Pen::new(chain, self.journal, leader));
        }
    }

    /// The next line for a partition: its first lead, or a decision of about `size` bytes.
    pub(crate) fn line(&mut self, partition: PartitionId, size: usize) -> Entry {
        // One append at a time: all before it is durable.
        let proved = self.pens.get(&partition).map_or(0, Pen::sequence);
        self.next(partition, size, proved).1
    }

    /// The next lines for these partitions, to be appended at once, while all before them is durable. A leader waits
    /// for its lead, so nothing stands behind a lead.
    pub(crate) fn group(&mut self, wanted: &[(PartitionId, usize)]) -> Vec<(PartitionId, Entry)> {
        let durable: BTreeMap<_, _> = self.pens.iter().map(|(&it, pen)| (it, pen.sequence())).collect();
        let mut leads = BTreeSet::new();
        let mut lines = Vec::new();
        for &(partition, size) in wanted {
            if !leads.contains(&partition) {
                let proved = durable.get(&partition).copied().unwrap_or(0);
                let (is_lead, line) = self.next(partition, size, proved);
                lines.push((partition, line));
                leads.extend(is_lead.then_some(partition));
            }
        }
        lines
    }

    /// The next line for a partition, and whether it is a lead.
    fn next(&mut self, partition: PartitionId, size: usize, proved: u64) -> (bool, Entry) {
        let journal = self.journal;
        let pen = self.pens.entry(partition).or_insert_with(|| {
            Pen::new(&Chain::new(partition, Offsets::Positions), journal, LeaderId(Uuid::from_u128(1)))
        });
        self.nth += 1;
        if pen.epoch() == 0 {
            let settings = Settings { slots: 4096, partitions: 8, simulated: false };
            return (true, pen.lead("1.0.0", 1, Some(&settings)).unwrap());
        }
        let body = format!("{{\"nth\":{},\"text\":\"{}\"}}", self.nth, "x".repeat(size));
        match pen.write(Kind::Decision, 1, &body, proved) {
            Ok(line) => (false, line),
            Err(_) => (true, pen.lead("1.0.1", 1, None).unwrap()),
        }
    }

    /// The next decision for a partition that has its lead, with this body.
    pub(crate) fn decision(&mut self, partition: PartitionId, body: &str) -> Entry {
        self.pens.get_mut(&partition).unwrap().write(Kind::Decision, 1, body, 0).unwrap()
    }

    /// Appends `lines` at once, each a batch of its own, and waits for all receipts.
    pub(crate) fn append(&mut self, log: &EmbeddedLog, lines: Vec<(PartitionId, Entry)>) -> Vec<Receipt> {
        let waiting: Vec<_> = lines
            .into_iter()
            .map(|(partition, line)| (line.clone(), append(log, partition, vec![line])))
            .collect();
        let mut receipts = Vec::new();
        for (entry, receipt) in waiting {
            let receipt = receipt.recv_timeout(PATIENCE).unwrap();
            if let Receipt::Appended { offsets } = &receipt {
                let line = entry.strip_suffix(b"\n").unwrap().to_vec();
                self.told.push((offsets[0], line));
            }
            receipts.push(receipt);
        }
        receipts
    }

    /// Appends `count` records one by one, spread over three partitions.
    pub(crate) fn fill(&mut self, log: &EmbeddedLog, count: usize, size: usize) {
        for nth in 0..count {
            let receipts = self.one(log, nth, size);
            assert!(matches!(receipts, Receipt::Appended { .. }), "{receipts:?}");
        }
    }

    /// Appends one record to the partition whose turn it is.
    pub(crate) fn one(&mut self, log: &EmbeddedLog, nth: usize, size: usize) -> Receipt {
        let partition = PartitionId::Number((nth % 3) as u16);
        let line = self.line(partition, size);
        self.append(log, vec![(partition, line)]).remove(0)
    }
}

pub(crate) fn append(log: &EmbeddedLog, partition: PartitionId, lines: Vec<Entry>) -> Receiver<Receipt> {
    let (tell, told) = channel();
    log.append(Batch { partition, lines }, Box::new(move |receipt| drop(tell.send(receipt))));
    told
}

/// Offset and line of all that can be read.
pub(crate) fn read_all(log: &dyn ReadLog) -> Vec<(u64, Vec<u8>)> {
    let mut records = log.read(&Start::beginning()).unwrap();
    let mut chains: BTreeMap<PartitionId, Chain> = BTreeMap::new();
    let mut all = Vec::new();
    while let Some(stored) = records.next().unwrap() {
        let chain = chains
            .entry(stored.partition)
            .or_insert_with(|| Chain::new(stored.partition, Offsets::Positions));
        assert_eq!(chain.read(stored.offset, &Line::parse(&stored.line)), Verdict::Valid);
        all.push((stored.offset, stored.line));
    }
    all
}
