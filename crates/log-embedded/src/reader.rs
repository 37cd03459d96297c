//! The log as any other process reads it: without a lock, changing nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claim_journal::{Line, PartitionId, Unreadable};
use claim_log::{LogError, ReadLog, Records, Start, Stored};

use crate::disk::{Disk, Mode, RealDisk};
use crate::error::{Damage, DamageCause, OpenError, while_doing};
use crate::layout::{LOG, bases, position, segment_path, segments};
use crate::line::record_at;
use crate::mark::known_end;
use crate::planted::Planted;
use crate::scan::{Scan, scan};
use crate::standing::Standing;
use crate::tape::Tape;

/// The log of one data directory, open for reading, beside a writer or without one.
///
/// It cannot know what the writer has synced: it reads up to the last whole record, and stops before a torn tail.
#[derive(Clone)]
pub struct EmbeddedReader {
    disk: Arc<dyn Disk>,
    data: PathBuf,
}

impl EmbeddedReader {
    /// Opens the log of the directory `data` for reading.
    ///
    /// # Errors
    /// [`OpenError::Missing`] when there is no such directory, [`OpenError::NotOurs`] when it holds other things and no
    /// log, [`OpenError::Io`]. A directory that is empty, or whose log is, has no records.
    pub fn open(data: &Path) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(RealDisk), data)
    }

    /// As [`EmbeddedReader::open`], on another disk.
    ///
    /// # Errors
    /// As [`EmbeddedReader::open`].
    pub fn open_on(disk: Arc<dyn Disk>, data: &Path) -> Result<Self, OpenError> {
        let names = match disk.names(data) {
            Ok(names) => names,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
                return Err(OpenError::Missing { dir: data.to_owned() });
            }
            Err(fault) => return Err(while_doing("listing", data)(fault)),
        };
        if !names.is_empty() && !names.iter().any(|it| it == LOG) {
            return Err(OpenError::NotOurs { dir: data.to_owned() });
        }
        Ok(Self { disk, data: data.to_owned() })
    }

    /// Verifies every record and reports the first damage, or a torn tail. `known_end` is an end that is known to be
    /// durable, from the furthest checkpoint of a view; 0 when none is known. The mark in the directory counts too.
    ///
    /// # Errors
    /// [`OpenError::Stray`] and [`OpenError::Io`]; damage is no error here, it is what was asked for.
    pub fn scan(&self, known_end_elsewhere: u64) -> Result<Scan, OpenError> {
        // The mark first: the log only grows behind it.
        let planted = Planted::default();
        let known = known_end(&*self.disk, &self.data, planted)
            .map_err(while_doing("reading the mark in", &self.data))?;
        scan(&self.disk, &self.data, Standing::default(), known.max(known_end_elsewhere), planted)
    }

    /// Makes durable what the files hold, so that what was read before is not lost with the power. Whoever is about to commit
    /// to what it read asks for this; it changes no byte.
    ///
    /// # Errors
    /// [`OpenError::Io`] when a file cannot be synced.
    pub fn settle(&self) -> Result<(), OpenError> {
        for base in bases(&*self.disk, &self.data)? {
            let path = segment_path(&self.data, base);
            let synced = self.disk.open(&path, Mode::Read).and_then(|it| it.sync());
            synced.map_err(while_doing("syncing", &path))?;
        }
        Ok(())
    }

    fn end(&self) -> Result<u64, LogError> {
        match segments(&*self.disk, &self.data)? {
            (_, Some(gap)) => Err(gap.into()),
            (segments, None) => Ok(segments.last().map_or(0, |it| it.end())),
        }
    }
}

impl ReadLog for EmbeddedReader {
    fn read(&self, start: &Start) -> Result<Box<dyn Records>, LogError> {
        let end = self.end()?;
        let offset = start.least().unwrap_or(end);
        if offset > end {
            return Err(LogError::BeyondEnd { offset, end });
        }
        let bases = bases(&*self.disk, &self.data)?;
        let tape = Tape::at(Arc::clone(&self.disk), &self.data, &bases, offset, end)?;
        Ok(Box::new(WholeRecords { tape, start: start.clone(), end }))
    }

    fn record(&self, partition: PartitionId, offset: u64) -> Result<Vec<u8>, LogError> {
        let bases = bases(&*self.disk, &self.data)?;
        record_at(&*self.disk, &self.data, &bases, u64::MAX, partition, offset)
    }
}

/// Everything up to the last whole record.
struct WholeRecords {
    tape: Tape,
    start: Start,
    /// The end of what stood there when reading began: zeros before it are damage, zeros behind it nothing yet.
    end: u64,
}

impl Records for WholeRecords {
    fn next(&mut self) -> Result<Option<Stored>, LogError> {
        let mut suspect = None;
        loop {
            let at = self.tape.offset();
            let base = self.tape.base();
            let Some(raw) = self.tape.next_whole(self.end)? else { return Ok(None) };
            let fault = match Line::parse(raw.bytes) {
                Ok(line) => {
                    let partition = line.envelope.partition;
                    if self.start.of(partition).is_some_and(|it| it <= raw.offset) {
                        let (offset, next) = (raw.offset, raw.next());
                        return Ok(Some(Stored { partition, offset, line: raw.bytes.to_vec(), next }));
                    }
                    continue;
                }
                Err(fault) => fault,
            };
            // It may be a line that is being written: damage only if it is still bad when a record stands behind it.
            if suspect == Some(at) {
                return Err(damage(at, base, fault).into());
            }
            if !self.a_record_follows()? {
                self.tape.seek(at);
                return Ok(None);
            }
            self.tape.seek(at);
            suspect = Some(at);
        }
    }
}

impl WholeRecords {
    /// Whether there is a whole record further on. Leaves the tape anywhere in the segment.
    fn a_record_follows(&mut self) -> Result<bool, LogError> {
        while let Some(raw) = self.tape.next_whole(self.end)? {
            if Line::parse(raw.bytes).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn damage(offset: u64, base: u64, fault: Unreadable) -> Damage {
    Damage { at: position(offset, [base]), cause: DamageCause::Unreadable(fault) }
}
