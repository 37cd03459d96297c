//! The time at which a command is received, given once (A-62, CONTRACT §1).

use std::fmt;

use claim_domain::time::Instant;

use crate::problem::{Problem, ProblemCode};

/// Whose word on `received_at` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The clock's: a command that brings its own is a problem.
    Live,
    /// The command's: imported history.
    AsRecorded,
}

/// Intake's clock: the wall clock, which starts at the newest time that the log holds and never goes back.
pub(crate) struct Clock {
    wall: Box<dyn Fn() -> Instant + Send + Sync>,
    /// A simulated log's clock is the newest time given.
    simulated: bool,
    newest: Instant,
    given: Option<Instant>,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock")
            .field("newest", &self.newest)
            .field("simulated", &self.simulated)
            .finish_non_exhaustive()
    }
}

impl Clock {
    pub(crate) fn new(
        wall: Box<dyn Fn() -> Instant + Send + Sync>,
        simulated: bool,
        newest: Instant,
        given: Option<Instant>,
    ) -> Self {
        Self { wall, simulated, newest, given }
    }

    /// The time now.
    pub(crate) fn now(&mut self) -> Instant {
        if !self.simulated {
            self.newest = self.newest.max((self.wall)());
        }
        self.newest
    }

    /// The newest time that was given with a command.
    pub(crate) fn given(&self) -> Option<Instant> {
        self.given
    }

    /// The time at which a new command is received. `own` is what it brings; `stamped` is when a topic took it in; `before`
    /// is what the last readable line before it in the same file brought.
    ///
    /// # Errors
    /// The problems of CONTRACT §1, in the order not allowed, missing, in the future, out of order.
    pub(crate) fn receive(
        &mut self,
        mode: Mode,
        own: Option<Instant>,
        stamped: Option<Instant>,
        before: Option<Instant>,
    ) -> Result<Instant, Problem> {
        match mode {
            Mode::Live | Mode::AsRecorded if own.is_some() && (mode == Mode::Live || stamped.is_some()) => {
                Err(Problem::new(
                    ProblemCode::ReceivedAtNotAllowed,
                    "received_at is honoured only by `claimlog apply --as-recorded`; leave it out",
                ))
            }
            Mode::Live => Ok(stamped.unwrap_or_else(|| self.now())),
            Mode::AsRecorded => {
                let Some(at) = stamped.or(own).or(before).or(self.given) else {
                    let message =
                        "received_at is missing, and neither this file nor the log has an earlier one";
                    return Err(Problem::new(ProblemCode::ReceivedAtMissing, message));
                };
                if at > (self.wall)() {
                    let message = "received_at lies in the future; history has happened";
                    return Err(Problem::new(ProblemCode::ReceivedInFuture, message)
                        .with("received_at", at.to_string()));
                }
                if let Some(given) = self.given.filter(|given| at < *given) {
                    let message = "received_at is earlier than the newest time the log was given; apply files in time order";
                    let problem = Problem::new(ProblemCode::ReceivedOutOfOrder, message);
                    return Err(problem
                        .with("received_at", at.to_string())
                        .with("newest_given_at", given.to_string()));
                }
                Ok(at)
            }
        }
    }

    /// Notes the time of a command that leaves a record.
    pub(crate) fn give(&mut self, at: Instant) {
        self.given = self.given.max(Some(at));
        self.newest = self.newest.max(at);
    }
}
