//! The log as its one writer opens it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::{io, process};

use claim_journal::{Chain, Line, PartitionId};
use claim_log::{Batch, Log, LogError, ReadLog, Records, Start, Stored, Tell, Unclear};

use crate::disk::{Disk, File, Mode, RealDisk, read_some_at, write_all_at};
use crate::error::{OpenError, while_doing};
use crate::layout::{LOCK, LOG, Segment, bases, position, segment_path};
use crate::mark::{Mark, known_end};
use crate::planted::{Planted, PlantedFault};
use crate::scan::{Tail, scan};
use crate::shared::Shared;
use crate::tape::Tape;
use crate::writer::Writer;

/// How to open a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// A segment that would grow beyond this many bytes is followed by a new one; 64 MiB by default.
    pub segment_bytes: u64,
    /// An end that is known to be durable, from the furthest checkpoint of a view; 0 when none is known. A log that is
    /// whole only up to less is damaged.
    pub known_end: u64,
    /// A fault that a test planted; nothing otherwise.
    pub planted: Planted,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 64 * 1024 * 1024, known_end: 0, planted: Planted::default() }
    }
}

/// What opening found.
#[derive(Debug)]
pub struct Opened {
    /// The torn tail that was cut off, to be reported.
    pub cut: Option<Tail>,
    /// Where each partition's chain stands.
    pub chains: BTreeMap<PartitionId, Chain>,
    /// The end of the log: the offset of the next record.
    pub end: u64,
    /// How many records there are.
    pub records: u64,
}

/// The log of one data directory, open for writing. One process at a time holds it.
///
/// Closed when dropped; [`EmbeddedLog::close`] also says whether that went well.
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    disk: Arc<dyn Disk>,
    data: PathBuf,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

impl EmbeddedLog {
    /// Opens the log of the directory `data`, which is made when it is not there. Open it before anything else is put
    /// into a new directory: one that holds other things and no log is refused.
    ///
    /// Every record is read and verified. A torn tail is cut off.
    ///
    /// # Errors
    /// [`OpenError::Locked`] while another process writes, [`OpenError::Damaged`] with the exact place,
    /// [`OpenError::NotOurs`] and [`OpenError::Stray`] when the directory is not what it should be, [`OpenError::Io`].
    pub fn open(data: &Path, options: &Options) -> Result<(Arc<Self>, Opened), OpenError> {
        Self::open_on(Arc::new(RealDisk), data, options)
    }

    /// As [`EmbeddedLog::open`], on another disk.
    ///
    /// # Errors
    /// As [`EmbeddedLog::open`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        data: &Path,
        options: &Options,
    ) -> Result<(Arc<Self>, Opened), OpenError> {
        let planted = options.planted;
        let lock = enter(&*disk, data, planted)?;
        let known = known_end(&*disk, data, planted).map_err(while_doing("reading the mark in", data))?;
        let scan = scan(&disk, data, known.max(options.known_end), planted)?;
        if let Some(damage) = scan.damage {
            return Err(OpenError::Damaged { dir: data.to_owned(), damage: Box::new(damage) });
        }
        if let Some(Tail { offset, bytes }) = scan.tail {
            tracing::warn!(offset, bytes, "a torn tail of the log is cut off");
        }
        let bases = bases(&*disk, data)?;
        let base = bases.last().copied().unwrap_or(0);
        let file = settle(&*disk, data, base, scan.end, planted)?;
        let mark = Mark::open(&*disk, data).map_err(while_doing("opening the mark in", data))?;
        let shared = Arc::new(Shared::new(&scan, if bases.is_empty() { vec![0] } else { bases }, planted));
        let writer = Writer {
            shared: Arc::clone(&shared),
            disk: Arc::clone(&disk),
            data: data.to_owned(),
            segment_bytes: options.segment_bytes,
            segment: Segment { base, len: scan.end - base },
            file,
            mark,
            lock,
            planted,
        };
        let thread = thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(while_doing("starting the writing thread of", data))?;
        let log = Self { shared, disk, data: data.to_owned(), thread: Mutex::new(Some(thread)) };
        let opened = Opened { cut: scan.tail, chains: scan.chains, end: scan.end, records: scan.records };
        Ok((Arc::new(log), opened))
    }

    /// Why the log takes no more, once it does not: every append since is unclear, and the process should end.
    #[must_use]
    pub fn dead(&self) -> Option<Unclear> {
        self.shared.dead()
    }

    /// The durable end: the offset of the next record.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.shared.durable()
    }

    /// Writes what waits, tells it, marks the clean stop and frees the directory. Later appends are unclear.
    ///
    /// # Errors
    /// [`LogError::Io`] when the mark could not be made durable; no record is affected.
    pub fn close(&self) -> Result<(), LogError> {
        self.shared.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended = match thread {
            // A receipt may hold the last handle: then the thread ends by itself.
            Some(thread) if thread.thread().id() != thread::current().id() => thread.join(),
            Some(_) | None => return Ok(()),
        };
        let failed = |source| LogError::Io { doing: "marking the clean stop".to_owned(), source };
        match ended {
            Ok(stopped) => stopped.map_err(failed),
            Err(_) => Err(failed(io::Error::other("the writing thread panicked"))),
        }
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        if let Err(fault) = self.close() {
            tracing::warn!(%fault, "the log was not closed well");
        }
    }
}

