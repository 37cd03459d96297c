//! How the topics must be, for what is promised of them to hold (DESIGN §6).

use std::fmt;

use crate::names::Topics;

/// A day, in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How the topics of an installation should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// P, the number of partitions of the journal.
    pub partitions: u32,
    /// The inboxes.
    pub inboxes: Vec<InboxTopic>,
    /// How many brokers keep each record; none is 3, or as many as there are.
    pub replication: Option<u32>,
    /// How many of them must have a record before it is acknowledged; none is one less, and at least 1.
    pub min_in_sync: Option<u32>,
    /// Whether inboxes bear the broker's time, as they must: that is when a command was received (DESIGN §4). Tests that
    /// give the times themselves say no.
    pub inboxes_bear_append_time: bool,
}

/// A topic that commands arrive in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxTopic {
    /// Its whole name; [`Topics::inbox`] gives the usual ones.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: u32,
}

impl Settings {
    /// The usual settings for P partitions, and no inbox.
    #[must_use]
    pub fn new(partitions: u32) -> Self {
        Self {
            partitions,
            inboxes: Vec::new(),
            replication: None,
            min_in_sync: None,
            inboxes_bear_append_time: true,
        }
    }

    /// The same with one more inbox.
    #[must_use]
    pub fn inbox(mut self, topic: impl Into<String>, partitions: u32) -> Self {
        self.inboxes.push(InboxTopic { topic: topic.into(), partitions });
        self
    }

    /// Every topic as it should be, on a cluster of so many brokers.
    pub(crate) fn wanted(&self, topics: &Topics, max_message_bytes: u32, brokers: u32) -> Vec<Wanted> {
        let copies = self.replication.unwrap_or(brokers.clamp(1, 3));
        let in_sync = self.min_in_sync.unwrap_or(copies.saturating_sub(1).max(1));
        let wanted = |topic: String, partitions: u32, kept: Kept| Wanted {
            topic,
            partitions,
            copies,
            settings: vec![
                ("cleanup.policy", "delete".to_owned()),
                ("compression.type", "producer".to_owned()),
                ("max.message.bytes", max_message_bytes.to_string()),
                ("min.insync.replicas", in_sync.to_string()),
                ("retention.bytes", "-1".to_owned()),
                ("retention.ms", kept.millis()),
                ("unclean.leader.election.enable", "false".to_owned()),
            ],
        };
        let p = self.partitions;
        let mut all = vec![
            wanted(topics.journal(), p, Kept::ForEver),
            wanted(topics.program(), 1, Kept::ForEver),
            wanted(topics.identity(), 1, Kept::ForEver),
            wanted(topics.commands(), p, Kept::Days(30)),
            wanted(topics.program_commands(), 1, Kept::Days(30)),
            wanted(topics.events(), p + 1, Kept::ForEver),
            wanted(topics.outcomes(), p + 2, Kept::ForEver),
            wanted(topics.quarantine(), 1, Kept::ForEver),
        ];
        // Records of the past that bear their own times would be too old on arrival.
        let (stamp, kept) = match self.inboxes_bear_append_time {
            true => ("LogAppendTime", Kept::Days(7)),
            false => ("CreateTime", Kept::ForEver),
        };
        all.extend(self.inboxes.iter().map(|inbox| {
            let mut topic = wanted(inbox.topic.clone(), inbox.partitions, kept);
            topic.settings.push(("message.timestamp.type", stamp.to_owned()));
            topic
        }));
        all
    }
}

/// How long records are kept.
#[derive(Clone, Copy)]
enum Kept {
    ForEver,
    Days(u64),
}

impl Kept {
    fn millis(self) -> String {
        match self {
            Self::ForEver => "-1".to_owned(),
            Self::Days(days) => (days * DAY_MS).to_string(),
        }
    }
}

/// One topic as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) topic: String,
    pub(crate) partitions: u32,
    pub(crate) copies: u32,
    pub(crate) settings: Vec<(&'static str, String)>,
}

/// Something about a topic that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The topic.
    pub topic: String,
    /// What is wrong about it: the broker's name of the setting, or `topic`, `partitions`, `replication`.
    pub setting: String,
    /// How it is.
    pub found: String,
    /// How it must be.
    pub wanted: String,
}

impl Wrong {
    pub(crate) fn new(
        topic: &str,
        setting: &str,
        found: impl fmt::Display,
        wanted: impl fmt::Display,
    ) -> Self {
        Self {
            topic: topic.to_owned(),
            setting: setting.to_owned(),
            found: found.to_string(),
            wanted: wanted.to_string(),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topic {}: {} is {} and must be {}", self.topic, self.setting, self.found, self.wanted)
    }
}
