//! Doing what is due: bounded, with pauses, until it is done or will not be.

use std::sync::Arc;

use claim_domain::ids::EffectId;
use claim_domain::text::Sentence;
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::Value;

use crate::due::{Due, Shaped};
use crate::local::sentence;
use crate::port::{Failure, Referrals, Upgraded};
use crate::result::{self, Came};
use crate::schedule::{Pause, Schedule};

/// What came of an effect that was due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Performed {
    /// There is a result, good or bad: this command reports it. Until it is decided, the effect stays due.
    Result {
        /// The effect.
        effect: EffectId,
        /// The command, for intake (CONTRACT §1).
        command: Value,
    },
    /// It could not be done now and has no failed result, so it stays due: closing is best effort.
    StillDue {
        /// The effect.
        effect: EffectId,
        /// What went wrong.
        error: Sentence,
    },
}

/// Performs effects. Only a partition's leader may have one at work (DESIGN rule 8).
pub struct Performer {
    referrals: Arc<dyn Referrals>,
    pause: Arc<dyn Pause>,
    schedule: Schedule,
    at_once: usize,
}

impl Performer {
    /// Performs through `referrals`, at most `at_once` effects at a time.
    #[must_use]
    pub fn new(
        referrals: Arc<dyn Referrals>,
        pause: Arc<dyn Pause>,
        schedule: Schedule,
        at_once: usize,
    ) -> Self {
        Self { referrals, pause, schedule, at_once: at_once.max(1) }
    }

    /// Performs each of these effects and yields what came of it, in the order in which they end. To be given each effect
    /// once; dropping the stream leaves what was not told due.
    pub fn perform(&self, due: Vec<Due>) -> impl Stream<Item = Performed> + '_ {
        stream::iter(due).map(|it| self.perform_one(it)).buffer_unordered(self.at_once)
    }

    /// Performs one effect, for whoever shares out the work. Dropping the future leaves it due.
    pub async fn perform_one(&self, due: Due) -> Performed {
        let effect = due.id();
        let mut failed = 0;
        let (attempt, error) = loop {
            let attempt = due.attempt.saturating_add(failed);
            let failure = match self.ask(effect, &due).await {
                Ok(came) => {
                    return match result::done(&due, attempt, came) {
                        Ok(command) => Performed::Result { effect, command },
                        Err(fault) => Performed::StillDue { effect, error: sentence(&fault.to_string()) },
                    };
                }
                Err(failure) => failure,
            };
            failed += 1;
            tracing::warn!(%effect, attempt, error = %failure, "an effect was not done");
            let (error, after) = match failure {
                Failure::Final { error } => break (attempt, error),
                Failure::Retryable { error, after } => (error, after.unwrap_or_default()),
            };
            match self.schedule.pause_after(failed) {
                Some(pause) => self.pause.pause(pause.max(after)).await,
                None => break (attempt, error),
            }
        };
        match result::failed(&due, attempt, error.clone()) {
            Ok(Some(command)) => Performed::Result { effect, command },
            Ok(None) => Performed::StillDue { effect, error },
            Err(fault) => Performed::StillDue { effect, error: sentence(&fault.to_string()) },
        }
    }

    async fn ask(&self, effect: EffectId, due: &Due) -> Result<Came, Failure> {
        match due.shaped() {
            Shaped::Create(request) => self.referrals.create(effect, &request).await.map(Came::Created),
            Shaped::Upgrade(request) => Ok(match self.referrals.upgrade(effect, &request).await? {
                Upgraded::Made(standing) => Came::Upgraded(standing),
                Upgraded::Declined(reason) => Came::Declined(reason),
            }),
            Shaped::Close(request) => self.referrals.close(effect, &request).await.map(|()| Came::Closed),
        }
    }
}

impl std::fmt::Debug for Performer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Performer")
            .field("schedule", &self.schedule)
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}
