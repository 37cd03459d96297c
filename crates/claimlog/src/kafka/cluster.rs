//! A cluster as the options describe it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use claim_intake::Sources;
use claim_intake::relay::InboxTopic;
use claim_journal::{PartitionId, Settings as JournalSettings};
use claim_log_kafka::{Connection, KafkaTopics, Settings, Topics, Wrong, check, create, remove};

use crate::exit::UsageError;
use crate::kafka_options::KafkaOptions;

/// The inbox that our own HTTP door writes to: one partition, so that what one answer refers to is known to the next.
const API: &str = "api";
/// The inbox of our own performer of effects.
const EFFECTS: &str = "effects";

/// The cluster, its topics and their settings.
pub(crate) struct Cluster {
    pub(crate) connection: Connection,
    pub(crate) topics: Topics,
    settings: Settings,
    pub(crate) inboxes: Vec<InboxTopic>,
    pub(crate) partitions: u16,
    /// Offsets of the journal that an operator declared void.
    pub(crate) accept_void: BTreeMap<PartitionId, Vec<u64>>,
    /// How far promises about an idle inbox stay behind the clock.
    pub(crate) clock_margin: Duration,
}

impl Cluster {
    /// The cluster that the options name.
    ///
    /// # Errors
    /// [`UsageError`] when they name none.
    pub(crate) fn of(options: &KafkaOptions) -> Result<Self> {
        let Some(servers) = &options.kafka else {
            return Err(UsageError("no brokers: say where Kafka is with --kafka HOST:PORT".into()).into());
        };
        let mut connection = Connection::new(servers).with_prefix(&options.kafka_prefix);
        for it in &options.kafka_property {
            connection.properties.insert(it.key.clone(), it.value.clone());
        }
        let topics = connection.topics();
        let recorded = options.inbox_create_time;
        let mut settings = Settings::new(u32::from(options.partitions));
        settings.replication = options.replication;
        settings.inboxes_bear_append_time = !recorded;
        let own =
            |name: &str, sources| InboxTopic { topic: topics.inbox(name).into(), sources, recorded: false };
        let mut inboxes = vec![own(API, Some(Sources::all())), own(EFFECTS, None)];
        settings = settings.inbox(topics.inbox(API), 1).inbox(topics.inbox(EFFECTS), 1);
        for it in &options.inbox {
            let topic = topics.inbox(&it.name);
            settings = settings.inbox(&topic, options.inbox_partitions);
            inboxes.push(InboxTopic { topic: topic.into(), sources: Some(it.sources.clone()), recorded });
        }
        Ok(Self {
            connection,
            topics,
            settings,
            inboxes,
            partitions: options.partitions,
            accept_void: options.accepted(),
            clock_margin: Duration::from_secs(options.clock_margin),
        })
    }

    /// The inbox of the HTTP door.
    pub(crate) fn api_inbox(&self) -> Arc<str> {
        self.topics.inbox(API).into()
    }

    /// The inbox of the performer of effects.
    pub(crate) fn effects_inbox(&self) -> Arc<str> {
        self.topics.inbox(EFFECTS).into()
    }

    /// What a new journal is made with.
    pub(crate) fn journal_settings(&self) -> JournalSettings {
        JournalSettings { slots: claim_domain::ids::SLOTS, partitions: self.partitions, simulated: false }
    }

    /// A client for the topics around the journal, with a producer of its own.
    ///
    /// # Errors
    /// When the properties make no client.
    pub(crate) fn client(&self) -> Result<Arc<KafkaTopics>> {
        KafkaTopics::open(&self.connection).context("making a client of Kafka")
    }

    /// Everything about the topics that is not as it must be.
    ///
    /// # Errors
    /// When no broker answers.
    pub(crate) fn check(&self) -> Result<Vec<Wrong>> {
        check(&self.connection, &self.settings).context("checking the topics")
    }

    /// Makes and corrects topics; what is still wrong then.
    ///
    /// # Errors
    /// When no broker answers, or one refuses.
    pub(crate) fn create(&self) -> Result<Vec<Wrong>> {
        create(&self.connection, &self.settings).context("making the topics")
    }

    /// Deletes the topics with all that stands there: those of figures, never others.
    ///
    /// # Errors
    /// When no broker answers, or one refuses.
    pub(crate) fn remove(&self) -> Result<()> {
        remove(&self.connection, &self.settings).context("deleting the topics")
    }

    /// Refuses to start on topics that are not as they must be, with a list (F-08, F-10).
    ///
    /// # Errors
    /// The list.
    pub(crate) fn require(&self) -> Result<()> {
        let wrong = self.check()?;
        if wrong.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = wrong.iter().map(|it| format!("\n  {it}")).collect();
        let counts = wrong.iter().any(|it| it.setting == "partitions");
        let remedy = if counts {
            "a number of partitions is never changed in place: customers would go to other partitions than their \
             history; restore it, or export the journal and import it into new topics"
        } else {
            "`claimlog topics create` with the same options makes them right"
        };
        Err(UsageError(format!("the topics are not as they must be: {remedy}{}", list.concat())).into())
    }

    /// The name of the group that shares the work of a role.
    pub(crate) fn group(&self, role: &str) -> String {
        format!("{}.{role}", self.connection.prefix)
    }
}
