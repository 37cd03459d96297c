//! The one thread that writes: it takes all that waits, writes it at once, syncs once, and tells.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use claim_journal::Entry;
use claim_log::{Receipt, Tell, Unclear};

use crate::ahead::Prepared;
use crate::disk::{Disk, File, Mode, write_all_at};
use crate::layout::{LOG, Segment, segment_path};
use crate::mark::Mark;
use crate::planted::{Planted, PlantedFault};
use crate::shared::{Shared, Taken};

/// A buffer that grew beyond this is given back after its group.
const BUFFER_KEPT_BYTES: usize = 8 * 1024 * 1024;

/// One append on its way.
pub(crate) struct Job {
    /// The lines, to be written as they are; none when it is fenced.
    pub(crate) lines: Vec<Entry>,
    /// What is told when they are durable.
    pub(crate) receipt: Receipt,
    pub(crate) tell: Tell,
}

/// What the writing thread owns. The lock is held until it ends.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) data: PathBuf,
    pub(crate) segment_bytes: u64,
    pub(crate) segment: Segment,
    pub(crate) file: Box<dyn File>,
    pub(crate) prepared: Prepared,
    pub(crate) mark: Mark,
    pub(crate) lock: Box<dyn File>,
    pub(crate) planted: Planted,
}

impl Writer {
    /// Writes until the log is closed and nothing waits; then marks the clean stop, unless the log is dead.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut group = Vec::new();
        loop {
            match self.shared.take_all(self.prepared.patience(self.segment)) {
                Taken::Jobs(jobs) => self.append(&mut group, jobs),
                Taken::Idle => self.prepared.step(&*self.file, self.segment),
                Taken::Closed => break,
            }
            if group.capacity() > BUFFER_KEPT_BYTES {
                group = Vec::new();
            }
        }
        let stopped = match self.shared.dead() {
            None => self
                .prepared
                .give_back(&*self.file, self.segment)
                .and_then(|()| self.mark.stop(&*self.disk, &self.data, self.segment.end())),
            Some(_) => Ok(()),
        };
        drop(self.lock);
        stopped
    }

    fn append(&mut self, group: &mut Vec<u8>, jobs: Vec<Job>) {
        if let Some(unclear) = self.shared.dead() {
            return tell_unclear(jobs, &unclear);
        }
        group.clear();
        jobs.iter().flat_map(|it| &it.lines).for_each(|it| group.extend_from_slice(it));
        match self.commit(group) {
            Ok(()) => {
                for job in jobs {
                    tell(job.tell, job.receipt);
                }
            }
            Err(unclear) => {
                tracing::error!(%unclear, end = self.segment.end(), "the log takes no more");
                self.prepared.stop();
                self.shared.die(unclear.clone());
                tell_unclear(jobs, &unclear);
            }
        }
    }

    /// Makes `bytes` durable at the end of the log.
    fn commit(&mut self, bytes: &[u8]) -> Result<(), Unclear> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.segment.len > 0 && self.segment.len + bytes.len() as u64 > self.segment_bytes {
            self.rotate().map_err(|fault| unclear(&fault))?;
        }
        if self.prepared.lacks(self.segment, bytes.len() as u64) {
            self.prepared.step(&*self.file, self.segment);
        }
        if let Err(fault) = self.write(bytes) {
            tracing::error!(%fault, "writing to the log failed");
            self.cut_back();
            return Err(unclear(&fault));
        }
        if self.planted.has(PlantedFault::ReadBeforeSynced) {
            self.shared.durable.store(self.segment.end() + bytes.len() as u64, Ordering::Release);
        }
        if self.planted.has(PlantedFault::MarkedBeforeSynced) {
            self.mark.note(self.segment.end() + bytes.len() as u64);
        }
        if let Err(fault) = self.sync() {
            tracing::error!(%fault, "the disk did not confirm the log");
            self.cut_back();
            return Err(if is_full(&fault) { Unclear::NoSpace } else { Unclear::SyncFailed });
        }
        self.segment.len += bytes.len() as u64;
        self.prepared.reach(self.segment.len);
        self.shared.durable.store(self.segment.end(), Ordering::Release);
        self.mark.note(self.segment.end());
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if self.planted.has(PlantedFault::ShortWriteBelieved) {
            return self.file.write_at(bytes, self.segment.len).map(drop);
        }
        write_all_at(&*self.file, bytes, self.segment.len)
    }

    fn sync(&self) -> io::Result<()> {
        if self.planted.has(PlantedFault::ToldBeforeSynced) {
            return Ok(());
        }
        match self.file.sync() {
            Err(_) if self.planted.has(PlantedFault::SyncAskedAgain) => self.file.sync(),
            synced => synced,
        }
    }

    /// Begins the next segment, after all of this one is durable.
    fn rotate(&mut self) -> io::Result<()> {
        let base = self.segment.end();
        self.prepared.give_back(&*self.file, self.segment)?;
        let file = self.disk.open(&segment_path(&self.data, base), Mode::Write)?;
        file.sync()?;
        if !self.planted.has(PlantedFault::DirectoryNotSynced) {
            self.disk.sync_dir(&self.data.join(LOG))?;
        }
        self.file = file;
        self.segment = Segment { base, len: 0 };
        self.shared.begin_segment(base);
        Ok(())
    }

    /// Takes away what is not known to be durable, so that the next start does not read it from memory and believe it.
    fn cut_back(&self) {
        if self.planted.has(PlantedFault::EndNotCutBack) {
            return;
        }
        let cut = self.file.set_len(self.segment.len).and_then(|()| self.file.sync());
        if let Err(fault) = cut {
            tracing::warn!(%fault, "the end of the log could not be cut back; the next start will do it");
        }
    }
}

fn unclear(fault: &io::Error) -> Unclear {
    if is_full(fault) { Unclear::NoSpace } else { Unclear::Io(fault.to_string()) }
}

fn is_full(fault: &io::Error) -> bool {
    matches!(fault.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Tells that nobody knows what became of the jobs; what was fenced stays fenced.
fn tell_unclear(jobs: Vec<Job>, unclear: &Unclear) {
    for job in jobs {
        let receipt = match job.receipt {
            Receipt::Fenced => Receipt::Fenced,
            Receipt::Appended { .. } | Receipt::Unclear(_) => Receipt::Unclear(unclear.clone()),
        };
        tell(job.tell, receipt);
    }
}

/// Tells, and outlives a teller that panics: others still wait for their receipts.
pub(crate) fn tell(tell: Tell, receipt: Receipt) {
    if catch_unwind(AssertUnwindSafe(|| tell(receipt))).is_err() {
        tracing::error!("telling a receipt panicked");
    }
}
