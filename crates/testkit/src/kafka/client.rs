//! A plain client of Kafka, as somebody else has one: it writes whatever a test wants, and reads all there is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests only")]

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{DeliveryResult, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// The group that its readers name, which they need a right for on a secure cluster.
pub const GROUP: &str = "a-reader-of-tests";

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A record, to be written or as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its partition.
    pub partition: u32,
    /// Its offset, once it has one.
    pub offset: u64,
    /// The time it bears, in milliseconds since 1970 UTC; none lets the broker give one.
    pub at_ms: Option<i64>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its value.
    pub value: Vec<u8>,
}

impl Record {
    /// One of this value for a partition.
    pub fn new(partition: u32, value: impl Into<Vec<u8>>) -> Self {
        Self { partition, value: value.into(), ..Self::default() }
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(it, _)| it == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The value as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.value).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }
}

struct Telling;

impl ClientContext for Telling {}

impl ProducerContext for Telling {
    type DeliveryOpaque = Box<Sender<u64>>;

    fn delivery(&self, result: &DeliveryResult<'_>, tell: Self::DeliveryOpaque) {
        // Whoever waits notices that nothing comes.
        if let Ok(message) = result {
            _ = tell.send(u64::try_from(message.offset()).unwrap_or_default());
        }
    }
}

/// The client.
pub struct Client {
    settings: BTreeMap<String, String>,
    producer: ThreadedProducer<Telling>,
}

impl Client {
    /// A client of these brokers.
    ///
    /// # Panics
    /// When there can be none.
    #[must_use]
    pub fn new(servers: &str) -> Self {
        Self::with(servers, &BTreeMap::new())
    }

    /// One with these settings of librdkafka besides, such as those of [`super::Cluster::login`].
    ///
    /// # Panics
    /// When there can be none.
    #[must_use]
    pub fn with(servers: &str, settings: &BTreeMap<String, String>) -> Self {
        let mut settings = settings.clone();
        settings.insert("bootstrap.servers".to_owned(), servers.to_owned());
        let mut config: ClientConfig = settings.clone().into_iter().collect();
        config.set("acks", "all").set("enable.idempotence", "true").set("linger.ms", "1");
        let producer = config.create_with_context(Telling).unwrap();
        Self { settings, producer }
    }

    /// Sends a record; its offset comes once it is durable.
    ///
    /// # Panics
    /// When it is not taken.
    pub fn send(&self, topic: &str, record: &Record) -> Receiver<u64> {
        let (tell, told) = channel();
        let mut base = BaseRecord::<Vec<u8>, Vec<u8>, _>::with_opaque_to(topic, Box::new(tell))
            .partition(i32::try_from(record.partition).unwrap())
            .payload(&record.value);
        if let Some(key) = &record.key {
            base = base.key(key);
        }
        if let Some(at_ms) = record.at_ms {
            base = base.timestamp(at_ms);
        }
        let headers = record
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(value) }));
        self.producer.send(base.headers(headers)).map_err(|(fault, _)| fault).unwrap();
        told
    }

    /// Writes records; their offsets.
    ///
    /// # Panics
    /// When one does not become durable.
    pub fn write<'a>(&self, topic: &str, records: impl IntoIterator<Item = &'a Record>) -> Vec<u64> {
        let sent: Vec<_> = records.into_iter().map(|it| self.send(topic, it)).collect();
        sent.into_iter().map(|it| it.recv_timeout(PATIENCE).expect("the record becomes durable")).collect()
    }

    /// Writes records to one partition in a transaction, whose end takes an offset of its own behind them.
    ///
    /// # Panics
    /// When it does not come to its end.
    pub fn write_in_transaction(&self, topic: &str, partition: u32, values: &[&[u8]]) {
        let mut config: ClientConfig = self.settings.clone().into_iter().collect();
        config.set("transactional.id", format!("of-tests-{topic}"));
        let producer: BaseProducer = config.create().unwrap();
        let partition = i32::try_from(partition).unwrap();
        let end = || producer.client().fetch_watermarks(topic, partition, PATIENCE).unwrap().1;
        producer.init_transactions(PATIENCE).unwrap();
        producer.begin_transaction().unwrap();
        let (before, began) = (end(), Instant::now());
        for value in values {
            let record = BaseRecord::<[u8], _>::to(topic).partition(partition).payload(*value);
            producer.send(record).map_err(|(fault, _)| fault).unwrap();
        }
        producer.commit_transaction(PATIENCE).unwrap();
        // Brokers write the end of it a little later.
        while end() <= before + i64::try_from(values.len()).unwrap() {
            assert!(began.elapsed() < PATIENCE, "the transaction does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A reader of a whole topic.
    ///
    /// # Panics
    /// When there is no such topic.
    #[must_use]
    pub fn reader(&self, topic: &str) -> Reader {
        let mut config: ClientConfig = self.settings.clone().into_iter().collect();
        config.set("group.id", GROUP);
        config.set("enable.auto.commit", "false").set("fetch.wait.max.ms", "50");
        let consumer: BaseConsumer = config.create().unwrap();
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
        let mut from = TopicPartitionList::new();
        for it in metadata.topics().iter().flat_map(|it| it.partitions()) {
            from.add_partition_offset(topic, it.id(), Offset::Beginning).unwrap();
        }
        consumer.assign(&from).unwrap();
        let next = from.elements().iter().map(|it| (it.partition(), 0)).collect();
        Reader { consumer, topic: topic.to_owned(), next, records: Vec::new() }
    }
}

/// A reader of a whole topic.
pub struct Reader {
    consumer: BaseConsumer,
    topic: String,
    next: BTreeMap<i32, i64>,
    records: Vec<Record>,
}

impl Reader {
    /// Everything that is there now, each partition in its order.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn all(&mut self) -> &[Record] {
        for partition in self.next.keys().copied().collect::<Vec<_>>() {
            let (_, end) = self.consumer.fetch_watermarks(&self.topic, partition, PATIENCE).unwrap();
            let began = Instant::now();
            while self.next.get(&partition).is_some_and(|next| *next < end) {
                assert!(began.elapsed() < PATIENCE, "{}/{partition} cannot be read to {end}", self.topic);
                self.poll(Duration::from_millis(100));
            }
        }
        &self.records
    }

    /// Reads on until what was read is as wanted.
    ///
    /// # Panics
    /// When it does not come to that.
    pub fn until(&mut self, what: &str, holds: impl Fn(&[Record]) -> bool) -> &[Record] {
        let began = Instant::now();
        while !holds(&self.records) {
            let (topic, last) = (&self.topic, self.records.last());
            let count = self.records.len();
            assert!(began.elapsed() < PATIENCE, "no {what} in {topic}: {count} records, the last {last:?}");
            self.poll(Duration::from_millis(100));
            while self.poll(Duration::ZERO) {}
        }
        &self.records
    }

    fn poll(&mut self, wait: Duration) -> bool {
        let Some(message) = self.consumer.poll(wait) else { return false };
        // Brokers may be away for a while.
        let Ok(message) = message else { return false };
        let headers = message.headers().into_iter().flat_map(|it| it.iter());
        let record = Record {
            partition: u32::try_from(message.partition()).unwrap(),
            offset: u64::try_from(message.offset()).unwrap(),
            at_ms: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            headers: headers.map(|it| (it.key.to_owned(), it.value.unwrap_or_default().to_vec())).collect(),
            value: message.payload().unwrap_or_default().to_vec(),
        };
        self.next.insert(message.partition(), message.offset() + 1);
        self.records.push(record);
        true
    }
}
