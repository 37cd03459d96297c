//! When to try again: after pauses that double, always the same.

use std::time::Duration;

use async_trait::async_trait;

/// How often something is tried, and how long the pauses between are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How many tries there are in all, at least 1.
    pub tries: u32,
    /// The pause after the first.
    pub first: Duration,
    /// The longest pause; what the other side asks for may be longer.
    pub longest: Duration,
}

impl Default for Schedule {
    /// Six tries within about half a minute.
    fn default() -> Self {
        Self { tries: 6, first: Duration::from_secs(1), longest: Duration::from_secs(60) }
    }
}

impl Schedule {
    /// The pause after the `failed`-th try, from 1; none when there is no further try.
    #[must_use]
    pub fn pause_after(&self, failed: u32) -> Option<Duration> {
        if failed >= self.tries {
            return None;
        }
        let doubled = 1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX);
        Some(self.first.saturating_mul(doubled).min(self.longest))
    }
}

/// Waits; a port, so that tests do not.
#[async_trait]
pub trait Pause: Send + Sync {
    /// Returns after `pause`.
    async fn pause(&self, pause: Duration);
}

/// Waits really.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sleep;

#[async_trait]
impl Pause for Sleep {
    async fn pause(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_end() {
        let schedule =
            Schedule { tries: 5, first: Duration::from_millis(100), longest: Duration::from_millis(350) };
        let pauses: Vec<_> = (1..7).map(|it| schedule.pause_after(it).map(|it| it.as_millis())).collect();
        assert_eq!(pauses, [Some(100), Some(200), Some(350), Some(350), None, None]);
        let endless = Schedule { tries: u32::MAX, ..schedule };
        assert_eq!(endless.pause_after(1_000), Some(schedule.longest), "no overflow");
    }
}
