//! What is compared with: plain reading and sending, two hops, of the same sizes through topics of the same settings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use claim_log::{Arrivals, Flight, Inbox, LogError, Outlet, Place};

use crate::bench::kafka::PARTITIONS;
use crate::bench::kafka::rig::{Topics, plain};
use crate::kafka_options::KafkaOptions;

/// How long one wait for a record lasts.
const PAUSE: Duration = Duration::from_millis(50);
/// Of how many records a mean is taken.
const ENOUGH: usize = 20_000;
/// How long nothing may come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The mean size of a record after each hop.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    pub(super) command: usize,
    pub(super) record: usize,
}

/// Two hops at work.
pub(super) struct TwoHops {
    topics: Topics,
    last: Box<dyn Arrivals>,
    closing: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<(), LogError>>>,
}

impl TwoHops {
    /// Starts them.
    pub(super) fn start(options: &KafkaOptions, sizes: Sizes) -> Result<Self> {
        let topics = Topics::make(options)?;
        let names = &topics.cluster.topics;
        let closing = Arc::<AtomicBool>::default();
        let hops = [
            (topics.inbox(), names.commands(), sizes.command),
            (names.commands(), names.journal(), sizes.record),
        ];
        let mut threads = Vec::new();
        for (from, to, size) in hops {
            let client = topics.cluster.client()?;
            let arrivals = client.read(&beginnings(&from))?;
            let closing = Arc::clone(&closing);
            threads.push(thread::spawn(move || {
                let mut arrivals = arrivals;
                let (flight, to): (Arc<Flight>, Arc<str>) = (Arc::default(), to.into());
                while !closing.load(Ordering::Acquire) {
                    let Some(received) = arrivals.next(PAUSE)? else { continue };
                    let place = Place::new(Arc::clone(&to), received.place.partition);
                    let mut value = received.value.unwrap_or_default();
                    value.resize(size, b'x');
                    client.send(plain(place, value), flight.begin());
                }
                Ok(())
            }));
        }
        let last = topics.client.read(&beginnings(&names.journal()))?;
        let mut hops = Self { topics, last, closing, threads };
        // Producers and readers know their topics from here on.
        let first: Vec<_> = (0..u32::from(PARTITIONS)).map(|it| (it, vec![b'x'; 16])).collect();
        hops.send(&first)?;
        hops.until(first.len(), |_, _| {})?;
        thread::sleep(Duration::from_secs(1));
        Ok(hops)
    }

    /// Sends to the first topic, and waits until it is there.
    pub(super) fn send(&self, values: &[(u32, Vec<u8>)]) -> Result<()> {
        let flight: Arc<Flight> = Arc::default();
        let sender = self.sender();
        for (partition, value) in values {
            sender(*partition, value.clone(), &flight);
        }
        flight.settle(PATIENCE).map_err(|why| anyhow!("the first topic was not written: {why}"))
    }

    /// Sends one to the first topic.
    pub(super) fn sender(&self) -> impl Fn(u32, Vec<u8>, &Arc<Flight>) + Send + use<> {
        let (client, topic): (_, Arc<str>) = (Arc::clone(&self.topics.client), self.topics.inbox().into());
        move |partition, value, flight| {
            client.send(plain(Place::new(Arc::clone(&topic), partition), value), flight.begin());
        }
    }

    /// Reads until so many more came through.
    pub(super) fn until(&mut self, count: usize, mut each: impl FnMut(&[u8], Instant)) -> Result<Instant> {
        let mut heard = Instant::now();
        let mut seen = 0;
        while seen < count {
            match self.last.next(PAUSE)? {
                Some(received) => {
                    seen += 1;
                    heard = Instant::now();
                    each(received.value.as_deref().unwrap_or_default(), heard);
                }
                None if heard.elapsed() > PATIENCE => {
                    bail!("{seen} of {count} records came through two hops")
                }
                None => {}
            }
        }
        Ok(heard)
    }
}

impl Drop for TwoHops {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

fn beginnings(topic: &str) -> BTreeMap<Place, u64> {
    let topic: Arc<str> = topic.into();
    (0..u32::from(PARTITIONS)).map(|it| (Place::new(Arc::clone(&topic), it), 0)).collect()
}

/// The mean size of what stands in a topic: of all, or of enough. An empty tick now and then does not change it by much.
pub(super) fn mean_size(topics: &Topics, topic: &str) -> Result<usize> {
    let from = beginnings(topic);
    let places: Vec<Place> = from.keys().cloned().collect();
    let there: u64 = topics.client.ends(&places)?.into_iter().sum();
    let count = usize::try_from(there).unwrap_or(usize::MAX).min(ENOUGH);
    let mut arrivals = topics.client.read(&from)?;
    let (mut seen, mut bytes) = (0, 0);
    while seen < count {
        if let Some(received) = arrivals.next(PATIENCE)? {
            seen += 1;
            bytes += received.value.map_or(0, |it| it.len());
        } else {
            bail!("{seen} of {count} records of {topic} came");
        }
    }
    Ok(bytes / count.max(1))
}
