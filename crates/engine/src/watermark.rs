//! W: up to when every inbox partition has promised that nothing received earlier is still to come (DESIGN §4, "Time").

use std::collections::BTreeMap;
use std::sync::Arc;

use claim_domain::time::Instant;
use claim_journal::{Digest, InboxTick};

/// The fold of the ticks of one commands partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watermark {
    list: Option<Digest>,
    of: usize,
    heard: BTreeMap<(Arc<str>, u32), Instant>,
}

impl Watermark {
    /// Hears a tick. One that speaks of another list of inbox partitions begins anew: nothing fires before each partition
    /// of the newest list was heard.
    pub(crate) fn hear(&mut self, tick: &InboxTick) {
        if self.list != Some(tick.list) {
            *self = Self { list: Some(tick.list), of: tick.of as usize, heard: BTreeMap::new() };
        }
        let heard = self.heard.entry((Arc::clone(&tick.topic), tick.partition)).or_insert(tick.w);
        *heard = tick.w.max(*heard);
    }

    /// W: the least over all inbox partitions of the greatest promise heard; none before each was heard.
    pub(crate) fn w(&self) -> Option<Instant> {
        if self.heard.len() < self.of { None } else { self.heard.values().min().copied() }
    }

    /// What each inbox partition promised.
    pub(crate) fn heard(&self) -> impl Iterator<Item = (&str, u32, Instant)> {
        self.heard.iter().map(|((topic, partition), w)| (&**topic, *partition, *w))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(list: &[u8], partition: u32, of: u32, ms: i64) -> InboxTick {
        InboxTick { topic: "inbox.a".into(), partition, of, list: Digest::of(list), w: Instant::from_ms(ms) }
    }

    #[test] // DESIGN §4: the least over all of the greatest heard
    fn nothing_fires_before_every_inbox_partition_was_heard() {
        let mut watermark = Watermark::default();
        assert_eq!(watermark.w(), None);
        watermark.hear(&tick(b"two", 0, 2, 50));
        assert_eq!(watermark.w(), None);
        watermark.hear(&tick(b"two", 1, 2, 30));
        assert_eq!(watermark.w(), Some(Instant::from_ms(30)));
        watermark.hear(&tick(b"two", 1, 2, 70));
        watermark.hear(&tick(b"two", 0, 2, 40));
        assert_eq!(watermark.w(), Some(Instant::from_ms(50)), "a promise is not taken back");
    }

    #[test] // DESIGN §4: W counts over the newest list only
    fn another_list_begins_anew() {
        let mut watermark = Watermark::default();
        watermark.hear(&tick(b"one", 0, 1, 90));
        assert_eq!(watermark.w(), Some(Instant::from_ms(90)));
        watermark.hear(&tick(b"two", 1, 2, 95));
        assert_eq!(watermark.w(), None);
        watermark.hear(&tick(b"two", 0, 2, 91));
        assert_eq!(watermark.w(), Some(Instant::from_ms(91)));
    }
}
