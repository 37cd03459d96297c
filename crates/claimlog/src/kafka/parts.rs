//! What the roles are made of on a cluster: said once, for `serve` and for the figures.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Result;
use claim_domain::decide::decide;
use claim_engine::InstanceParts;
use claim_intake::keys::Keys;
use claim_intake::ports::WithTimeout;
use claim_intake::relay::{RelayParts, RelayTopics};
use claim_journal::PartitionId;
use claim_log::Place;
use claim_log_kafka::KafkaLog;
use claim_publisher::PublisherParts;
use tokio::runtime::Handle;

use crate::kafka::Cluster;
use crate::node::{RELEASE, wall};

/// How often every inbox partition is promised something.
const TICK: Duration = Duration::from_millis(500);

impl Cluster {
    /// An engine.
    ///
    /// # Errors
    /// When the properties make no client.
    pub(crate) fn engine_parts(&self, log: &Arc<KafkaLog>) -> Result<InstanceParts> {
        Ok(InstanceParts {
            log: log.clone(),
            inbox: self.client()?,
            group: self.group("engine"),
            commands: self.topics.commands().into(),
            program_commands: self.topics.program_commands().into(),
            settings: self.journal_settings(),
            release: RELEASE.to_owned(),
            accept_void: self.accept_void.clone(),
            decide,
        })
    }

    /// An intake.
    ///
    /// # Errors
    /// When the properties make no client.
    pub(crate) fn relay_parts(
        &self,
        log: &Arc<KafkaLog>,
        directory: WithTimeout,
        keys: Arc<dyn Keys>,
        runtime: Handle,
        closing: Arc<AtomicBool>,
    ) -> Result<RelayParts> {
        let client = self.client()?;
        Ok(RelayParts {
            log: log.clone(),
            inbox: client.clone(),
            outlet: client,
            bindings: self.client()?,
            group: self.group("intake"),
            inboxes: self.inboxes.clone(),
            topics: RelayTopics {
                commands: self.topics.commands().into(),
                program_commands: self.topics.program_commands().into(),
                problems: self.problems(),
                quarantine: Place::new(self.topics.quarantine(), 0),
                identity: self.topics.place(PartitionId::Identity),
            },
            partitions: self.partitions,
            accept_void: self.accept_void.clone(),
            directory,
            keys,
            wall: Arc::new(wall),
            margin: self.clock_margin,
            tick_every: TICK,
            runtime,
            closing,
            status: Arc::default(),
        })
    }

    /// A publisher.
    ///
    /// # Errors
    /// When the properties make no client.
    pub(crate) fn publisher_parts(
        &self,
        log: &Arc<KafkaLog>,
        closing: Arc<AtomicBool>,
    ) -> Result<PublisherParts> {
        let client = self.client()?;
        Ok(PublisherParts {
            log: log.clone(),
            inbox: client.clone(),
            outlet: client,
            group: self.group("publisher"),
            journal: self.topics.journal().into(),
            program: self.topics.program().into(),
            events: self.topics.events().into(),
            outcomes: self.topics.outcomes().into(),
            partitions: self.partitions,
            accept_void: self.accept_void.clone(),
            closing,
            status: Arc::default(),
        })
    }

    /// Where intake tells problems: the last partition of the outcomes.
    pub(crate) fn problems(&self) -> Place {
        Place::new(self.topics.outcomes(), u32::from(self.partitions) + 1)
    }
}
