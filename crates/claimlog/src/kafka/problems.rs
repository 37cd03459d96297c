//! Problems as intake tells them on the outcomes topic, for whoever waits at our own door.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claim_intake::ProblemLine;
use claim_log::{Inbox, LogError, Place};
use tokio::sync::oneshot;

use crate::serve::Stop;

/// How long one look at the topic waits.
const PAUSE: Duration = Duration::from_millis(100);
/// How long to wait after the topic could not be read.
const RETRY: Duration = Duration::from_millis(200);
/// How many problems are kept that nobody waited for yet: they may come before whoever asked knows the offset.
const KEPT: usize = 10_000;

/// An inbox record: its partition, as problems name it, and its offset.
type At = (String, u64);

/// What waits, and what came early.
#[derive(Clone, Default)]
pub(crate) struct Problems(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    early: HashMap<At, ProblemLine>,
    order: VecDeque<At>,
    waiting: HashMap<At, oneshot::Sender<ProblemLine>>,
}

impl Problems {
    /// The problem of an inbox record, if it becomes one.
    pub(crate) fn of(&self, place: &Place, offset: u64) -> oneshot::Receiver<ProblemLine> {
        let at = (place.to_string(), offset);
        let (tell, told) = oneshot::channel();
        let mut state = self.lock();
        match state.early.remove(&at) {
            Some(problem) => drop(tell.send(problem)),
            None => drop(state.waiting.insert(at, tell)),
        }
        told
    }

    /// Nobody waits for this one any more.
    pub(crate) fn forget(&self, place: &Place, offset: u64) {
        self.lock().waiting.remove(&(place.to_string(), offset));
    }

    /// Reads the partition of problems from its end on, until the process stops.
    pub(crate) fn follow(&self, inbox: &dyn Inbox, place: &Place, stop: &Stop) {
        let mut next = None;
        while stop.why().is_none() {
            if let Err(error) = self.follow_on(inbox, place, &mut next, stop) {
                let error: &dyn std::error::Error = &error; // with its causes
                tracing::warn!(error, "problems cannot be read now");
                std::thread::sleep(RETRY);
            }
        }
    }

    fn follow_on(
        &self,
        inbox: &dyn Inbox,
        place: &Place,
        next: &mut Option<u64>,
        stop: &Stop,
    ) -> Result<(), LogError> {
        let from = match *next {
            Some(next) => next,
            None => inbox.range(place)?.1,
        };
        let mut arrivals = inbox.read(&BTreeMap::from([(place.clone(), from)]))?;
        *next = Some(from);
        while stop.why().is_none() {
            let Some(received) = arrivals.next(PAUSE)? else { continue };
            *next = Some(received.offset + 1);
            let value = received.value.as_deref().unwrap_or_default();
            if let Ok(problem) = serde_json::from_slice::<ProblemLine>(value)
                && let Some(inbox) = problem.inbox.clone()
            {
                self.take((inbox, problem.input), problem);
            }
        }
        Ok(())
    }

    fn take(&self, at: At, problem: ProblemLine) {
        let mut state = self.lock();
        if let Some(tell) = state.waiting.remove(&at) {
            drop(tell.send(problem));
            return;
        }
        state.early.insert(at.clone(), problem);
        state.order.push_back(at);
        if state.order.len() > KEPT
            && let Some(oldest) = state.order.pop_front()
        {
            state.early.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
