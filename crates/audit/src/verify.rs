//! One pass over a log: one thread reads and judges, the other folds and decides again.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use claim_journal::{Offsets, PartitionId};
use claim_log::{LogError, ReadLog, Start};

use crate::decisions::Fold;
use crate::records::{Item, Records};
use crate::report::{Finding, Report, What};

/// How many lines go from thread to thread at once.
const AT_ONCE: usize = 256;
/// How many such batches may wait.
const WAITING: usize = 8;

/// What an audit is told about a log.
#[derive(Clone, Debug)]
pub struct Options {
    /// What offsets mean on it. Where they are positions, a void record is a finding (DESIGN §5).
    pub offsets: Offsets,
    /// The records that an operator declared void, by partition and offset (`accept_void`).
    pub accepted_void: BTreeSet<(PartitionId, u64)>,
}

impl Default for Options {
    /// The embedded log, on which nothing is declared void.
    fn default() -> Self {
        Self { offsets: Offsets::Positions, accepted_void: BTreeSet::new() }
    }
}

/// Verifies a log from its first record to its durable end. `progress` hears now and then how many lines were read.
///
/// A program position is looked for before the decision that names it, as it stands on the embedded log.
///
/// # Errors
/// [`LogError`] when the log cannot be reached. That it is damaged is a finding, and the last one.
pub fn verify(
    log: &dyn ReadLog,
    options: &Options,
    progress: &mut dyn FnMut(u64),
) -> Result<Report, LogError> {
    let begun = Instant::now();
    let mut fold = Fold::default();
    fold.report.holds = true;
    let lines = log.read(&Start::beginning())?;
    let records = Records::new(options.offsets, options.accepted_void.clone());
    let (sender, receiver) = sync_channel(WAITING);
    let read = thread::scope(|scope| {
        let reader = scope.spawn(move || read(lines, records, &sender));
        let mut count = 0;
        for items in Incoming(receiver) {
            count += items.lines;
            items.items.into_iter().for_each(|item| take(&mut fold, item));
            progress(count);
        }
        reader.join()
    });
    let (records, ended) = match read {
        Ok(it) => it,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    match ended {
        Ok(()) => {}
        Err(LogError::Damaged { at, why }) => {
            fold.report.add(Finding { at: Some(at), ..Finding::new(What::Damaged, "a record", why) });
        }
        Err(fault) => return Err(fault),
    }
    let mut report = fold.report;
    report.checked.sequences = records.sequences();
    report.checked.duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

/// Some lines, read.
#[derive(Debug, Default)]
struct Batch {
    lines: u64,
    items: Vec<Item>,
}

/// Batches until the reader is done.
struct Incoming(Receiver<Batch>);

impl Iterator for Incoming {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        self.0.recv().ok()
    }
}

fn read(
    mut lines: Box<dyn claim_log::Records>,
    mut records: Records,
    sender: &SyncSender<Batch>,
) -> (Records, Result<(), LogError>) {
    loop {
        let mut batch = Batch::default();
        let ended = loop {
            match lines.next() {
                Ok(Some(stored)) => {
                    batch.lines += 1;
                    records.read(&stored, &mut |item| batch.items.push(item));
                }
                Ok(None) => break Some(Ok(())),
                Err(fault) => break Some(Err(fault)),
            }
            if batch.items.len() >= AT_ONCE {
                break None;
            }
        };
        let gone = sender.send(batch).is_err();
        match ended {
            Some(result) => return (records, result),
            None if gone => return (records, Ok(())),
            None => {}
        }
    }
}

fn take(fold: &mut Fold, item: Item) {
    let report = &mut fold.report;
    match item {
        Item::Record(record) => fold.record(&record),
        Item::Finding(finding) => {
            if matches!(finding.what, What::Halted | What::UnreadableBody) {
                fold.halted.extend(finding.partition);
            }
            report.add(finding);
        }
        Item::Void(cause) => *report.checked.void.entry(cause.code().to_owned()).or_default() += 1,
        Item::Unread => report.checked.unread += 1,
        Item::Begun(journal, settings) => {
            fold.partitions = settings.partitions;
            report.journal = Some(journal);
            report.settings = Some(settings);
        }
    }
}
