//! When what intake remembers in memory may be forgotten: once a snapshot holds all of it.
//!
//! Intake knows of a command before the log does. What it remembers was decided, or never will be, when everyone who
//! waits for an outcome has been told; then all of it stands before the end of the log at that moment.

use std::sync::Arc;

use crate::bindings::Progress;

/// The two generations of what is remembered: one grows, one waits for a snapshot.
pub(crate) struct Turning {
    /// The durable end of the log.
    durable: Box<dyn Fn() -> u64 + Send + Sync>,
    /// Held by all that wait for an outcome of the growing generation.
    fresh: Arc<()>,
    older: Arc<()>,
    /// How many bindings there were when the waiting generation ended.
    bound: u64,
    /// All of the waiting generation stands before this offset, once that is known.
    waiting_at: Option<u64>,
}

impl std::fmt::Debug for Turning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turning").field("waiting_at", &self.waiting_at).finish_non_exhaustive()
    }
}

impl Turning {
    pub(crate) fn new(durable: Box<dyn Fn() -> u64 + Send + Sync>) -> Self {
        Self { durable, fresh: Arc::new(()), older: Arc::new(()), bound: 0, waiting_at: None }
    }

    pub(crate) fn hold(&self) -> Arc<()> {
        Arc::clone(&self.fresh)
    }

    /// Whether a snapshot that ends at `end` holds the waiting generation; then the growing one waits in its place.
    pub(crate) fn turns(&mut self, end: u64, bindings: Progress) -> bool {
        let told = Arc::strong_count(&self.older) == 1 && bindings.durable >= self.bound;
        if self.waiting_at.is_none() && told {
            self.waiting_at = Some((self.durable)());
        }
        if self.waiting_at.is_none_or(|it| end < it) {
            return false;
        }
        self.older = std::mem::take(&mut self.fresh);
        self.bound = bindings.bound;
        self.waiting_at = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_generation_waits_until_all_are_told_all_is_bound_and_the_snapshot_is_there() {
        let end = Arc::new(AtomicU64::new(10));
        let log = Arc::clone(&end);
        let mut turning = Turning::new(Box::new(move || log.load(Ordering::Relaxed)));
        let none = Progress::default();
        let held = turning.hold();
        assert!(!turning.turns(9, none), "what was remembered at the start ends at 10");
        assert!(turning.turns(10, none));
        let bound = Progress { bound: 3, durable: 2 };
        assert!(!turning.turns(1_000, none), "somebody still waits");
        drop(held);
        end.store(20, Ordering::Relaxed);
        assert!(!turning.turns(19, bound));
        assert!(turning.turns(20, bound));
        assert!(!turning.turns(1_000, bound), "a binding is not durable");
        assert!(turning.turns(1_000, Progress { bound: 3, durable: 3 }));
    }
}
