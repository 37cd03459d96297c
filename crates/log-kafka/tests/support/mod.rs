//! What the tests on a broker share.

#![allow(dead_code, reason = "not every test program uses all of it")]

use std::future::Future;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use claim_log::Place;
use claim_log_kafka::{Connection, Settings, create};
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use uuid::Uuid;

/// A connection with a prefix that no other test has.
pub(crate) fn alone(servers: &str) -> Connection {
    Connection::new(servers).with_prefix(format!("test-{}", Uuid::new_v4()))
}

/// The same, with its topics: 8 partitions.
pub(crate) fn installed(servers: &str) -> Connection {
    let connection = alone(servers);
    let wrong = create(&connection, &Settings::new(8)).unwrap();
    assert_eq!(wrong, []);
    connection
}

/// Deletes the records of a partition before an offset.
pub(crate) fn delete_before(connection: &Connection, place: &Place, offset: i64) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &connection.servers).create().unwrap();
    let mut list = TopicPartitionList::new();
    let partition = i32::try_from(place.partition).unwrap();
    list.add_partition_offset(&place.topic, partition, Offset::Offset(offset)).unwrap();
    answer(admin.delete_records(&list, &AdminOptions::new())).unwrap();
}

/// Sets settings of a topic, and takes all others back.
pub(crate) fn alter(connection: &Connection, topic: &str, settings: &[(&str, &str)]) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &connection.servers).create().unwrap();
    let config = AlterConfig::new(ResourceSpecifier::Topic(topic));
    let config = settings.iter().fold(config, |config, (name, value)| config.set(name, value));
    answer(admin.alter_configs(&[config], &AdminOptions::new())).unwrap().remove(0).unwrap();
}

/// Waits for an answer of the client library.
fn answer<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How a transaction ends.
pub(crate) enum End {
    Committed,
    Aborted,
    Open,
}

/// A producer that uses transactions, as others may.
pub(crate) struct Upstream {
    producer: BaseProducer,
    place: Place,
}

impl Upstream {
    pub(crate) fn new(connection: &Connection, place: &Place) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &connection.servers);
        config.set("transactional.id", Uuid::new_v4().to_string());
        let producer: BaseProducer = config.create().unwrap();
        producer.init_transactions(Duration::from_secs(30)).unwrap();
        Self { producer, place: place.clone() }
    }

    pub(crate) fn send(&self, values: &[&str], end: End) {
        let wait = Duration::from_secs(30);
        self.producer.begin_transaction().unwrap();
        for value in values {
            let partition = i32::try_from(self.place.partition).unwrap();
            let record: BaseRecord<'_, str, str> = BaseRecord::to(&self.place.topic);
            self.producer.send(record.partition(partition).payload(value)).map_err(|(it, _)| it).unwrap();
        }
        self.producer.flush(wait).unwrap();
        self.end(end);
    }

    /// Ends the transaction that is open, or leaves it so.
    pub(crate) fn end(&self, end: End) {
        let wait = Duration::from_secs(30);
        match end {
            End::Committed => self.producer.commit_transaction(wait).unwrap(),
            End::Aborted => self.producer.abort_transaction(wait).unwrap(),
            End::Open => {}
        }
    }
}
