//! An installation with topics of its own.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use claim_log::{Flight, Outgoing, Outlet, Place};
use claim_log_kafka::{KafkaLog, KafkaTopics};
use tempfile::TempDir;
use uuid::Uuid;

use crate::bench::kafka::PARTITIONS;
use crate::bench::kafka::commands::{directory, program};
use crate::bench::kafka::node::Node;
use crate::bench::kafka::observer::Observer;
use crate::kafka::Cluster;
use crate::kafka_options::{InboxOption, KafkaOptions};

/// The name of the inbox.
const INBOX: &str = "bench";
/// How long brokers may take for what is sent before anything is timed.
const DELIVERY: Duration = Duration::from_secs(60);
/// How long nobody may have taken a lead until instances count as settled.
const QUIET: Duration = Duration::from_secs(3);

/// Topics of their own, deleted when this is dropped.
pub(super) struct Topics {
    options: KafkaOptions,
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
        let topics = Self { options, cluster, client };
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

/// Instances at work, with the program decided.
pub(super) struct Rig {
    /// Dropped before the topics that they work on.
    pub(super) nodes: Vec<Node>,
    pub(super) topics: Topics,
    pub(super) log: Arc<KafkaLog>,
    pub(super) observer: Observer,
    shared: TempDir,
}

impl Rig {
    /// Starts an instance with each of these sets of roles, in a world of so many customers.
    pub(super) fn start(options: &KafkaOptions, customers: u32, roles: &[&str]) -> Result<Self> {
        let topics = Topics::make(options)?;
        let log = KafkaLog::open(&topics.cluster.connection).context("opening the journal")?;
        let shared = tempfile::tempdir()?;
        std::fs::write(shared.path().join("directory.json"), directory(customers))?;
        let start = |roles: &&str| Node::start(&topics.options, roles, shared.path());
        let nodes = roles.iter().map(start).collect::<Result<Vec<_>>>()?;
        let observer = Observer::open(&log)?;
        let mut rig = Self { nodes, topics, log, observer, shared };
        rig.send(&program().into_iter().map(|it| (0, it)).collect::<Vec<_>>())?;
        rig.observer.until(2, |_, _, _| {})?;
        // Every partition is led, and nobody moves any more.
        rig.observer.quiet(QUIET)?;
        Ok(rig)
    }

    /// One more instance, of which nothing is known yet.
    pub(super) fn another(&self, roles: &str) -> Result<Node> {
        Node::start(&self.topics.options, roles, self.shared.path())
    }

    /// The processor time that all instances used.
    pub(super) fn processor_time(&self) -> Result<Duration> {
        self.nodes.iter().map(Node::processor_time).sum()
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
}
