//! What was sent and is not acknowledged yet.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::append::Unclear;
use crate::topics::TellOffset;

#[derive(Debug)]
struct State {
    /// How many records of each leg are on their way; the last leg is the one that goes on.
    legs: VecDeque<usize>,
    /// How many legs landed before the first of these.
    landed: u64,
    failed: Option<String>,
}

/// Counts what is on its way, leg by leg. After one failure everything is a failure: an order that has a hole is none.
#[derive(Debug)]
pub struct Flight {
    state: Mutex<State>,
    landed: Condvar,
}

impl Default for Flight {
    fn default() -> Self {
        let state = State { legs: VecDeque::from([0]), landed: 0, failed: None };
        Self { state: Mutex::new(state), landed: Condvar::new() }
    }
}

impl State {
    /// Counts the legs that landed; the one that goes on has not ended.
    fn count(&mut self) {
        while self.legs.len() > 1 && self.legs.front() == Some(&0) {
            self.legs.pop_front();
            self.landed += 1;
        }
    }

    fn told(&self) -> Result<u64, String> {
        self.failed.clone().map_or(Ok(self.landed), Err)
    }
}

impl Flight {
    /// Something is sent; what it yields says that it landed.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> TellOffset {
        let leg = {
            let mut state = self.state();
            state.legs.back_mut().into_iter().for_each(|it| *it += 1);
            state.landed + state.legs.len() as u64
        };
        let flight = Arc::clone(self);
        Box::new(move |told| flight.land(leg, told))
    }

    fn land(&self, leg: u64, told: Result<u64, Unclear>) {
        let mut state = self.state();
        if let Err(unclear) = told {
            state.failed.get_or_insert_with(|| unclear.to_string());
        }
        let nth = usize::try_from(leg - state.landed - 1).ok();
        if let Some(outstanding) = nth.and_then(|it| state.legs.get_mut(it)) {
            *outstanding -= 1;
            if *outstanding == 0 {
                state.count();
                self.landed.notify_all();
            }
        }
    }

    /// Something could not even be sent.
    pub fn fail(&self, why: String) {
        self.state().failed.get_or_insert(why);
    }

    /// Ends a leg: what is sent from now on belongs to the next. Yields how many legs have ended.
    pub fn end_leg(&self) -> u64 {
        let mut state = self.state();
        state.legs.push_back(0);
        state.count();
        state.landed + state.legs.len() as u64 - 1
    }

    /// Of how many legs, from the first on, everything landed.
    ///
    /// # Errors
    /// A sentence that says what failed first.
    pub fn landed(&self) -> Result<u64, String> {
        self.state().told()
    }

    /// Waits until everything of so many legs landed, at most so long; yields of how many it did.
    ///
    /// # Errors
    /// A sentence that says what failed first, or that there was no answer in time.
    pub fn land_to(&self, legs: u64, patience: Duration) -> Result<u64, String> {
        let aloft = |state: &mut State| state.landed < legs && state.failed.is_none();
        let waited = self.landed.wait_timeout_while(self.state(), patience, aloft);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() && state.landed < legs { Err(no_answer(patience)) } else { state.told() }
    }

    /// Waits until nothing is on its way, at most so long.
    ///
    /// # Errors
    /// A sentence that says what failed first, or that there was no answer in time.
    pub fn settle(&self, patience: Duration) -> Result<(), String> {
        let aloft = |state: &mut State| state.legs.iter().any(|it| *it > 0);
        let waited = self.landed.wait_timeout_while(self.state(), patience, aloft);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.told()?;
        if aloft(&mut state) { Err(no_answer(patience)) } else { Ok(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What went out leg by leg and has not all landed, each leg with what is to be noted once it has.
#[derive(Debug)]
pub struct Underway<T> {
    flight: Arc<Flight>,
    legs: VecDeque<(u64, T)>,
    most: usize,
}

impl<T> Underway<T> {
    /// Nothing yet; at most so many legs at once.
    #[must_use]
    pub fn new(flight: &Arc<Flight>, most: usize) -> Self {
        Self { flight: Arc::clone(flight), legs: VecDeque::new(), most }
    }

    /// Ends a leg of the flight; `note` is of all that was sent up to here.
    pub fn end_leg(&mut self, note: T) {
        self.legs.push_back((self.flight.end_leg(), note));
    }

    /// The notes of the legs that have landed, in their order; waits for the oldest, at most so long, only when too many have
    /// not.
    ///
    /// # Errors
    /// A sentence that says what failed first, or that there was no answer in time.
    pub fn landed(&mut self, patience: Duration) -> Result<Vec<T>, String> {
        let behind = self.legs.len().checked_sub(self.most).and_then(|nth| self.legs.get(nth));
        let landed = match behind {
            Some((legs, _)) => self.flight.land_to(*legs, patience)?,
            None => self.flight.landed()?,
        };
        let notes = std::iter::from_fn(|| self.legs.pop_front_if(|(legs, _)| *legs <= landed));
        Ok(notes.map(|(_, note)| note).collect())
    }
}

fn no_answer(patience: Duration) -> String {
    format!("no answer within {} s", patience.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // DESIGN §4: commits only when everything up to there is acknowledged
    fn settled_means_that_everything_landed() {
        let flight = Arc::new(Flight::default());
        assert_eq!(flight.settle(Duration::ZERO), Ok(()));
        let (first, second) = (flight.begin(), flight.begin());
        first(Ok(0));
        assert!(flight.settle(Duration::ZERO).is_err(), "one is on its way");
        second(Ok(1));
        assert_eq!(flight.settle(Duration::ZERO), Ok(()));
        flight.begin()(Err(Unclear::Closed));
        flight.begin()(Ok(2));
        assert_eq!(flight.settle(Duration::ZERO), Err("the log is closed".to_owned()), "a failure stays");
    }
    #[test] // DESIGN §4: what is behind something that is on its way is not done yet
    fn legs_land_in_their_order() {
        let flight = Arc::new(Flight::default());
        let (first, second) = (flight.begin(), flight.begin());
        assert_eq!(flight.end_leg(), 1);
        let third = flight.begin();
        assert_eq!(flight.end_leg(), 2);
        third(Ok(2));
        first(Ok(0));
        assert_eq!(flight.landed(), Ok(0));
        assert!(flight.land_to(1, Duration::ZERO).is_err(), "one of the first leg is on its way");
        second(Ok(1));
        assert_eq!(flight.land_to(2, Duration::ZERO), Ok(2));
        assert_eq!(flight.end_leg(), 3);
        assert_eq!(flight.landed(), Ok(3), "an empty leg lands as it ends");
        flight.begin()(Err(Unclear::Closed));
        assert!(flight.landed().is_err() && flight.land_to(3, Duration::ZERO).is_err(), "a failure stays");
    }

    #[test]
    fn what_is_underway_is_noted_as_it_lands() {
        let flight = Arc::new(Flight::default());
        let mut underway = Underway::new(&flight, 2);
        let (first, second) = (flight.begin(), flight.end_leg());
        assert_eq!(second, 1);
        underway.end_leg("a");
        assert_eq!(underway.landed(Duration::ZERO), Ok(vec![]), "two may be on their way");
        let third = flight.begin();
        underway.end_leg("b");
        assert!(underway.landed(Duration::ZERO).is_err(), "and not more");
        first(Ok(0));
        assert_eq!(underway.landed(Duration::ZERO), Ok(vec!["a"]));
        third(Ok(1));
        assert_eq!(underway.landed(Duration::ZERO), Ok(vec!["b"]));
    }
}
