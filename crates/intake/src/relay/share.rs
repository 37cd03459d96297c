//! The inbox partitions that this process takes from, and how far.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use claim_domain::time::Instant;
use claim_log::{Arrivals, Change, Inbox, LogError, Membership, Place, Received};

use super::RelayParts;

/// How the relay stands, for whoever watches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelayStatus {
    /// Of each inbox partition taken from here: the next offset, and the newest promise.
    pub inboxes: BTreeMap<Place, (u64, Option<Instant>)>,
    /// Problems told, by code.
    pub problems: BTreeMap<&'static str, u64>,
    /// Records that expired in their inbox before they were taken: they are lost, and that is an alarm.
    pub expired: u64,
    /// Set while the clock here and the brokers' append times differ too much to promise anything.
    pub clock_differs: bool,
    /// How often the relay began anew.
    pub restarts: u64,
}

/// One inbox partition.
#[derive(Debug)]
pub(super) struct Taking {
    /// The next offset to be taken.
    pub(super) next: u64,
    /// Everything before it is forwarded and acknowledged.
    pub(super) forwarded: u64,
    /// The time borne by the newest record taken.
    pub(super) newest: Option<Instant>,
    /// The newest promise.
    pub(super) promised: Option<Instant>,
    /// The clock's time when the partition was last found drained, until a record comes.
    pub(super) drained_at: Option<Instant>,
    committed: u64,
}

/// The share in the group of inbox partitions.
pub(super) struct Share {
    inbox: Arc<dyn Inbox>,
    membership: Box<dyn Membership>,
    pub(super) taking: BTreeMap<Place, Taking>,
    arrivals: Option<Box<dyn Arrivals>>,
    expired: u64,
    pub(super) clock_differs: bool,
    margin_ms: i64,
}

impl Share {
    pub(super) fn join(parts: &RelayParts) -> Result<Self, LogError> {
        let topics: Vec<String> = parts.inboxes.iter().map(|it| it.topic.to_string()).collect();
        Ok(Self {
            inbox: Arc::clone(&parts.inbox),
            membership: parts.inbox.join(&parts.group, &topics)?,
            taking: BTreeMap::new(),
            arrivals: None,
            expired: 0,
            clock_differs: false,
            margin_ms: i64::try_from(parts.margin.as_millis()).unwrap_or(i64::MAX),
        })
    }

    /// Takes up what was gained and lets go of what was lost.
    pub(super) fn follow_changes(&mut self, parts: &RelayParts) -> Result<(), LogError> {
        let mut changed = false;
        while let Some(change) = self.membership.poll(Duration::ZERO)? {
            changed = true;
            match change {
                Change::Gained(places) => {
                    for place in places {
                        let taking = self.take_up(&place)?;
                        self.taking.insert(place, taking);
                    }
                }
                Change::Lost(places) => self.taking.retain(|place, _| !places.contains(place)),
            }
        }
        if changed {
            let from: BTreeMap<_, _> =
                self.taking.iter().map(|(place, taking)| (place.clone(), taking.next)).collect();
            self.arrivals = if from.is_empty() { None } else { Some(parts.inbox.read(&from)?) };
        }
        Ok(())
    }

    fn take_up(&mut self, place: &Place) -> Result<Taking, LogError> {
        let (first, end) = self.inbox.range(place)?;
        let committed = self.membership.committed(place)?.unwrap_or(first);
        if committed > end {
            return Err(LogError::BeyondEnd { offset: committed, end });
        }
        if committed < first {
            let lost = first - committed;
            tracing::error!(%place, lost, "records expired before they were taken; raise the topic's retention");
            self.expired += lost;
        }
        let next = committed.max(first);
        let (newest, promised, drained_at) = (None, None, None);
        Ok(Taking { next, forwarded: next, newest, promised, drained_at, committed })
    }

    /// The next records of each topic, those of a partition in order; waits for the first at most so long.
    pub(super) fn next_batch(
        &mut self,
        most: usize,
        wait: Duration,
    ) -> Result<BTreeMap<Arc<str>, Vec<Received>>, LogError> {
        let mut batch: BTreeMap<Arc<str>, Vec<Received>> = BTreeMap::new();
        let Some(arrivals) = &mut self.arrivals else {
            std::thread::sleep(wait);
            return Ok(batch);
        };
        let mut wait = wait;
        for _ in 0..most {
            let Some(received) = arrivals.next(wait)? else { break };
            wait = Duration::ZERO;
            let Some(taking) = self.taking.get_mut(&received.place) else { continue };
            taking.next = received.offset + 1;
            let stamped_at = Instant::from_ms(received.stamped_at_ms);
            if let Some(drained_at) = taking.drained_at.take() {
                // It came after the clock here said that nothing was there.
                let behind = stamped_at < drained_at.plus_ms(-self.margin_ms / 2);
                if behind != self.clock_differs {
                    tracing::error!(place = %received.place, %stamped_at, %drained_at, behind, "the clocks here and of the brokers");
                    self.clock_differs = behind;
                }
            }
            taking.newest = taking.newest.max(Some(stamped_at));
            batch.entry(Arc::clone(&received.place.topic)).or_default().push(received);
        }
        Ok(batch)
    }

    /// How far everything of a partition is taken, with what is never given, such as ends of transactions.
    pub(super) fn reached(&self, place: &Place) -> Option<u64> {
        let next = self.taking.get(place)?.next;
        let read = self.arrivals.as_ref().and_then(|it| it.reached(place));
        Some(read.map_or(next, |read| read.max(next)))
    }

    /// How far each partition is taken.
    pub(super) fn taken(&self) -> BTreeMap<Place, u64> {
        self.taking.iter().map(|(place, it)| (place.clone(), it.next)).collect()
    }

    /// Everything up to there is acknowledged.
    pub(super) fn forwarded(&mut self, taken: &BTreeMap<Place, u64>) {
        for (place, next) in taken {
            if let Some(taking) = self.taking.get_mut(place) {
                taking.forwarded = taking.forwarded.max(*next);
            }
        }
    }

    /// Remembers with the group how far everything is forwarded.
    pub(super) fn commit(&mut self) {
        let changed = self.taking.iter().filter(|(_, it)| it.forwarded != it.committed);
        let changed: Vec<_> = changed.map(|(place, it)| (place.clone(), it.forwarded)).collect();
        match self.membership.commit_all(&changed) {
            Ok(()) => self.taking.values_mut().for_each(|it| it.committed = it.forwarded),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "what is forwarded was not committed; it may be forwarded again");
            }
        }
    }

    pub(super) fn tell(&self, status: &mut RelayStatus) {
        status.inboxes =
            self.taking.iter().map(|(place, it)| (place.clone(), (it.next, it.promised))).collect();
        status.expired = self.expired;
        status.clock_differs = self.clock_differs;
    }
}
