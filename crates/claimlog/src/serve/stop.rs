//! When the process ends, and why.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Why the process ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Somebody asked for it.
    Asked,
    /// It cannot go on.
    Failed(String),
}

/// Everybody may stop the process, and hear that it stops; every clone is the same.
#[derive(Clone)]
pub(crate) struct Stop(watch::Sender<Option<Why>>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// It should end.
    pub(crate) fn ask(&self) {
        self.set(Why::Asked);
    }

    /// It cannot go on; the first reason counts.
    pub(crate) fn fail(&self, why: String) {
        self.set(Why::Failed(why));
    }

    fn set(&self, why: Why) {
        self.0.send_if_modified(|it| {
            let failed_first = matches!(it, Some(Why::Failed(_)));
            let news = it.as_ref() != Some(&why) && !failed_first;
            if news {
                *it = Some(why);
            }
            news
        });
    }

    /// Why it ends; none when it does not.
    pub(crate) fn why(&self) -> Option<Why> {
        self.0.borrow().clone()
    }

    /// Waits until it ends.
    pub(crate) async fn stopped(&self) {
        // The sender is this one, so it cannot be gone.
        drop(self.0.subscribe().wait_for(Option::is_some).await);
    }
}

/// The signals that end the process.
pub(crate) struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    /// Listens for them from now on; within a runtime.
    ///
    /// # Errors
    /// When the system does not let us.
    pub(crate) fn listen() -> Result<Self> {
        let on = |kind| signal(kind).context("listening for signals");
        Ok(Self { term: on(SignalKind::terminate())?, int: on(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_failure_counts_whatever_else_is_said() {
        let stop = Stop::new();
        assert_eq!(stop.why(), None);
        stop.ask();
        stop.clone().stopped().await;
        assert_eq!(stop.why(), Some(Why::Asked));
        stop.fail("the log failed".into());
        stop.fail("something else".into());
        stop.ask();
        assert_eq!(stop.why(), Some(Why::Failed("the log failed".into())));
    }
}
