//! The log as its one writer opens it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use claim_journal::{Chain, Line, PartitionId};
use claim_log::{Batch, Log, LogError, ReadLog, Records, Start, Stored, Tell, Unclear};

use crate::ahead::Ahead;
use crate::disk::{Disk, RealDisk};
use crate::error::{OpenError, while_doing};
use crate::hold::Held;
use crate::layout::position;
use crate::line::record_at;
use crate::planted::Planted;
use crate::scan::Tail;
use crate::shared::Shared;
use crate::tape::Tape;
use crate::writer::Writer;

/// How to open a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// A segment that would grow beyond this many bytes is followed by a new one; 64 MiB by default.
    pub segment_bytes: u64,
    /// How far the log prepares its way while nothing is to be written.
    pub ahead: Ahead,
    /// An end that is known to be durable, from the furthest checkpoint of a view; 0 when none is known. A log that is
    /// whole only up to less is damaged.
    pub known_end: u64,
    /// A fault that a test planted; nothing otherwise.
    pub planted: Planted,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * 1024 * 1024,
            ahead: Ahead::default(),
            known_end: 0,
            planted: Planted::default(),
        }
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
        Self::hold_on(disk, data, options.planted)?.open(options, None)
    }

    /// Takes the directory `data` for this process alone, as [`EmbeddedLog::open`] does, and reads nothing yet: where a
    /// log is known from a snapshot, [`Held::compare`] spares reading what lies before.
    ///
    /// # Errors
    /// [`OpenError::Locked`] while another process writes, [`OpenError::NotOurs`], [`OpenError::Io`].
    pub fn hold(data: &Path) -> Result<Held, OpenError> {
        Self::hold_on(Arc::new(RealDisk), data, Planted::default())
    }

    /// As [`EmbeddedLog::hold`], on another disk, perhaps with a fault that a test planted.
    ///
    /// # Errors
    /// As [`EmbeddedLog::hold`].
    pub fn hold_on(disk: Arc<dyn Disk>, data: &Path, planted: Planted) -> Result<Held, OpenError> {
        Held::enter(disk, data, planted)
    }

    /// The log that `writer` writes, from now on in a thread of its own.
    pub(crate) fn begin(writer: Writer) -> Result<Arc<Self>, OpenError> {
        let Writer { shared, disk, data, .. } = &writer;
        let (shared, disk, data) = (Arc::clone(shared), Arc::clone(disk), data.clone());
        let thread = thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(while_doing("starting the writing thread of", &data))?;
        Ok(Arc::new(Self { shared, disk, data, thread: Mutex::new(Some(thread)) }))
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
