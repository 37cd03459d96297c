//! The program as this process has read it: what partitions that it leads decide with (DESIGN §4, "Program").

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use claim_domain::catalog::Catalog;
use claim_journal::{Chain, Decision, JournalId, Kind, Line, Offsets, PartitionId, ProgramPosition};
use claim_log::{JudgeError, Judged, Judging, ReadLog, Stored};

/// How long to wait after the log could not be read.
const RETRY: Duration = Duration::from_millis(500);

/// What was read of the program so far.
#[derive(Debug, Default)]
struct Known {
    journal: Option<JournalId>,
    position: Option<ProgramPosition>,
    catalog: Arc<Catalog>,
    failed: Option<Arc<str>>,
}

impl Known {
    fn read(&self) -> ProgramPosition {
        self.position.unwrap_or(ProgramPosition { sequence: 0, head: None })
    }
}

/// The catalog with its past, read on and on by a thread of its own.
#[derive(Debug, Default)]
pub struct Program {
    known: Mutex<Known>,
    moved: Condvar,
    closing: AtomicBool,
}

/// The thread that reads the program. Dropping it ends the thread.
#[derive(Debug)]
pub struct Following {
    program: Arc<Program>,
    thread: Option<JoinHandle<()>>,
}

impl Program {
    /// Reads the program of a log whose offsets count, from its beginning on.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn follow(log: Arc<dyn ReadLog>, accept_void: &[u64]) -> std::io::Result<Following> {
        let program = Arc::new(Self::default());
        let mut chain = Chain::new(PartitionId::Program, Offsets::Count);
        accept_void.iter().for_each(|offset| chain.accept_void(*offset));
        let reading = Arc::clone(&program);
        let thread =
            thread::Builder::new().name("program".into()).spawn(move || reading.read_on(&*log, chain))?;
        Ok(Following { program, thread: Some(thread) })
    }

    /// The journal's id, once the program's first lead told it.
    #[must_use]
    pub fn journal(&self) -> Option<JournalId> {
        self.lock().journal
    }

    /// The catalog, once it was read up to `sequence`; waits for that at most so long.
    ///
    /// # Errors
    /// Why the program cannot be read on, ever.
    pub fn at_least(
        &self,
        sequence: u64,
        wait: Duration,
    ) -> Result<Option<(ProgramPosition, Arc<Catalog>)>, Arc<str>> {
        let behind = |known: &mut Known| known.read().sequence < sequence && known.failed.is_none();
        let waited = self.moved.wait_timeout_while(self.lock(), wait, behind);
        let (known, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if known.read().sequence >= sequence {
            return Ok(Some((known.read(), Arc::clone(&known.catalog))));
        }
        known.failed.clone().map_or(Ok(None), Err)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_on(&self, log: &dyn ReadLog, mut chain: Chain) {
        while !self.closing.load(Ordering::Acquire) {
            let failed = match Judging::resume(log, [chain.clone()]) {
                Ok(mut judging) => {
                    let ended = self.read_until_it_fails(&mut judging);
                    chain = judging.chain(PartitionId::Program).cloned().unwrap_or(chain);
                    ended
                }
                Err(failed) => Err(failed),
            };
            match failed {
                Ok(()) => {}
                Err(JudgeError::Log(claim_log::LogError::Io { doing, source })) => {
                    tracing::warn!(%doing, error = %source, "the program cannot be read now");
                    thread::sleep(RETRY);
                }
                Err(halt) => {
                    tracing::error!(error = %halt, "the program cannot be read on");
                    self.lock().failed = Some(halt.to_string().into());
                    self.moved.notify_all();
                    return;
                }
            }
        }
    }

    fn read_until_it_fails(&self, judging: &mut Judging) -> Result<(), JudgeError> {
        while !self.closing.load(Ordering::Acquire) {
            match judging.next()? {
                Some(Judged::Valid(stored)) => self.fold(&stored),
                Some(Judged::Void(..)) => {}
                None => judging.wait(|| self.closing.load(Ordering::Acquire))?,
            }
        }
        Ok(())
    }

    /// Folds a valid record.
    fn fold(&self, stored: &Stored) {
        let Ok(line) = Line::parse(&stored.line) else { return };
        let mut known = self.lock();
        known.journal = Some(line.envelope.journal);
        if line.envelope.kind == Kind::Decision {
            match Decision::decode(line.body) {
                Ok(decision) => {
                    let sequence = line.envelope.sequence;
                    let catalog = Arc::make_mut(&mut known.catalog);
                    decision.events().iter().for_each(|event| catalog.evolve(sequence, event));
                    let head = line.envelope.previous.map(|before| line.extends(before));
                    known.position = Some(ProgramPosition { sequence, head });
                }
                Err(newer) => {
                    let offset = stored.offset;
                    let why = format!("the program's decision at offset {offset} cannot be read: {newer}");
                    known.failed = Some(why.into());
                }
            }
        }
        drop(known);
        self.moved.notify_all();
    }
}

impl Following {
    /// What is read.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.program.closing.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
