//! What was decided, read from the journal: known ids, and the outcomes that program commands wait for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use claim_journal::canonical::BodyError;
use claim_journal::{AskedAs, Decision, Kind, Line, PartitionId, Position, ProgramPosition, Retold, Routed};
use claim_log::{JudgeError, Judged, Judging, ReadLog, Stored, TellOutcome, Told, beginning};

use super::{RelayError, RelayParts};

/// How long to wait for the first lead of a new journal before looking again.
const NEW: Duration = Duration::from_millis(100);

/// What the journal tells.
pub(super) enum News {
    /// A valid decision of a command; of the program's also its position with this one.
    Decided { asked: AskedAs, stored: Stored, program: Option<ProgramPosition> },
    /// Everything that was decided before the start is told.
    CaughtUp,
}

/// Where program commands wait for their outcomes.
#[derive(Default)]
pub(super) struct Barrier {
    state: Mutex<BarrierState>,
}

#[derive(Default)]
struct BarrierState {
    answered: HashMap<AskedAs, Told>,
    waiting: HashMap<AskedAs, Vec<TellOutcome>>,
    closed: bool,
}

impl Barrier {
    /// Tells the outcome of a program command once it is valid; at once when it is.
    pub(super) fn wait_for(&self, routed: &Routed, tell: TellOutcome) {
        let command = AskedAs { source: routed.source.clone(), id: routed.id, digest: routed.digest };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = state.answered.get(&command).cloned() {
            drop(state);
            tell(Ok(told));
        } else if !state.closed {
            state.waiting.entry(command).or_default().push(tell);
        }
    }

    fn answer(&self, command: AskedAs, told: &Told) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = state.waiting.remove(&command).unwrap_or_default();
        state.answered.insert(command, told.clone());
        drop(state);
        waiting.into_iter().for_each(|tell| tell(Ok(told.clone())));
    }

    /// Nobody will be told any more.
    pub(super) fn close(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        state.waiting.clear();
    }
}

/// The thread that reads the journal. Dropping it ends the thread.
pub(super) struct Learning {
    barrier: Arc<Barrier>,
    closing: Arc<AtomicBool>,
    failed: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Learning {
    /// Begins to read.
    pub(super) fn start(parts: &RelayParts) -> Result<(Self, Receiver<News>), RelayError> {
        let (send, news) = channel();
        let barrier = Arc::new(Barrier::default());
        let closing = Arc::new(AtomicBool::new(false));
        let failed = Arc::new(Mutex::new(None));
        let reading = Reading {
            log: Arc::clone(&parts.log),
            parts: (parts.partitions, parts.accept_void.clone()),
            barrier: Arc::clone(&barrier),
            send,
            closings: [Arc::clone(&closing), Arc::clone(&parts.closing)],
            caught_up: false,
        };
        let why = Arc::clone(&failed);
        let thread = thread::Builder::new().name("learning".into()).spawn(move || {
            let barrier = Arc::clone(&reading.barrier);
            if let Err(error) = reading.run() {
                *why.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
            }
            barrier.close();
        });
        let thread = thread.map_err(|error| RelayError::Stopped(error.to_string()))?;
        Ok((Self { barrier, closing, failed, thread: Some(thread) }, news))
    }

    pub(super) fn barrier(&self) -> Arc<Barrier> {
        Arc::clone(&self.barrier)
    }

    /// Why nothing more is learnt.
    pub(super) fn failed(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Learning {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

struct Reading {
    log: Arc<dyn ReadLog>,
    parts: (u16, std::collections::BTreeMap<PartitionId, Vec<u64>>),
    barrier: Arc<Barrier>,
    send: Sender<News>,
    closings: [Arc<AtomicBool>; 2],
    caught_up: bool,
}

impl Reading {
    fn run(mut self) -> Result<(), JudgeError> {
        let (partitions, accept_void) = self.parts.clone();
        let chains = loop {
            if self.closes() {
                return Ok(());
            }
            if let Some(chains) = beginning(&*self.log, partitions, &accept_void)? {
                break chains;
            }
            // A new journal: nothing was decided, and the engine begins it.
            self.is_caught_up();
            thread::sleep(NEW);
        };
        let (mut judging, left) = Judging::resume_readable(&*self.log, &chains)?;
        for (partition, error) in left {
            tracing::error!(%partition, %error, "nothing is learnt from this partition any more");
            if partition == PartitionId::Program {
                return Err(error.into());
            }
        }
        while !self.closes() {
            match judging.next() {
                Ok(Some(Judged::Valid(stored))) => self.learn(stored),
                Ok(Some(Judged::Void(..))) => {}
                Ok(None) => {
                    self.is_caught_up();
                    judging.wait(|| self.closes())?;
                }
                // Its commands are sent on and wait there. Nothing can be taken without the program.
                Err(JudgeError::Halted { partition, offset, cause }) if partition != PartitionId::Program => {
                    tracing::error!(%partition, offset, %cause, "nothing is learnt from this partition any more");
                    judging.leave(partition);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn closes(&self) -> bool {
        self.closings.iter().any(|it| it.load(Ordering::Acquire))
    }

    fn is_caught_up(&mut self) {
        if !std::mem::replace(&mut self.caught_up, true) {
            drop(self.send.send(News::CaughtUp));
        }
    }

    fn learn(&self, stored: Stored) {
        let Ok(line) = Line::parse(&stored.line) else { return };
        if line.envelope.kind != Kind::Decision {
            return;
        }
        let asked = match Decision::command(line.body) {
            Ok(Some(asked)) => asked,
            // A deadline tells intake nothing.
            Ok(None) => return,
            Err(error) => return unknown(&stored, &error),
        };
        let program = (stored.partition == PartitionId::Program).then(|| ProgramPosition {
            sequence: line.envelope.sequence,
            head: line.envelope.previous.map(|before| line.extends(before)),
        });
        if let (Some(_), Ok(decision)) = (program, Retold::read(line.body)) {
            let position = Position { partition: stored.partition, sequence: line.envelope.sequence };
            if let Some(told) = Told::of(&decision, position, program) {
                self.barrier.answer(asked.clone(), &told);
            }
        }
        drop(self.send.send(News::Decided { asked, stored, program }));
    }
}

/// A decision of a newer release, whose id is not known here then.
pub(super) fn unknown(stored: &Stored, error: &BodyError) {
    let Stored { partition, offset, .. } = stored;
    tracing::error!(%partition, offset, %error, "a decision of a newer release; its id is not known here");
}
