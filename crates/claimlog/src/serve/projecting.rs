//! Keeping the views current, on a thread of its own. Whatever happens to them, commands are decided (F-35).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use claim_journal::{Cursor, Offsets};
use claim_log::ReadLog;
use claim_projector::AcceptVoid;
use claim_server::{Meters, Pulse};
use indicatif::ProgressBar;
use tokio::sync::watch;

use crate::cli::Global;
use crate::views::Folding;

/// How often the end of the log is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// How often it is read even when its end has not moved.
const READ: Duration = Duration::from_secs(1);
/// How often it is read when its end is not known.
const READ_BESIDE: Duration = Duration::from_millis(100);
/// How long to read on before the checkpoints are compared with the log again.
const COMPARE: Duration = Duration::from_secs(2);
/// How long to wait after a failure.
const AGAIN: Duration = Duration::from_secs(1);

/// The thread's side.
pub(crate) struct Projecting {
    pub(crate) global: Global,
    pub(crate) log: Arc<dyn ReadLog>,
    /// What offsets mean on it.
    pub(crate) offsets: Offsets,
    /// Offsets that an operator declared void.
    pub(crate) accept_void: AcceptVoid,
    /// The durable end of the log, where this process writes it.
    pub(crate) end: Box<dyn Fn() -> Option<u64> + Send>,
    pub(crate) pulse: Pulse,
    pub(crate) meters: Meters,
    /// Told after every fold: everything that was durable when it began is in the views.
    pub(crate) folded: watch::Sender<Option<Cursor>>,
    /// Set when nothing more will be written: one last fold, then it ends.
    pub(crate) last: Arc<AtomicBool>,
}

impl Projecting {
    /// Folds until it is told that nothing more comes.
    pub(crate) fn run(self) {
        let bar = ProgressBar::hidden();
        let mut folding = None;
        loop {
            let last = self.last.load(Ordering::Acquire);
            match self.fold(&mut folding, &bar, last) {
                Ok(()) if last => return,
                Ok(()) => {}
                Err(error) => {
                    folding = None;
                    tracing::error!(error = format!("{error:#}"), "the views are not folded; trying again");
                    self.pulse.fail(format!("{error:#}"));
                    if last {
                        return;
                    }
                    thread::sleep(AGAIN);
                }
            }
        }
    }

    /// Folds what there is, and again when there is more, until it fails or nothing more comes.
    fn fold(&self, folding: &mut Option<Folding>, bar: &ProgressBar, last: bool) -> Result<()> {
        let Some(folding) = begun(folding, &self.global, self.offsets, &self.accept_void)? else {
            if self.offsets == Offsets::Count {
                // Several instances share the views, and one of them folds.
                self.pulse.beat();
                thread::sleep(AGAIN);
            } else {
                self.pulse.fail("another process folds into the views");
                thread::sleep(LOOK);
            }
            return Ok(());
        };
        if self.offsets == Offsets::Count {
            return self.follow(folding, last);
        }
        loop {
            let (end, began) = ((self.end)(), Instant::now());
            let cursor = folding.catch_up(&*self.log, bar)?;
            self.pulse.beat();
            self.meters.folded(&cursor);
            self.folded.send_replace(Some(cursor));
            if last {
                return Ok(());
            }
            // Reading costs something even when there is nothing: first look whether there is.
            loop {
                thread::sleep(LOOK);
                if self.last.load(Ordering::Acquire) {
                    return Ok(());
                }
                let often = if end.is_some() { READ } else { READ_BESIDE };
                if (self.end)() != end || began.elapsed() > often {
                    break;
                }
            }
        }
    }

    /// The same where waiting for more is cheap: reads on, and compares the checkpoints every while.
    fn follow(&self, folding: &mut Folding, last: bool) -> Result<()> {
        if last {
            return Ok(());
        }
        let (began, last) = (Instant::now(), Arc::clone(&self.last));
        let ends = move || began.elapsed() > COMPARE || last.load(Ordering::Acquire);
        folding.follow(&*self.log, &ends, &mut |cursor| {
            self.pulse.beat();
            self.meters.folded(&cursor);
            self.folded.send_replace(Some(cursor));
        })
    }
}

/// The right to fold, taken if need be; none while another process has it.
fn begun<'a>(
    folding: &'a mut Option<Folding>,
    global: &Global,
    offsets: Offsets,
    accept_void: &AcceptVoid,
) -> Result<Option<&'a mut Folding>> {
    if folding.is_none() {
        *folding = Folding::try_begin(global, offsets, accept_void)?;
    }
    Ok(folding.as_mut())
}
