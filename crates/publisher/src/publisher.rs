//! The publisher of one process among several: its share of the partitions, from the journal to the topics.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use claim_journal::PartitionId;
use claim_log::{Change, Flight, Inbox, LogError, Membership, Outlet, Place, ReadLog, Underway, beginning};

use crate::events::PublishError;
use crate::publication::{Publication, Sent};

/// How many decisions of a partition are sent together.
const DECISIONS_AT_ONCE: usize = 1_024;
/// How many such rounds may be on their way: the next is spelt while brokers make the last ones durable.
const ROUNDS_UNDERWAY: usize = 8;
/// How long to wait when there is nothing to publish.
const PAUSE: Duration = Duration::from_millis(5);
/// How long to wait after something failed.
const RETRY: Duration = Duration::from_millis(500);
/// How long what was sent may stay unacknowledged before the publisher begins anew from its output.
const DELIVERY: Duration = Duration::from_secs(120);

/// What a publisher is made of.
#[derive(Clone)]
pub struct PublisherParts {
    /// The journal.
    pub log: Arc<dyn ReadLog>,
    /// For the share in the partitions.
    pub inbox: Arc<dyn Inbox>,
    /// Where events and outcomes go.
    pub outlet: Arc<dyn Outlet>,
    /// The name of the group that shares the partitions.
    pub group: String,
    /// The topic of the journal, whose partitions are shared.
    pub journal: Arc<str>,
    /// The topic of the program.
    pub program: Arc<str>,
    /// The topic of events; partition P is the program's.
    pub events: Arc<str>,
    /// The topic of outcomes; partition P is the program's.
    pub outcomes: Arc<str>,
    /// P.
    pub partitions: u16,
    /// Offsets of the journal that an operator declared void.
    pub accept_void: BTreeMap<PartitionId, Vec<u64>>,
    /// Set to end the publisher.
    pub closing: Arc<AtomicBool>,
    /// How it stands, for whoever watches.
    pub status: Arc<Mutex<PublisherStatus>>,
}

/// How a publisher stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublisherStatus {
    /// The last decision published and acknowledged, of each partition published here.
    pub published: BTreeMap<PartitionId, u64>,
    /// Why a partition cannot be published.
    pub halted: BTreeMap<PartitionId, String>,
    /// How often it began anew from its output.
    pub restarts: u64,
}

/// Publishes until it is told to end.
///
/// # Errors
/// [`PublishError`] when the program's first lead cannot be read.
pub fn publish(parts: &PublisherParts) -> Result<(), PublishError> {
    while !parts.closing.load(Ordering::Acquire) {
        match Publisher::join(parts).and_then(|mut it| it.run()) {
            Ok(()) => {}
            Err(error) => {
                let why: &dyn std::error::Error = &error;
                tracing::warn!(error = why, "publishing begins anew from its output");
                parts.outlet.renew();
                status(parts, |it| it.restarts += 1);
                thread::sleep(RETRY);
            }
        }
    }
    Ok(())
}

struct Publisher<'p> {
    parts: &'p PublisherParts,
    membership: Box<dyn Membership>,
    publications: BTreeMap<PartitionId, Publication>,
    flight: Arc<Flight>,
    /// Rounds that are not acknowledged yet: how far each had sent the partitions.
    underway: Underway<Vec<(PartitionId, Sent)>>,
    threads: usize,
}

