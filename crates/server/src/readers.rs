//! Reading the views: a few connections, each used by one reader at a time, off the threads that serve connections.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use claim_journal::Cursor;
use claim_projector::{Snapshot, StoreError, Views};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::problem::HttpProblem;

/// Opens the views once more, for reading only.
pub type OpenViews = Arc<dyn Fn() -> Result<Views, StoreError> + Send + Sync>;

/// How many read at once.
const AT_ONCE: usize = 4;
/// How long a reader that names a cursor waits for it (F-39).
const REACH_WITHIN: Duration = Duration::from_secs(5);
/// How often the cursor is looked at meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The connections to the views.
pub(crate) struct Readers {
    open: OpenViews,
    idle: Mutex<Vec<Views>>,
    permits: Semaphore,
}

impl Readers {
    pub(crate) fn new(open: OpenViews) -> Arc<Self> {
        Arc::new(Self { open, idle: Mutex::new(Vec::new()), permits: Semaphore::new(AT_ONCE) })
    }

    /// Reads at one moment.
    ///
    /// # Errors
    /// `views_unavailable`, and what `ask` says.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Snapshot<'_>) -> Result<T, HttpProblem> + Send + 'static,
    ) -> Result<T, HttpProblem> {
        let _permit = self.permits.acquire().await.map_err(|_| HttpProblem::busy())?;
        let readers = Arc::clone(self);
        spawn_blocking(move || readers.ask(ask)).await.unwrap_or_else(|error| {
            // A panic while reading: this request has no answer, others do.
            Err(HttpProblem::views_unavailable(&error))
        })
    }

    fn ask<T>(&self, ask: impl FnOnce(&Snapshot<'_>) -> Result<T, HttpProblem>) -> Result<T, HttpProblem> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let views = match idle {
            Some(views) => views,
            None => (self.open)()?,
        };
        let answer = ask(&views.snapshot()?);
        // A connection that failed is not kept.
        if !matches!(&answer, Err(problem) if problem.code() == "views_unavailable") {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(views);
        }
        answer
    }

    /// Up to where the views are folded.
    ///
    /// # Errors
    /// `views_unavailable`.
    pub(crate) async fn cursor(self: &Arc<Self>) -> Result<Cursor, HttpProblem> {
        self.read(|snapshot| Ok(snapshot.cursor())).await
    }

    /// Waits, for a bounded time, until the views hold everything up to `min`.
    ///
    /// # Errors
    /// `view_behind` with the cursor that was reached, or `views_unavailable`.
    pub(crate) async fn reach(self: &Arc<Self>, min: &Cursor) -> Result<(), HttpProblem> {
        let until = Instant::now() + REACH_WITHIN;
        loop {
            let reached = self.cursor().await?;
            if reached.covers(min) {
                return Ok(());
            }
            if Instant::now() >= until {
                let message = "the views have not reached this cursor yet: ask again, or without min_cursor";
                return Err(
                    HttpProblem::new(StatusCode::SERVICE_UNAVAILABLE, "view_behind", message).at(reached)
                );
            }
            sleep(LOOK_AGAIN).await;
        }
    }
}
