//! `kafka_publisher`: how fast a publisher turns a journal into events and outcomes, beside producing the same records.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use claim_log::{Flight, Inbox, LogError, Outgoing, Outlet, Place, Received, TellOffset};
use claim_log_kafka::KafkaTopics;
use claim_publisher::{PublisherParts, publish};

use crate::bench::closed_loop::per_second;
use crate::bench::kafka::PARTITIONS;
use crate::bench::kafka::commands::claims;
use crate::bench::kafka::rig::{Rig, Topics};
use crate::bench::{Figure, median};
use crate::kafka_options::KafkaOptions;

/// Customers of the journal.
const CUSTOMERS: u32 = 12_000;
/// Rounds of each, interleaved; the median counts.
const ROUNDS: usize = 3;
/// How many records of a partition are produced together; a publisher sends as many decisions.
const AT_ONCE: usize = 1_024;
/// 0.6 of raw.
const GOAL: u64 = 600;
/// How long publishing may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures it.
///
/// # Errors
/// When a broker fails.
pub(crate) fn publisher(options: &KafkaOptions, mut progress: impl FnMut()) -> Result<Vec<Figure>> {
    let mut rig = Rig::start(options, CUSTOMERS, &["intake,engine"])?;
    let load = claims(0, CUSTOMERS, PARTITIONS);
    rig.send(&load)?;
    rig.observer.until(load.len(), |_, _, _| {})?;
    progress();
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    // The program was decided by two commands.
    let decisions = load.len() as u64 + 2;
    for _ in 0..ROUNDS {
        let (rate, records) = published(&rig, options, decisions)?;
        ours.push(rate);
        progress();
        raw.push(produced(options, records)?);
        progress();
    }
    let raw = (median(raw), "producing the same records to as many partitions");
    Ok(vec![Figure::beside("kafka_publisher", (median(ours), "records/s"), raw).at_least(GOAL)])
}

/// Publishes the journal into fresh topics; yields the rate from the first record sent, and what was sent.
fn published(rig: &Rig, options: &KafkaOptions, decisions: u64) -> Result<(u64, Vec<Outgoing>)> {
    let into = Topics::make(options)?;
    let noting = Arc::new(Noting { inner: Arc::clone(&into.client), began: OnceLock::new() });
    let closing = Arc::<AtomicBool>::default();
    let to = &into.cluster;
    let parts = PublisherParts {
        outlet: noting.clone(),
        group: to.group("publisher"),
        events: to.topics.events().into(),
        outcomes: to.topics.outcomes().into(),
        ..rig.topics.cluster.publisher_parts(&rig.log, Arc::clone(&closing))?
    };
    let status = Arc::clone(&parts.status);
    let publishing = thread::spawn(move || publish(&parts));
    let waited = Instant::now();
    let ended = loop {
        let done: u64 = status.lock().unwrap_or_else(PoisonError::into_inner).published.values().sum();
        if done >= decisions {
            break Ok(Instant::now());
        }
        if waited.elapsed() > PATIENCE {
            break Err(anyhow!("{done} of {decisions} decisions were published"));
        }
        thread::sleep(Duration::from_millis(1));
    };
    closing.store(true, Ordering::Release);
    publishing.join().map_err(|_| anyhow!("the publisher panicked"))??;
    let ended = ended?;
    let Some(began) = noting.began.get() else { bail!("nothing was published") };
    let records = read_back(&into)?;
    Ok((per_second(records.len(), ended - *began), records))
}

/// What stands in the topics of events and outcomes.
fn read_back(into: &Topics) -> Result<Vec<Outgoing>> {
    let topics: [Arc<str>; 2] = [into.cluster.topics.events().into(), into.cluster.topics.outcomes().into()];
    let partitions = 0..=u32::from(PARTITIONS);
    let places =
        |topic: &Arc<str>| partitions.clone().map(|it| Place::new(Arc::clone(topic), it)).collect::<Vec<_>>();
    let places: Vec<Place> = topics.iter().flat_map(places).collect();
    let count: u64 = into.client.ends(&places)?.into_iter().sum();
    let mut arrivals = into.client.read(&places.into_iter().map(|it| (it, 0)).collect::<BTreeMap<_, _>>())?;
    let mut records = Vec::new();
    while (records.len() as u64) < count {
        let Some(Received { place, key, headers, value, .. }) = arrivals.next(PATIENCE)? else {
            bail!("{} of {count} published records came", records.len());
        };
        records.push(Outgoing { place, key, headers, value: value.unwrap_or_default() });
    }
    Ok(records)
}

/// Sends the same records to the same partitions of other fresh topics.
fn produced(options: &KafkaOptions, records: Vec<Outgoing>) -> Result<u64> {
    let into = Topics::make(options)?;
    let names = &into.cluster.topics;
    let (events, outcomes): (Arc<str>, Arc<str>) = (names.events().into(), names.outcomes().into());
    let (count, flight) = (records.len(), Arc::<Flight>::default());
    let mut by_place = BTreeMap::<Place, Vec<Outgoing>>::new();
    for mut record in records {
        let topic = if record.place.topic.ends_with(".events") { &events } else { &outcomes };
        record.place = Place::new(Arc::clone(topic), record.place.partition);
        by_place.entry(record.place.clone()).or_default().push(record);
    }
    let began = Instant::now();
    while !by_place.is_empty() {
        for records in by_place.values_mut() {
            let some = records.drain(..AT_ONCE.min(records.len())).collect();
            into.client.send_all(some, flight.begin());
        }
        by_place.retain(|_, records| !records.is_empty());
    }
    flight.settle(PATIENCE).map_err(|why| anyhow!("producing: {why}"))?;
    Ok(per_second(count, began.elapsed()))
}

/// Passes on, and notes when it began.
struct Noting {
    inner: Arc<KafkaTopics>,
    began: OnceLock<Instant>,
}

impl Outlet for Noting {
    fn send(&self, record: Outgoing, tell: TellOffset) {
        self.began.get_or_init(Instant::now);
        self.inner.send(record, tell);
    }

    fn send_all(&self, records: Vec<Outgoing>, tell: TellOffset) {
        self.began.get_or_init(Instant::now);
        self.inner.send_all(records, tell);
    }

    fn renew(&self) {
        self.inner.renew();
    }

    fn last(&self, place: &Place) -> Result<Option<Received>, LogError> {
        self.inner.last(place)
    }
}