impl<'p> Publisher<'p> {
    fn join(parts: &'p PublisherParts) -> Result<Self, PublishError> {
        let topics = [parts.journal.to_string(), parts.program.to_string()];
        let membership = parts.inbox.join(&parts.group, &topics)?;
        let flight = Arc::<Flight>::default();
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self {
            parts,
            membership,
            publications: BTreeMap::new(),
            underway: Underway::new(&flight, ROUNDS_UNDERWAY),
            flight,
            threads,
        })
    }

    fn run(&mut self) -> Result<(), PublishError> {
        let mut pause = Duration::ZERO;
        while !self.parts.closing.load(Ordering::Acquire) {
            match self.membership.poll(pause)? {
                Some(Change::Gained(places)) => self.gain(&places)?,
                Some(Change::Lost(places)) => {
                    let lost = places.iter().filter_map(|it| self.partition(it)).collect::<Vec<_>>();
                    self.publications.retain(|partition, _| !lost.contains(partition));
                    status(self.parts, |it| it.published.retain(|partition, _| !lost.contains(partition)));
                }
                None => {}
            }
            pause = if self.publish_some()? { Duration::ZERO } else { PAUSE };
        }
        Ok(())
    }

    fn partition(&self, place: &Place) -> Option<PartitionId> {
        if place.topic == self.parts.program {
            return Some(PartitionId::Program);
        }
        u16::try_from(place.partition).ok().map(PartitionId::Number)
    }

    fn gain(&mut self, places: &[Place]) -> Result<(), PublishError> {
        let chains = loop {
            let Self { parts, .. } = self;
            match beginning(&*parts.log, parts.partitions, &parts.accept_void)? {
                Some(chains) => break chains,
                // A new journal, which the engine begins.
                None if parts.closing.load(Ordering::Acquire) => return Ok(()),
                None => thread::sleep(RETRY),
            }
        };
        for chain in chains {
            let partition = chain.partition();
            if !places.iter().any(|it| self.partition(it) == Some(partition)) {
                continue;
            }
            let number = match partition {
                PartitionId::Number(number) => number,
                PartitionId::Program | PartitionId::Identity => self.parts.partitions,
            };
            let place = |topic: &Arc<str>| Place::new(Arc::clone(topic), u32::from(number));
            let (log, outlet) = (&*self.parts.log, &*self.parts.outlet);
            let (events, outcomes) = (place(&self.parts.events), place(&self.parts.outcomes));
            match Publication::resume(log, outlet, chain, events, outcomes) {
                Ok(it) => drop(self.publications.insert(partition, it)),
                Err(error) => halt_or(self.parts, partition, error)?,
            }
        }
        Ok(())
    }

    /// Publishes what is there of every partition, on as many threads as there are processors; yields whether there was
    /// anything.
    fn publish_some(&mut self) -> Result<bool, PublishError> {
        let (mut ready, mut failed) = (Vec::new(), Vec::new());
        for (partition, publication) in &mut self.publications {
            match publication.is_ready() {
                Ok(false) => {}
                Ok(true) => ready.push((*partition, publication)),
                Err(error) => failed.push((*partition, error)),
            }
        }
        let any = !ready.is_empty();
        let (outlet, flight) = (&*self.parts.outlet, &self.flight);
        let round = |share: &mut [(PartitionId, &mut Publication)]| -> Vec<(PartitionId, PublishError)> {
            let ended = share.iter_mut().map(|(partition, it)| (*partition, send_some(it, outlet, flight)));
            ended.filter_map(|(partition, ended)| Some((partition, ended.err()?))).collect()
        };
        let share = ready.len().div_ceil(self.threads).max(1);
        thread::scope(|scope| {
            let mut shares = ready.chunks_mut(share);
            let own = shares.next();
            let others: Vec<_> = shares.map(|share| scope.spawn(|| round(share))).collect();
            failed.extend(own.map(round).unwrap_or_default());
            for other in others {
                let panicked = |_| PublishError::Undelivered("a thread that publishes panicked".to_owned());
                failed.extend(other.join().map_err(panicked)?);
            }
            Ok::<_, PublishError>(())
        })?;
        for (partition, error) in failed {
            halt_or(self.parts, partition, error)?;
            self.publications.remove(&partition);
        }
        if any {
            let sent = self.publications.iter().filter_map(|(partition, it)| Some((*partition, it.sent()?)));
            self.underway.end_leg(sent.collect());
        }
        self.land()?;
        Ok(any)
    }

    /// Notes which rounds are acknowledged; waits for the oldest only when too many are not.
    fn land(&mut self) -> Result<(), PublishError> {
        let landed = self.underway.landed(DELIVERY).map_err(PublishError::Undelivered)?;
        for (partition, sent) in landed.into_iter().flatten() {
            let Some(publication) = self.publications.get_mut(&partition) else { continue };
            publication.acknowledged(sent);
            status(self.parts, |it| it.published.extend([(partition, sent.sequence)]));
        }
        Ok(())
    }
}

/// Sends what is there of one partition, at most so much.
fn send_some(
    publication: &mut Publication,
    outlet: &dyn Outlet,
    flight: &Arc<Flight>,
) -> Result<(), PublishError> {
    let (mut events, mut outcomes) = (Vec::new(), Vec::new());
    let mut ended = Ok(true);
    for _ in 0..DECISIONS_AT_ONCE {
        ended = publication.next(&mut events, &mut outcomes);
        if !matches!(ended, Ok(true)) {
            break;
        }
    }
    for records in [events, outcomes] {
        if !records.is_empty() {
            outlet.send_all(records, flight.begin());
        }
    }
    ended.map(drop)
}

/// What cannot pass by itself halts one partition; what can, begins anew.
fn halt_or(parts: &PublisherParts, partition: PartitionId, error: PublishError) -> Result<(), PublishError> {
    if let PublishError::Log(LogError::Io { .. }) | PublishError::Undelivered(_) = error {
        return Err(error);
    }
    let why: &dyn std::error::Error = &error;
    tracing::error!(%partition, error = why, "the partition is not published");
    status(parts, |it| drop(it.halted.insert(partition, error.to_string())));
    Ok(())
}

fn status(parts: &PublisherParts, change: impl FnOnce(&mut PublisherStatus)) {
    change(&mut parts.status.lock().unwrap_or_else(PoisonError::into_inner));
}
