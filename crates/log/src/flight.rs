//! What was sent and is not acknowledged yet.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::topics::TellOffset;

#[derive(Debug, Default)]
struct State {
    outstanding: usize,
    failed: Option<String>,
}

/// Counts what is on its way. After one failure everything is a failure: an order that has a hole is none.
#[derive(Debug, Default)]
pub struct Flight {
    state: Mutex<State>,
    landed: Condvar,
}

impl Flight {
    /// Something is sent; what it yields says that it landed.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> TellOffset {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).outstanding += 1;
        let flight = Arc::clone(self);
        Box::new(move |told| {
            let mut state = flight.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.outstanding -= 1;
            if let Err(unclear) = told {
                state.failed.get_or_insert_with(|| unclear.to_string());
            }
            if state.outstanding == 0 {
                flight.landed.notify_all();
            }
        })
    }

    /// Something could not even be sent.
    pub fn fail(&self, why: String) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).failed.get_or_insert(why);
    }

    /// Waits until nothing is on its way, at most so long.
    ///
    /// # Errors
    /// A sentence that says what failed first, or that there was no answer in time.
    pub fn settle(&self, patience: Duration) -> Result<(), String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.landed.wait_timeout_while(state, patience, |it| it.outstanding > 0);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match &state.failed {
            Some(why) => Err(why.clone()),
            None if state.outstanding > 0 => Err(format!("no answer within {} s", patience.as_secs())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::append::Unclear;

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
}
