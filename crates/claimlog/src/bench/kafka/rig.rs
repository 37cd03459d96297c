//! An installation with topics of its own, whose relay and engine run in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use claim_engine::Instance;
use claim_intake::directory::FileDirectory;
use claim_intake::keys::{Keys, SqliteKeys};
use claim_intake::ports::{PATIENCE, WithTimeout};
use claim_intake::relay::Relay;
use claim_log::{Flight, Outgoing, Outlet, Place};
use claim_log_kafka::{KafkaLog, KafkaTopics};
use claim_publisher::{PublisherParts, publish};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::bench::kafka::PARTITIONS;
use crate::bench::kafka::commands::program;
use crate::bench::kafka::observer::Observer;
use crate::kafka::Cluster;
use crate::kafka_options::{InboxOption, KafkaOptions};
use crate::node::runtime;

/// The name of the inbox.
const INBOX: &str = "bench";
/// How long brokers may take for what is sent before anything is timed.
const DELIVERY: Duration = Duration::from_secs(60);

/// Topics of their own, deleted when this is dropped.
pub(super) struct Topics {
    pub(super) cluster: Cluster,
    pub(super) client: Arc<KafkaTopics>,
}

impl Topics {
    /// Makes them.
    pub(super) fn make(options: &KafkaOptions) -> Result<Self> {
        let inbox = InboxOption { name: INBOX.to_owned(), sources: "*".parse()? };
        let options = KafkaOptions {
            kafka_prefix: format!("{}-bench-{}", options.kafka_prefix, Uuid::new_v4()),
            inbox: vec![inbox],
            inbox_partitions: u32::from(PARTITIONS),
            partitions: PARTITIONS,
            ..options.clone()
        };
        let cluster = Cluster::of(&options)?;
        let wrong = cluster.create()?;
        if let Some(wrong) = wrong.first() {
            return Err(anyhow!("the topics of the figures could not be made: {wrong}"));
        }
        let client = cluster.client()?;
        let topics = Self { cluster, client };
        topics.warm()?;
        Ok(topics)
    }

    pub(super) fn inbox(&self) -> String {
        self.cluster.topics.inbox(INBOX)
    }

    /// A producer's first record to a broker waits for metadata; that is not what is measured.
    fn warm(&self) -> Result<()> {
        let flight = Arc::new(Flight::default());
        self.client.send(plain(Place::new(self.cluster.topics.quarantine(), 0), Vec::new()), flight.begin());
        flight.settle(DELIVERY).map_err(|why| anyhow!("warming up: {why}"))
    }
}

impl Drop for Topics {
    fn drop(&mut self) {
        if let Err(error) = self.cluster.remove() {
            tracing::warn!(error = format!("{error:#}"), "the topics of a figure are left");
        }
    }
}

/// A record of which only place and bytes matter.
pub(super) fn plain(place: Place, value: Vec<u8>) -> Outgoing {
    Outgoing { place, key: None, headers: Vec::new(), value }
}

/// Relay and engine at work, with the program decided.
pub(super) struct Rig {
    pub(super) topics: Topics,
    pub(super) log: Arc<KafkaLog>,
    pub(super) observer: Observer,
    engine: Option<Instance>,
    closing: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    _keys: TempDir,
    _runtime: Runtime,
}

impl Rig {
    /// Starts them.
    pub(super) fn start(options: &KafkaOptions, directory: FileDirectory) -> Result<Self> {
        let topics = Topics::make(options)?;
        let cluster = &topics.cluster;
        let log = KafkaLog::open(&cluster.connection).context("opening the journal")?;
        let engine = Instance::start(&cluster.engine_parts(&log)?)?;
        let (folder, runtime, closing) = (tempfile::tempdir()?, runtime()?, Arc::<AtomicBool>::default());
        let keys: Arc<dyn Keys> = Arc::new(SqliteKeys::open(&folder.path().join("keys.sqlite"))?);
        let directory = WithTimeout::new(Arc::new(directory), PATIENCE);
        let parts =
            cluster.relay_parts(&log, directory, keys, runtime.handle().clone(), Arc::clone(&closing))?;
        let relay = thread::Builder::new().name("intake".into()).spawn(move || {
            if let Err(error) = Relay::start(parts).and_then(Relay::run) {
                tracing::error!(%error, "the relay stopped");
            }
        })?;
        let observer = Observer::open(&log)?;
        let mut rig = Self {
            topics,
            log,
            observer,
            engine: Some(engine),
            closing,
            threads: vec![relay],
            _keys: folder,
            _runtime: runtime,
        };
        rig.send(&program().into_iter().map(|it| (0, it)).collect::<Vec<_>>())?;
        rig.observer.until(2, |_, _| {})?;
        // Every partition is led, and intake knows the program.
        thread::sleep(Duration::from_secs(1));
        Ok(rig)
    }

    /// Sends commands to the inbox and waits until they are there.
    pub(super) fn send(&self, commands: &[(u32, Vec<u8>)]) -> Result<()> {
        let (flight, inbox): (Arc<Flight>, Arc<str>) = (Arc::default(), self.topics.inbox().into());
        for (partition, command) in commands {
            let place = Place::new(Arc::clone(&inbox), *partition);
            self.topics.client.send(plain(place, command.clone()), flight.begin());
        }
        flight.settle(DELIVERY).map_err(|why| anyhow!("the inbox was not written: {why}"))
    }

    /// Publishes too from now on.
    pub(super) fn publish(&mut self) -> Result<()> {
        let outlet: Arc<dyn Outlet> = self.topics.cluster.client()?;
        let parts = publisher_parts(self, outlet, &self.topics, Arc::clone(&self.closing))?;
        self.threads.push(thread::Builder::new().name("publisher".into()).spawn(move || {
            if let Err(error) = publish(&parts) {
                tracing::error!(%error, "the publisher stopped");
            }
        })?);
        Ok(())
    }
}

/// A publisher of the rig's journal into these topics.
pub(super) fn publisher_parts(
    rig: &Rig,
    outlet: Arc<dyn Outlet>,
    into: &Topics,
    closing: Arc<AtomicBool>,
) -> Result<PublisherParts> {
    let to = &into.cluster;
    Ok(PublisherParts {
        outlet,
        group: to.group("publisher"),
        events: to.topics.events().into(),
        outcomes: to.topics.outcomes().into(),
        ..rig.topics.cluster.publisher_parts(&rig.log, closing)?
    })
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
        drop(self.engine.take());
    }
}
