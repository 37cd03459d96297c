//! Performing what is due while the process serves.

use std::time::Duration;

use anyhow::{Context, Result};
use claim_intake::Door;
use claim_journal::{Correlation, Cursor};
use claim_projector_referral::{DueEffect, due_referral_effects};
use claim_server::Meters;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::cli::Global;
use crate::performing::{Site, must_hold, perform};
use crate::serve::queue::Queue;
use crate::serve::stop::Stop;
use crate::views;

/// How long after a round the next begins.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long after a round that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// How long a round that is under way when the process stops may go on; what it has not told then is done again under the
/// same ids after the next start.
const GRACE: Duration = Duration::from_secs(5);
/// How long the views may take to hold what was reported.
const FOLDED_WITHIN: Duration = Duration::from_secs(30);

/// Performs effects, round after round.
pub(crate) struct Performing {
    pub(crate) global: Global,
    pub(crate) queue: Queue,
    pub(crate) folded: watch::Receiver<Option<Cursor>>,
    pub(crate) meters: Meters,
    pub(crate) stop: Stop,
}

/// What is due by the views of this process; results go through its queue.
struct Serving {
    global: Global,
    queue: Queue,
    folded: watch::Receiver<Option<Cursor>>,
    /// Everything that was reported.
    reported: Cursor,
}

impl Performing {
    /// Performs until the process stops.
    pub(crate) async fn run(self) {
        let Self { global, queue, folded, meters, stop } = self;
        let mut site = Serving { global: global.clone(), queue, folded, reported: Cursor::default() };
        while stop.why().is_none() {
            let stopped = async {
                stop.stopped().await;
                sleep(GRACE).await;
            };
            let after = tokio::select! {
                done = perform(&mut site, global.data()) => match done {
                    Ok(done) => {
                        meters.performed(done.performed, done.still_due);
                        if done.performed > 0 {
                            tracing::info!(performed = done.performed, still_due = done.still_due,
                                "effects were performed by the local stand-in; nothing was sent");
                        }
                        INTERVAL
                    }
                    Err(error) => {
                        tracing::error!(error = format!("{error:#}"), "effects were not performed");
                        AFTER_FAILURE
                    }
                },
                () = stopped => return,
            };
            tokio::select! {
                () = sleep(after) => {}
                () = stop.stopped() => {}
            }
        }
    }
}

impl Site for Serving {
    async fn due(&mut self) -> Result<Vec<DueEffect>> {
        // Views that do not hold a result yet would have it done again.
        let reported = &self.reported;
        let holds = |it: &Option<Cursor>| it.as_ref().is_some_and(|it| it.covers(reported));
        timeout(FOLDED_WITHIN, self.folded.wait_for(holds))
            .await
            .context("the views do not hold what was reported yet")?
            .context("the views are not folded any more")?;
        let views = views::open_read_only(&self.global)?;
        Ok(due_referral_effects(&views.snapshot()?, None, None)?)
    }

    async fn report(&mut self, results: &[Value]) -> Result<u64> {
        let commands = results.iter().map(|it| it.to_string().into_bytes()).collect();
        let mut recorded = 0;
        for answer in self.queue.ask(commands, &Correlation::default(), Door::Effects).await {
            self.reported.see(must_hold(answer)?.position);
            recorded += 1;
        }
        Ok(recorded)
    }
}