impl Log for EmbeddedLog {
    fn append(&self, batch: Batch, tell: Tell) {
        self.shared.push(vec![(batch, tell)]);
    }

    /// One lock and one wake-up: all of them are in one group.
    fn append_all(&self, batches: Vec<(Batch, Tell)>) {
        self.shared.push(batches);
    }
}

impl ReadLog for EmbeddedLog {
    fn read(&self, start: &Start) -> Result<Box<dyn Records>, LogError> {
        let end = self.shared.durable();
        let offset = start.least().unwrap_or(end);
        if offset > end {
            return Err(LogError::BeyondEnd { offset, end });
        }
        let tape = Tape::at(Arc::clone(&self.disk), &self.data, &self.shared.bases(), offset, end)?;
        Ok(Box::new(DurableRecords { tape, start: start.clone(), shared: Arc::clone(&self.shared) }))
    }

    fn record(&self, partition: PartitionId, offset: u64) -> Result<Vec<u8>, LogError> {
        let end = self.shared.durable();
        record_at(&*self.disk, &self.data, &self.shared.bases(), end, partition, offset)
    }
}

/// What is durable, and nothing behind it.
struct DurableRecords {
    tape: Tape,
    start: Start,
    shared: Arc<Shared>,
}

impl Records for DurableRecords {
    fn next(&mut self) -> Result<Option<Stored>, LogError> {
        loop {
            let limit = self.shared.durable();
            let base = self.tape.base();
            let Some(raw) = self.tape.next(limit)? else { return Ok(None) };
            let Some(partition) = Line::partition(raw.bytes) else {
                return Err(LogError::Damaged {
                    at: position(raw.offset, [base]).to_string(),
                    why: "the line is no record".to_owned(),
                });
            };
            if self.start.of(partition).is_some_and(|it| it <= raw.offset) {
                let (offset, next) = (raw.offset, raw.next());
                return Ok(Some(Stored { partition, offset, line: raw.bytes.to_vec(), next }));
            }
        }
    }
}

