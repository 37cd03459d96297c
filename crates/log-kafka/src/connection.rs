//! How to reach the cluster, and what its clients are told.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;

use crate::names::Topics;

/// How to reach a cluster, and under which names the topics stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Some of the brokers: `host:port,host:port`.
    pub servers: String,
    /// What the names of all topics, and of the group of readers, begin with.
    pub prefix: String,
    /// Settings of librdkafka beside ours, such as TLS and SASL. Ours win.
    pub properties: BTreeMap<String, String>,
    /// How long a record may wait to be acknowledged until it is unclear. Too short a time ends reigns without need.
    pub message_timeout: Duration,
    /// How long a producer waits for more before it sends: a millisecond pays where brokers replicate.
    pub linger: Duration,
    /// How many producers wait to be needed: so many partitions at once are led without half a second's delay.
    pub spares: usize,
    /// The largest request of a producer, in bytes; the topics' `max.message.bytes` is to be the same, so that only the
    /// one record that is too large fails.
    pub max_message_bytes: u32,
    /// How long readers and questions wait for a broker until they fail.
    pub patience: Duration,
    /// How long a member of a group may be silent until others get its share. Brokers allow no less than 6 s by default.
    pub session_timeout: Duration,
    /// Makes a member a static one by this name, whose share waits for it through a restart in place.
    pub instance: Option<String>,
}

impl Connection {
    /// The usual settings for a cluster.
    #[must_use]
    pub fn new(servers: impl Into<String>) -> Self {
        Self {
            servers: servers.into(),
            prefix: "claimlog".to_owned(),
            properties: BTreeMap::new(),
            message_timeout: Duration::from_secs(120),
            linger: Duration::from_millis(1),
            spares: 1,
            max_message_bytes: (1 << 20) + (1 << 16),
            patience: Duration::from_secs(30),
            session_timeout: Duration::from_secs(6),
            instance: None,
        }
    }

    /// The same with another prefix.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The names of the topics.
    #[must_use]
    pub fn topics(&self) -> Topics {
        Topics::new(&self.prefix)
    }

    /// For questions. An end is one of all records, so that a transaction that hangs does not hide that there are more.
    pub(crate) fn asking(&self) -> ClientConfig {
        let mut config = self.client();
        config.set("isolation.level", Isolation::All.name());
        config
    }

    /// What all clients are told.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.servers);
        config.set("client.id", &self.prefix);
        config
    }

    /// For a producer whose records keep their order, none missing among them.
    pub(crate) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config.set("acks", "all");
        config.set("enable.idempotence", "true");
        config.set("enable.gapless.guarantee", "true");
        config.set("message.timeout.ms", millis(self.message_timeout));
        config.set("linger.ms", millis(self.linger));
        config.set("message.max.bytes", self.max_message_bytes.to_string());
        config.set("queue.buffering.max.messages", "500000");
        config
    }

    /// The name of the group that readers give.
    pub(crate) fn readers(&self) -> String {
        format!("{}.readers", self.prefix)
    }

    /// For a reader that is told what to read. It names a group without joining it, since the library wants one.
    pub(crate) fn reader(&self, isolation: Isolation) -> ClientConfig {
        let mut config = self.client();
        config.set("group.id", self.readers());
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("auto.offset.reset", "error");
        config.set("enable.partition.eof", "true");
        config.set("fetch.wait.max.ms", "250");
        config.set("fetch.error.backoff.ms", "50");
        config.set("isolation.level", isolation.name());
        config
    }

    /// For a member of a group.
    pub(crate) fn member(&self, group: &str) -> ClientConfig {
        let mut config = self.client();
        config.set("group.id", group);
        config.set("partition.assignment.strategy", "cooperative-sticky");
        config.set("session.timeout.ms", millis(self.session_timeout));
        // Others learn of a change with a heartbeat of theirs, so it comes often.
        config.set("heartbeat.interval.ms", millis(self.session_timeout / 12));
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        if let Some(instance) = &self.instance {
            config.set("group.instance.id", instance);
        }
        config
    }
}

/// Whose records a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// All: the journal knows no transactions, and none that hangs may hide it.
    All,
    /// Those of transactions only when committed: upstreams may use them.
    Committed,
}

impl Isolation {
    fn name(self) -> &'static str {
        match self {
            Self::All => "read_uncommitted",
            Self::Committed => "read_committed",
        }
    }
}

fn millis(time: Duration) -> String {
    time.as_millis().to_string()
}
