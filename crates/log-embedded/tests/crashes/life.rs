//! What a log goes through: processes that begin, append, meet trouble, end or are killed.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use claim_journal::PartitionId;
use claim_log::{Batch, Log, ReadLog, Receipt, Start, Tell};
use claim_log_embedded::{Ahead, EmbeddedLog, OpenError, Opened, Options, Planted};

use crate::recorder::{Files, Record, Recorder, Step, Trouble};
use crate::support::disk::Random;
use crate::support::{DATA, Hands, PATIENCE};

/// Small, so that lives have many segments.
const SEGMENT_BYTES: u64 = 2_500;

/// Everything that happened to a disk.
pub(crate) struct Life {
    /// What it held before, and what was told and offered then.
    pub(crate) files: Files,
    pub(crate) told: Vec<Record>,
    pub(crate) offered: Vec<Vec<u8>>,
    pub(crate) steps: Vec<Step>,
}

/// Opens a log with a planted fault, or with none.
pub(crate) fn open(
    disk: &Recorder,
    ahead: Ahead,
    planted: Planted,
) -> Result<(Arc<EmbeddedLog>, Opened), String> {
    let options = Options { segment_bytes: SEGMENT_BYTES, ahead, known_end: 0, planted };
    EmbeddedLog::open_on(Arc::new(disk.clone()), Path::new(DATA), &options).map_err(|it| match it {
        OpenError::Damaged { damage, .. } => format!("it does not open: {damage}"),
        other => format!("it does not open: {other:?}"),
    })
}

/// All that can be read.
pub(crate) fn read(log: &EmbeddedLog) -> Result<Vec<Record>, String> {
    let unread = |it| format!("it does not read: {it:?}");
    let mut records = log.read(&Start::beginning()).map_err(unread)?;
    let mut all = Vec::new();
    while let Some(stored) = records.next().map_err(unread)? {
        all.push((stored.offset, stored.line));
    }
    Ok(all)
}

impl Life {
    /// Lives on a disk that holds `files`, as `seed` says.
    ///
    /// # Errors
    /// What a process noticed that must not be.
    pub(crate) fn lead(
        seed: u64,
        files: Files,
        told: Vec<Record>,
        offered: Vec<Vec<u8>>,
        planted: Planted,
    ) -> Result<Self, String> {
        let mut random = Random(seed);
        let mut disk = Recorder::holding(files.clone());
        for _ in 0..2 {
            let log = process(&disk, &mut random, planted)?;
            let killed = random.below(3) > 0;
            if !killed && !disk.is_killed() {
                log.close().map_err(|it| format!("it does not close: {it:?}"))?;
            }
            disk = disk.kill();
        }
        Ok(Self { files, told, offered, steps: disk.steps() })
    }
}

/// One process: it reads what is there, leads, and appends some groups until it is done or in trouble.
fn process(disk: &Recorder, random: &mut Random, planted: Planted) -> Result<Arc<EmbeddedLog>, String> {
    let (log, opened) = open(disk, ahead(random), planted)?;
    let mut told = read(&log)?;
    disk.record(Step::Began(told.clone()));
    let mut hands = Hands::taking_over(&opened.chains, Vec::new());
    disk.plan(trouble(random));
    for _ in 0..5 {
        let partition = |random: &mut Random| PartitionId::Number(random.below(3) as u16);
        let wanted: Vec<_> =
            (0..1 + random.below(3)).map(|_| (partition(random), random.below(250))).collect();
        let group = hands.group(&wanted).into_iter();
        let group = group.map(|(partition, line)| Batch { partition, lines: vec![line] });
        if !append(disk, &log, group.collect(), &mut told)? {
            break;
        }
    }
    if !disk.is_killed() && read(&log)? != told {
        return Err("what is read is not what was told".into());
    }
    disk.plan(Trouble::default());
    Ok(log)
}

/// Every other process prepares its way, and never far, so that records also go beyond it.
fn ahead(random: &mut Random) -> Ahead {
    match random.below(2) {
        0 => Ahead::NONE,
        _ => Ahead {
            bytes: 300 + random.below(1_500) as u64,
            step: 200 + random.below(600) as u64,
            idle: None,
        },
    }
}

fn trouble(random: &mut Random) -> Trouble {
    let mut trouble = Trouble::default();
    match random.below(7) {
        0 => trouble.failing_sync = Some(random.below(4)),
        1 => trouble.failing_write = Some(random.below(6)),
        2 => trouble.deadly_sync = Some(random.below(4)),
        3 => trouble.room = Some(random.below(4_000)),
        _ => {}
    }
    trouble.short = (random.below(2) == 0).then(|| 100 + random.below(300));
    trouble
}

/// Appends a group at once, and notes what is told of it, at the moment at which it is told; false when it is unclear.
fn append(
    disk: &Recorder,
    log: &EmbeddedLog,
    group: Vec<Batch>,
    told: &mut Vec<Record>,
) -> Result<bool, String> {
    let (tell, receipts) = channel();
    let expected = group.len();
    let group = group.into_iter().map(|batch| {
        let (disk, tell) = (disk.clone(), tell.clone());
        let line = batch.lines[0].strip_suffix(b"\n").unwrap().to_vec();
        disk.record(Step::Offered(line.clone()));
        let teller: Tell = Box::new(move |receipt| {
            let record = match receipt {
                Receipt::Appended { offsets } => Ok(Some((offsets[0], line))),
                Receipt::Unclear(_) => Ok(None),
                Receipt::Fenced => Err("a line that extends its chain is fenced".to_owned()),
            };
            if let Ok(Some(record)) = &record {
                disk.record(Step::Told(record.clone()));
            }
            drop(tell.send(record));
        });
        (batch, teller)
    });
    log.append_all(group.collect());
    for _ in 0..expected {
        match receipts.recv_timeout(PATIENCE).unwrap()? {
            Some(record) => told.push(record),
            None => return Ok(false),
        }
    }
    Ok(true)
}
