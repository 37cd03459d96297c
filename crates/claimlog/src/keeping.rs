//! The snapshot beside the log: opened, brought near the end, and kept there by a thread of its own.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use claim_log_embedded::{Compared, EmbeddedLog, Held, Standing};
use claim_snapshot::{Cut, KeepError, Keeper, Snapshot};

use crate::output;

/// Where the snapshot lies in the data directory.
pub(crate) const SNAPSHOT: &str = "snapshot";
/// How often the thread looks how far the log is.
const LOOK: Duration = Duration::from_millis(200);
/// The log grew by more than this since the last look: it is busy, and would wait for the disk while the snapshot is synced.
const BUSY_BYTES: u64 = 512 * 1024;
/// How many times further the snapshot may be behind while the log is busy.
const LATE: u64 = 8;
/// How long it waits after the snapshot could not be written.
const RETRY: Duration = Duration::from_secs(60);

/// A number of bytes, spelt with KiB, MiB or GiB or without a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = text.split_at(text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len()));
        let unit = match unit.trim() {
            "" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err("a number of bytes such as 32MiB: KiB, MiB, GiB or no unit".to_owned()),
        };
        let bytes = digits.parse().ok().and_then(|it: u64| it.checked_mul(unit));
        bytes.map(Self).ok_or_else(|| format!("{digits:?} is no number of bytes"))
    }
}

/// A snapshot that fits the log.
pub(crate) struct Opened {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) cut: Cut,
    /// What need not be read of the log; none: all of it.
    pub(crate) compared: Option<Compared>,
}

impl Opened {
    /// Opens the snapshot of the directory that is held. One that does not fit is thrown away, and said so.
    ///
    /// # Errors
    /// When it cannot be thrown away, or the log cannot be read.
    pub(crate) fn beside(held: &Held, data: &Path) -> Result<Self> {
        let dir = data.join(SNAPSHOT);
        let cannot = || format!("opening the snapshot in {}", dir.display());
        let mut opened = Snapshot::open(&dir).with_context(cannot)?;
        let compared = match held.compare(&standing(&opened.cut))? {
            Ok(compared) => Some(compared),
            Err(mismatch) => {
                opened.throw_away(&mismatch.to_string()).with_context(cannot)?;
                None
            }
        };
        if let Some(discarded) = &opened.discarded {
            said(&discarded.dir, &discarded.why);
        }
        Ok(Self { snapshot: Arc::new(opened.snapshot), cut: opened.cut, compared })
    }

    /// Brings the snapshot to the end of the log, if that is `every` bytes away; yields who keeps it there: none when it cannot
    /// be written, which is said.
    ///
    /// # Errors
    /// When the log cannot be folded, or the snapshot cannot be read.
    pub(crate) fn catch_up(&mut self, log: &EmbeddedLog, every: u64) -> Result<Option<Keeper>> {
        let mut keeper = Keeper::new(Arc::clone(&self.snapshot), self.cut.clone());
        let (begin, end) = (self.cut.end, log.end());
        if end - begin < every {
            return Ok(Some(keeper));
        }
        let progress = output::progress("bringing the snapshot to the end of the log", Some(end - begin));
        let kept = keeper.catch_up(log, every, |at| {
            progress.set_position(at - begin);
            true
        });
        progress.finish_and_clear();
        self.cut = keeper.cut().clone();
        match kept {
            Ok(()) => Ok(Some(keeper)),
            Err(error @ KeepError::Write { .. }) => {
                eprintln!("claimlog: {error}; what it does not hold is kept in memory");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Throws the snapshot away when it turned out to be damaged; yields whether it did. Nobody else may hold it any more.
    ///
    /// # Errors
    /// When it cannot be thrown away.
    pub(crate) fn throw_away_damaged(&mut self) -> Result<bool> {
        let Some(why) = self.snapshot.damage().map(str::to_owned) else { return Ok(false) };
        let Some(snapshot) = Arc::get_mut(&mut self.snapshot) else { return Ok(false) };
        self.cut = Cut::default();
        snapshot.clear(&why)?;
        said(snapshot.dir(), &why);
        Ok(true)
    }
}

fn said(dir: &Path, why: &str) {
    eprintln!("claimlog: the snapshot in {} is made again from the log, since {why}", dir.display());
}

fn standing(cut: &Cut) -> Standing {
    Standing { end: cut.end, records: cut.records, chains: cut.chains.clone() }
}

/// The thread that keeps the snapshot within `every` bytes of the end of the log, or within [`LATE`] times that while the log
/// is busy. Dropped, it ends after the step it is at.
pub(crate) struct Keeping {
    closing: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeping {
    /// Begins to keep it there.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn begin(keeper: Keeper, log: Arc<EmbeddedLog>, every: u64) -> Result<Self> {
        let (closing, closed) = channel();
        let thread = thread::Builder::new()
            .name("snapshot".to_owned())
            .spawn(move || keep(keeper, &log, every, &closed))
            .context("starting the thread of the snapshot")?;
        Ok(Self { closing: Some(closing), thread: Some(thread) })
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        drop(self.closing.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn keep(mut keeper: Keeper, log: &EmbeddedLog, every: u64, closed: &Receiver<()>) {
    let mut wait = LOOK;
    let mut seen = log.end();
    while closed.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = LOOK;
        let end = log.end();
        let busy = end - std::mem::replace(&mut seen, end) > BUSY_BYTES;
        let allowed = if busy { every.saturating_mul(LATE) } else { every };
        let far = |at: u64| log.end() - at >= every;
        if end - keeper.cut().end < allowed {
            continue;
        }
        let open = || closed.try_recv() == Err(TryRecvError::Empty);
        match keeper.catch_up(log, every, |at| far(at) && open()) {
            Ok(()) => {}
            Err(KeepError::Unreadable(_)) => return,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the snapshot stays where it is, and the next start takes longer");
                wait = RETRY;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spelt_with_their_unit() {
        assert_eq!("0".parse(), Ok(Bytes(0)));
        assert_eq!("32MiB".parse(), Ok(Bytes(32 << 20)));
        assert_eq!("4 KiB".parse(), Ok(Bytes(4096)));
        for wrong in ["", "MiB", "32MB", "-1", "99999999999GiB"] {
            assert!(wrong.parse::<Bytes>().is_err(), "{wrong}");
        }
    }
}
