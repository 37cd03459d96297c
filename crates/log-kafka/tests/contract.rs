//! The log on Kafka passes the suite that every log must pass, on a real broker.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support;

use std::sync::Arc;

use claim_journal::Offsets;
use claim_log::Log;
use claim_log::contract::{self, Subject};
use claim_log_kafka::{Connection, KafkaLog};
use claim_testkit::kafka;
use support::installed;

struct Installation(Connection);

impl Subject for Installation {
    fn open(&mut self) -> Arc<dyn Log> {
        KafkaLog::open(&self.0).unwrap()
    }

    fn close(&mut self, log: Arc<dyn Log>) {
        drop(log);
    }

    fn offsets(&self) -> Offsets {
        Offsets::Count
    }
}

#[test]
fn the_log_on_kafka_keeps_the_contract() {
    let Some(cluster) = kafka::or_skip("the_log_on_kafka_keeps_the_contract") else { return };
    contract::run(|| Installation(installed(cluster.bootstrap())));
}