/// One line below `end`, by the partition and offset it must have.
pub(crate) fn record_at(
    disk: &dyn Disk,
    data: &Path,
    bases: &[u64],
    end: u64,
    partition: PartitionId,
    offset: u64,
) -> Result<Vec<u8>, LogError> {
    let missing = LogError::NoRecord { partition, offset };
    let base = bases.iter().copied().filter(|&it| it <= offset).max().unwrap_or(0);
    if offset >= end {
        return Err(missing);
    }
    let path = segment_path(data, base);
    let file = disk.open(&path, Mode::Read).map_err(while_doing("opening", &path))?;
    // The byte before shows whether a line begins here.
    let before = u64::from(offset > base);
    let mut bytes = Vec::new();
    loop {
        let filled = bytes.len();
        let limit = usize::try_from(end - offset + before).unwrap_or(usize::MAX);
        let space = (filled * 2).max(2048).min(limit);
        bytes.resize(space, 0);
        let at = offset - before - base + filled as u64;
        let free = bytes.get_mut(filled..).unwrap_or_default();
        let read = read_some_at(&*file, free, at).map_err(while_doing("reading", &path))?;
        bytes.truncate(filled + read);
        let (gap, line) = bytes.split_at_checked(before as usize).unwrap_or_default();
        if read == 0 || (before == 1 && gap != b"\n") {
            return Err(missing);
        }
        if let Some(len) = line.iter().position(|&it| it == b'\n') {
            let line = line.get(..len).unwrap_or_default();
            return if Line::partition(line) == Some(partition) { Ok(line.to_vec()) } else { Err(missing) };
        }
    }
}

/// Makes the directory what it should be, and holds its lock.
fn enter(disk: &dyn Disk, data: &Path, planted: Planted) -> Result<Box<dyn File>, OpenError> {
    let names = match disk.names(data) {
        Ok(names) => names,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(fault) => return Err(while_doing("listing", data)(fault)),
    };
    let known = |name: &String| name == LOG || name == LOCK;
    if !names.is_empty() && !names.iter().any(known) {
        return Err(OpenError::NotOurs { dir: data.to_owned() });
    }
    let log = data.join(LOG);
    disk.create_dir(data).map_err(while_doing("making", data))?;
    let path = data.join(LOCK);
    let lock = disk.lock(&path).map_err(while_doing("locking", &path))?;
    let lock = match lock {
        None if planted.has(PlantedFault::LockOverlooked) => disk.open(&path, Mode::Write).ok(),
        lock => lock,
    };
    let Some(lock) = lock else {
        return Err(OpenError::Locked { dir: data.to_owned(), holder: holder(disk, &path) });
    };
    sign(&*lock);
    disk.create_dir(&log).map_err(while_doing("making", &log))?;
    disk.sync_dir(data).map_err(while_doing("syncing", data))?;
    if let Some(parent) = data.parent().filter(|it| !it.as_os_str().is_empty()) {
        disk.sync_dir(parent).map_err(while_doing("syncing", parent))?;
    }
    Ok(lock)
}

/// Writes into the lock who holds it, for the message to the next one. Best effort.
fn sign(lock: &dyn File) {
    let command = std::env::args_os().map(|it| it.to_string_lossy().into_owned()).collect::<Vec<_>>();
    let text = format!("process {}: {}\n", process::id(), command.join(" "));
    let signed = lock.set_len(0).and_then(|()| write_all_at(lock, text.as_bytes(), 0));
    if let Err(fault) = signed {
        tracing::debug!(%fault, "the lock could not be signed");
    }
}

fn holder(disk: &dyn Disk, path: &Path) -> String {
    let mut bytes = vec![0; 1024];
    let read = disk.open(path, Mode::Read).and_then(|it| read_some_at(&*it, &mut bytes, 0)).unwrap_or(0);
    bytes.truncate(read);
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    if text.is_empty() { "it did not say who it is".to_owned() } else { text }
}

/// Cuts the last segment to `end` and makes durable all that was read, for it may have been read from memory.
fn settle(
    disk: &dyn Disk,
    data: &Path,
    base: u64,
    end: u64,
    planted: Planted,
) -> Result<Box<dyn File>, OpenError> {
    let path = segment_path(data, base);
    let file = disk.open(&path, Mode::Write).map_err(while_doing("opening", &path))?;
    let len = file.len().map_err(while_doing("opening", &path))?;
    if len > end - base && !planted.has(PlantedFault::TailLeft) {
        file.set_len(end - base).map_err(while_doing("cutting", &path))?;
    }
    if !planted.has(PlantedFault::StartNotSynced) {
        file.sync().map_err(while_doing("syncing", &path))?;
    }
    let log = data.join(LOG);
    disk.sync_dir(&log).map_err(while_doing("syncing", &log))?;
    Ok(file)
}
