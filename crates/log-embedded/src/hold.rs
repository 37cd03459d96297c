//! A data directory that this process holds, and how its log is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{io, process};

use crate::ahead::Prepared;
use crate::disk::{Disk, File, Mode, read_some_at, write_all_at};
use crate::error::{OpenError, while_doing};
use crate::layout::{LOCK, LOG, Segment, bases, segment_path};
use crate::log::{EmbeddedLog, Opened, Options};
use crate::mark::{Mark, known_end};
use crate::planted::{Planted, PlantedFault};
use crate::scan::{Tail, scan};
use crate::shared::Shared;
use crate::standing::{Compared, Mismatch, Standing, compare};
use crate::writer::Writer;

/// A data directory that this process holds: no other one writes to it. Nothing of its log was read yet.
pub struct Held {
    disk: Arc<dyn Disk>,
    data: PathBuf,
    lock: Box<dyn File>,
}

impl Held {
    /// Makes the directory what it should be, and holds its lock.
    pub(crate) fn enter(disk: Arc<dyn Disk>, data: &Path, planted: Planted) -> Result<Self, OpenError> {
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
            return Err(OpenError::Locked { dir: data.to_owned(), holder: holder(&*disk, &path) });
        };
        sign(&*lock);
        disk.create_dir(&log).map_err(while_doing("making", &log))?;
        disk.sync_dir(data).map_err(while_doing("syncing", data))?;
        if let Some(parent) = data.parent().filter(|it| !it.as_os_str().is_empty()) {
            disk.sync_dir(parent).map_err(while_doing("syncing", parent))?;
        }
        Ok(Self { disk, data: data.to_owned(), lock })
    }

    /// Whether the log still holds what was known of it: its segments join and reach up to the place, the record of
    /// each checkpoint is there as it was, and the last of them ends at the place. Nothing else is read.
    ///
    /// A mismatch is an answer, and no damage: the log is read from its beginning then, and judged as ever.
    ///
    /// # Errors
    /// [`OpenError::Stray`] and [`OpenError::Io`].
    pub fn compare(&self, standing: &Standing) -> Result<Result<Compared, Mismatch>, OpenError> {
        compare(&*self.disk, &self.data, standing)
    }

    /// Reads the log, verifies every record, cuts off a torn tail, and begins to write. Where the log is known `from`
    /// a place, what lies before it is not read: damage there stays unseen.
    ///
    /// # Errors
    /// [`OpenError::Damaged`] with the exact place, [`OpenError::Stray`], [`OpenError::Io`].
    pub fn open(
        self,
        options: &Options,
        from: Option<Compared>,
    ) -> Result<(Arc<EmbeddedLog>, Opened), OpenError> {
        let Self { disk, data, lock } = self;
        let planted = options.planted;
        let known_end = known_end(&*disk, &data, planted)
            .map_err(while_doing("reading the mark in", &data))?
            .max(options.known_end);
        let from = from.map(Compared::into_standing).unwrap_or_default();
        let scan = scan(&disk, &data, from, known_end, planted)?;
        if let Some(damage) = scan.damage {
            return Err(OpenError::Damaged { dir: data, damage: Box::new(damage) });
        }
        if let Some(Tail { offset, bytes }) = scan.tail {
            tracing::warn!(offset, bytes, "a torn tail of the log is cut off");
        }
        let bases = bases(&*disk, &data)?;
        let base = bases.last().copied().unwrap_or(0);
        let file = settle(&*disk, &data, base, scan.end, planted)?;
        let mark = Mark::open(&*disk, &data).map_err(while_doing("opening the mark in", &data))?;
        let shared = Arc::new(Shared::new(&scan, if bases.is_empty() { vec![0] } else { bases }, planted));
        let segment = Segment { base, len: scan.end - base };
        let segment_bytes = options.segment_bytes;
        let prepared = Prepared::new(options.ahead, segment.len, segment_bytes);
        let log = EmbeddedLog::begin(Writer {
            shared,
            disk,
            data,
            segment_bytes,
            segment,
            file,
            prepared,
            mark,
            lock,
            planted,
        })?;
        let opened = Opened { cut: scan.tail, chains: scan.chains, end: scan.end, records: scan.records };
        Ok((log, opened))
    }
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
