//! What the handle, the writing thread and the readers share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claim_journal::{Chain, Entry, JournalId, PartitionId, Verdict};
use claim_log::{Batch, Receipt, Tell, Unclear};

use crate::planted::{Planted, PlantedFault};
use crate::scan::{Scan, judged};
use crate::writer::{Job, tell};

/// The queue before the writing thread, and the durable end behind it.
pub(crate) struct Shared {
    /// The durable end: nothing at or beyond it may be read.
    pub(crate) durable: AtomicU64,
    queue: Mutex<Queue>,
    wake: Condvar,
    bases: Mutex<Vec<u64>>,
}

/// What the writing thread finds to do.
pub(crate) enum Taken {
    /// Appends, in order.
    Jobs(Vec<Job>),
    /// Nothing, for as long as it was ready to wait.
    Idle,
    /// Nothing any more: the log is closed.
    Closed,
}

struct Queue {
    jobs: Vec<Job>,
    /// The chains with all that waits; a batch is judged when it is taken, in the order of the appends.
    chains: BTreeMap<PartitionId, Chain>,
    journal: Option<JournalId>,
    /// The end of the log with all that waits.
    end: u64,
    closing: bool,
    dead: Option<Unclear>,
    planted: Planted,
}

impl Shared {
    pub(crate) fn new(scan: &Scan, bases: Vec<u64>, planted: Planted) -> Self {
        Self {
            durable: AtomicU64::new(scan.end),
            queue: Mutex::new(Queue {
                jobs: Vec::new(),
                chains: scan.chains.clone(),
                journal: scan.chains.values().find_map(Chain::journal),
                end: scan.end,
                closing: false,
                dead: None,
                planted,
            }),
            wake: Condvar::new(),
            bases: Mutex::new(bases),
        }
    }

    /// Takes batches in: judges each in turn, and lets the writing thread know once.
    pub(crate) fn push(&self, batches: Vec<(Batch, Tell)>) {
        let mut queue = self.queue();
        if queue.closing {
            drop(queue);
            batches.into_iter().for_each(|(_, teller)| tell(teller, Receipt::Unclear(Unclear::Closed)));
            return;
        }
        for (batch, tell) in batches {
            let (lines, receipt) = match queue.judge(&batch) {
                Some(offsets) => (batch.lines, Receipt::Appended { offsets }),
                None => (Vec::new(), Receipt::Fenced),
            };
            queue.jobs.push(Job { lines, receipt, tell });
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// All that waits. Blocks while nothing does, or for as long as `patience` says.
    pub(crate) fn take_all(&self, patience: Option<Duration>) -> Taken {
        let mut queue = self.queue();
        loop {
            if !queue.jobs.is_empty() {
                let room = Vec::with_capacity(queue.jobs.len());
                return Taken::Jobs(std::mem::replace(&mut queue.jobs, room));
            }
            if queue.closing {
                return Taken::Closed;
            }
            queue = match patience {
                None => self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let waited = self.wake.wait_timeout(queue, patience);
                    let (queue, waited) = waited.unwrap_or_else(PoisonError::into_inner);
                    if waited.timed_out() && queue.jobs.is_empty() && !queue.closing {
                        return Taken::Idle;
                    }
                    queue
                }
            };
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

impl Queue {
    /// The offsets of a batch whose every line extends its chain; none, and no trace, when one does not.
    fn judge(&mut self, batch: &Batch) -> Option<Vec<u64>> {
        let (chain, journal, end) = (self.chains.get(&batch.partition).cloned(), self.journal, self.end);
        let mut offsets = Vec::with_capacity(batch.lines.len());
        for line in &batch.lines {
            offsets.push(self.end);
            if self.extend(batch.partition, line).is_none() {
                self.journal = journal;
                self.end = end;
                match chain {
                    Some(chain) => self.chains.insert(batch.partition, chain),
                    None => self.chains.remove(&batch.partition),
                };
                return None;
            }
        }
        Some(offsets)
    }

    fn extend(&mut self, partition: PartitionId, entry: &Entry) -> Option<()> {
        if !entry.ends_with(b"\n") {
            return None;
        }
        let end = self.end;
        match judged(&mut self.chains, &mut self.journal, partition, |chain| chain.take(end, entry)) {
            Verdict::Valid => {}
            Verdict::Void(_) | Verdict::Halt(_) if self.planted.has(PlantedFault::ChainNotJudged) => {}
            Verdict::Known | Verdict::Void(_) | Verdict::Halt(_) => return None,
        }
        self.end += entry.len() as u64;
        Some(())
    }
}
