//! What would be otherwise under changed terms: the journal's commands decided again, in memory, beside what it holds.

mod compare;
mod program;
mod report;
mod worker;
mod worlds;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant as Clock;

use claim_domain::command::PublishEngagement;
use claim_domain::ids::EngagementId;
use claim_domain::time::Instant;
use claim_journal::{Offsets, PartitionId};
use claim_log::{ReadLog, Start, Stored};

use crate::records::Body;
use crate::sound::{AuditError, each_record};
use compare::Comparison;
use program::Programs;
use worker::Worker;

pub use report::{Both, Count, Differing, OutcomeDiffers, Place, Seen, Totals, WhatIf};

/// How many lines go to a worker at once, and how many such batches may wait.
const AT_ONCE: usize = 256;
const WAITING: usize = 8;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The terms of each engagement that is changed.
    pub terms: Vec<PublishEngagement>,
    /// From when on; without it they replace every version that was ever published.
    pub from: Option<Instant>,
    /// The most claims to list.
    pub most: usize,
    /// How many threads decide.
    pub threads: usize,
}

/// There is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// Terms that no publication would be accepted with.
    #[error("terms_invalid: the terms of {engagement} contradict the rules: {fault}")]
    TermsInvalid {
        /// Of which engagement.
        engagement: EngagementId,
        /// What is wrong.
        fault: &'static str,
    },
    /// The journal never published the engagement.
    #[error("engagement_not_found: this journal never published {0}")]
    EngagementNotFound(EngagementId),
    /// The journal cannot be read to its end.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// Decides every command of the journal again, as if the terms of some engagements had been others.
///
/// Two worlds are folded side by side: what the log holds, and what would have come of the same commands, received when
/// they were. Until a decision comes to something else the two are one. From then on the customer is folded twice: its
/// deadlines fire by their due times, commands are judged again, and those about a claim that is not there are refused. What
/// people would have asked for instead, nobody knows; facts, the other engagements and all else stay as recorded.
///
/// Terms changed from a time on hold as if they had been published then, and instead of those published later: open claims
/// keep their version, as A-53 says. Partitions are independent, so each is decided by one of `threads` threads. Deadlines
/// due by the newest time that the log told are fired in both worlds before these are compared.
///
/// # Errors
/// [`WhatIfError`].
pub fn what_if(
    log: &dyn ReadLog,
    offsets: Offsets,
    changes: &Changes,
    progress: &mut dyn FnMut(u64),
) -> Result<WhatIf, WhatIfError> {
    let begun = Clock::now();
    for change in &changes.terms {
        if let Some(fault) = change.terms.fault() {
            return Err(WhatIfError::TermsInvalid { engagement: change.engagement.clone(), fault });
        }
    }
    let programs = programs(log, offsets, changes)?;
    let workers = decided(log, offsets, &programs, changes.threads, progress)?;
    if let Some(finding) = workers.iter().find_map(|it| it.unsound.clone()) {
        return Err(AuditError::Unsound(Box::new(finding)).into());
    }
    let commands = workers.iter().map(|it| it.commands).sum();
    let threads = workers.len();
    let at = workers.iter().map(|it| it.newest).max().unwrap_or_default();
    let mut comparison = Comparison::new(&programs, at);
    workers.into_iter().for_each(|it| comparison.add(it));
    let took = begun.elapsed();
    Ok(WhatIf {
        engagements: programs.engagements().cloned().collect(),
        from: changes.from,
        commands,
        duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        commands_per_second: per_second(commands, took.as_micros()),
        threads,
        ..comparison.report(changes.most)
    })
}

fn programs(log: &dyn ReadLog, offsets: Offsets, changes: &Changes) -> Result<Programs, WhatIfError> {
    let mut programs = Programs::new(changes.terms.clone(), changes.from);
    let start = Start::nowhere().at(PartitionId::Program, 0);
    each_record(log, offsets, &start, &mut |record| {
        if let Body::Decision(decision, ..) = &record.body {
            programs.apply(record.sequence, decision);
        }
    })?;
    match programs.end() {
        Some(unknown) => Err(WhatIfError::EngagementNotFound(unknown)),
        None => Ok(programs),
    }
}

/// Reads the log once and lets each partition's thread decide it again.
fn decided<'p>(
    log: &dyn ReadLog,
    offsets: Offsets,
    programs: &'p Programs,
    threads: usize,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Worker<'p>>, WhatIfError> {
    let start = Start::beginning().without(PartitionId::Program).without(PartitionId::Identity);
    let mut lines = log.read(&start).map_err(AuditError::from)?;
    thread::scope(|scope| {
        let workers = (0..threads.max(1)).map(|_| {
            let (send, batches) = sync_channel(WAITING);
            let worker = Worker::new(programs, offsets);
            (Sending { send, batch: Vec::new() }, scope.spawn(move || work(worker, &batches)))
        });
        let (mut sending, working): (Vec<_>, Vec<_>) = workers.unzip();
        let mut read = 0;
        let ended = loop {
            match lines.next() {
                Ok(Some(stored)) => {
                    let PartitionId::Number(number) = stored.partition else { continue };
                    let whose = usize::from(number) % sending.len();
                    sending[whose].line(stored);
                    read += 1;
                    if read % AT_ONCE as u64 == 0 {
                        progress(read);
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(AuditError::from(error)),
            }
        };
        sending.iter_mut().for_each(Sending::flush);
        drop(sending);
        let workers = working.into_iter().map(|it| match it.join() {
            Ok(worker) => worker,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let workers = workers.collect();
        ended.map(|()| workers).map_err(WhatIfError::from)
    })
}

fn work<'p>(mut worker: Worker<'p>, batches: &Receiver<Vec<Stored>>) -> Worker<'p> {
    batches.iter().flatten().for_each(|it| worker.line(&it));
    worker
}

/// Lines on their way to one thread.
struct Sending {
    send: SyncSender<Vec<Stored>>,
    batch: Vec<Stored>,
}

impl Sending {
    fn line(&mut self, stored: Stored) {
        self.batch.push(stored);
        if self.batch.len() >= AT_ONCE {
            self.flush();
        }
    }

    /// Sends what waits. A thread that is gone has panicked, which its end tells.
    fn flush(&mut self) {
        drop(self.send.send(std::mem::take(&mut self.batch)));
    }
}

fn per_second(count: u64, micros: u128) -> u64 {
    u64::try_from(u128::from(count) * 1_000_000 / micros.max(1)).unwrap_or(u64::MAX)
}
