//! Answers as the journal tells them: who waits for one, and those that were given before.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use claim_journal::{AskedAs, Decision, Kind, Line, PartitionId, Position, Retold};
use claim_log::{JudgeError, Judged, Judging, LogError, ReadLog, Stored, Told, beginning};
use tokio::sync::oneshot;

use crate::serve::Stop;

/// With how many commands waiting those are forgotten that nobody waits for any more.
const WAITING: usize = 10_000;
/// How long to wait after the journal could not be read, or is not there yet.
const RETRY: Duration = Duration::from_millis(200);

/// What waits, and what was answered.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    given: HashMap<AskedAs, (PartitionId, u64)>,
    waiting: HashMap<AskedAs, Vec<oneshot::Sender<Told>>>,
}

/// Where the answer is.
pub(crate) enum Found {
    /// On the journal, at this offset.
    Given(PartitionId, u64),
    /// Still to come.
    Waiting(oneshot::Receiver<Told>),
}

impl Answers {
    /// Where the answer to a command is; whoever waits is told.
    pub(crate) fn of(&self, asked: AskedAs) -> Found {
        let mut state = self.lock();
        if let Some((partition, offset)) = state.given.get(&asked) {
            return Found::Given(*partition, *offset);
        }
        if state.waiting.len() >= WAITING {
            // Who hung up, or got a problem, waits no more.
            state.waiting.retain(|_, tells| tells.iter().any(|it| !it.is_closed()));
        }
        let (tell, told) = oneshot::channel();
        state.waiting.entry(asked).or_default().push(tell);
        Found::Waiting(told)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the journal until the process stops.
    pub(crate) fn follow(
        &self,
        log: &dyn ReadLog,
        partitions: u16,
        accept_void: &BTreeMap<PartitionId, Vec<u64>>,
        stop: &Stop,
    ) -> Result<(), JudgeError> {
        let mut chains = loop {
            match beginning(log, partitions, accept_void) {
                Ok(Some(chains)) => break chains,
                Ok(None) => std::thread::sleep(RETRY),
                Err(JudgeError::Log(error @ LogError::Io { .. })) => cannot_read(&error),
                Err(error) => return Err(error),
            }
            if stop.why().is_some() {
                return Ok(());
            }
        };
        while stop.why().is_none() {
            match self.follow_on(log, &mut chains, stop) {
                Ok(()) => {}
                Err(JudgeError::Log(error)) => cannot_read(&error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn follow_on(
        &self,
        log: &dyn ReadLog,
        chains: &mut Vec<claim_journal::Chain>,
        stop: &Stop,
    ) -> Result<(), JudgeError> {
        let (mut judging, left) = Judging::resume_readable(log, chains)?;
        for (partition, error) in left {
            tracing::error!(%partition, %error, "no answer of this partition is read any more");
        }
        let ended = loop {
            match judging.next() {
                Ok(Some(Judged::Valid(stored))) => self.take(&stored),
                Ok(Some(Judged::Void(..))) => {}
                Ok(None) if stop.why().is_some() => break Ok(()),
                Ok(None) => {
                    if let Err(error) = judging.wait(|| stop.why().is_some()) {
                        break Err(error);
                    }
                }
                // The others go on; whoever waits for this one hears that there is no answer yet.
                Err(JudgeError::Halted { partition, offset, cause }) => {
                    tracing::error!(%partition, offset, %cause, "no answer of this partition is read any more");
                    judging.leave(partition);
                }
                Err(error) => break Err(error),
            }
        };
        chains.retain(|it| judging.chain(it.partition()).is_some());
        for chain in chains {
            if let Some(read) = judging.chain(chain.partition()).filter(|it| it.checkpoint().is_some()) {
                *chain = read.clone();
            }
        }
        ended
    }

    fn take(&self, stored: &Stored) {
        let Ok(line) = Line::parse(&stored.line) else { return };
        if line.envelope.kind != Kind::Decision {
            return;
        }
        let Ok(Some(asked)) = Decision::command(line.body) else { return };
        let waiting = {
            let mut state = self.lock();
            state.given.insert(asked.clone(), (stored.partition, stored.offset));
            state.waiting.remove(&asked)
        };
        let (Some(waiting), Ok(decision)) = (waiting, Retold::read(line.body)) else { return };
        let position = Position { partition: stored.partition, sequence: line.envelope.sequence };
        if let Some(told) = Told::of(&decision, position, None) {
            waiting.into_iter().for_each(|tell| drop(tell.send(told.clone())));
        }
    }
}

/// Says so with its causes, and waits.
fn cannot_read(error: &LogError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, "answers cannot be read now");
    std::thread::sleep(RETRY);
}

/// The answer that stands at an offset of the journal.
pub(crate) fn told_at(log: &dyn ReadLog, partition: PartitionId, offset: u64) -> Option<Told> {
    let stored = log.record(partition, offset).ok()?;
    let line = Line::parse(&stored).ok()?;
    let position = Position { partition, sequence: line.envelope.sequence };
    Told::of(&Retold::read(line.body).ok()?, position, None)
}
