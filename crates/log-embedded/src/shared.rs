//! What the handle, the writing thread and the readers share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use claim_log::{Batch, Receipt, Tell, Unclear};

use crate::scan::Scan;
use crate::writer::tell;

/// The queue before the writing thread, and the durable end behind it.
pub(crate) struct Shared {
    /// The durable end: nothing at or beyond it may be read.
    pub(crate) durable: AtomicU64,
    queue: Mutex<Queue>,
    wake: Condvar,
    bases: Mutex<Vec<u64>>,
}

struct Queue {
    jobs: Vec<(Batch, Tell)>,
    closing: bool,
    dead: Option<Unclear>,
}

impl Shared {
    pub(crate) fn new(scan: &Scan, bases: Vec<u64>) -> Self {
        Self {
            durable: AtomicU64::new(scan.end),
            queue: Mutex::new(Queue { jobs: Vec::new(), closing: false, dead: None }),
            wake: Condvar::new(),
            bases: Mutex::new(bases),
        }
    }

    /// Takes batches in and lets the writing thread know, once.
    pub(crate) fn push(&self, batches: Vec<(Batch, Tell)>) {
        let mut queue = self.queue();
        if queue.closing {
            drop(queue);
            batches.into_iter().for_each(|(_, teller)| tell(teller, Receipt::Unclear(Unclear::Closed)));
            return;
        }
        queue.jobs.extend(batches);
        drop(queue);
        self.wake.notify_one();
    }

    /// All that waits; blocks while nothing does. None when the log is closed and nothing waits.
    pub(crate) fn take_all(&self) -> Option<Vec<(Batch, Tell)>> {
        let mut queue = self.queue();
        loop {
            if !queue.jobs.is_empty() {
                let room = Vec::with_capacity(queue.jobs.len());
                return Some(std::mem::replace(&mut queue.jobs, room));
            }
            if queue.closing {
                return None;
            }
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes nothing in any more; what waits is still written.
    pub(crate) fn close(&self) {
        self.queue().closing = true;
        self.wake.notify_one();
    }

    pub(crate) fn die(&self, unclear: Unclear) {
        self.queue().dead = Some(unclear);
    }

    pub(crate) fn dead(&self) -> Option<Unclear> {
        self.queue().dead.clone()
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(crate) fn begin_segment(&self, base: u64) {
        self.bases.lock().unwrap_or_else(PoisonError::into_inner).push(base);
    }

    pub(crate) fn bases(&self) -> Vec<u64> {
        self.bases.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
