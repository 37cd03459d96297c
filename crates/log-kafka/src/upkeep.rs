//! Making topics as they should be, and telling where they are not.

use std::collections::BTreeMap;
use std::sync::Arc;

use claim_log::LogError;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigResource, ConfigSource, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;

use crate::asking::Asking;
use crate::connection::Connection;
use crate::error::{failed, persist, while_doing};
use crate::heard::Heard;
use crate::settings::{Settings, Wanted, Wrong};
use crate::wait::wait_for;

/// Everything about the topics that is not as it must be; nothing, when a program may start.
///
/// # Errors
/// [`LogError::Io`] when no broker answers.
pub fn check(connection: &Connection, settings: &Settings) -> Result<Vec<Wrong>, LogError> {
    let upkeep = Upkeep::new(connection, settings)?;
    upkeep.seen(upkeep.look()?)
}

/// Makes missing topics, and corrects settings. Gives what is still wrong then: a number of partitions or of copies is
/// never changed, since records are where they are.
///
/// # Errors
/// [`LogError::Io`] when no broker answers, or one refuses.
pub fn create(connection: &Connection, settings: &Settings) -> Result<Vec<Wrong>, LogError> {
    let upkeep = Upkeep::new(connection, settings)?;
    let found = upkeep.look()?;
    upkeep.make(&found.missing)?;
    upkeep.correct(&found.altered)?;
    upkeep.settled()
}

struct Upkeep {
    admin: AdminClient<Heard>,
    /// Other clients' questions for a topic could make it, where brokers make topics by themselves.
    asking: Arc<Asking>,
    heard: Heard,
    connection: Connection,
    settings: Settings,
}

/// The state of the topics.
#[derive(Default)]
struct Found {
    wrong: Vec<Wrong>,
    missing: Vec<Wanted>,
    /// Topics whose settings brokers do not show: to this client, or yet.
    hidden: Vec<String>,
    /// Topics with a wrong setting, with all the settings they should have afterwards.
    altered: BTreeMap<String, BTreeMap<String, String>>,
}

impl Upkeep {
    fn new(connection: &Connection, settings: &Settings) -> Result<Self, LogError> {
        let heard = Heard::of(connection);
        let admin = AdminClient::from_config_and_context(&connection.client(), heard.clone());
        let admin = admin.map_err(while_doing("making a client"))?;
        let asking = Asking::new(connection)?;
        Ok(Self { admin, asking, heard, connection: connection.clone(), settings: settings.clone() })
    }

    fn options(&self) -> AdminOptions {
        let patience = Some(self.connection.patience);
        AdminOptions::new().request_timeout(patience).operation_timeout(patience)
    }

    fn failed(&self, doing: &str, why: &str) -> LogError {
        failed(doing, &self.heard.explain(why))
    }

    fn metadata(&self) -> Result<Metadata, LogError> {
        let metadata =
            persist(self.connection.patience, |wait| self.admin.inner().fetch_metadata(None, wait));
        metadata.map_err(|fault| self.failed("asking for the topics", &fault.to_string()))
    }

    fn look(&self) -> Result<Found, LogError> {
        let metadata = self.metadata()?;
        let brokers = u32::try_from(metadata.brokers().len()).unwrap_or(u32::MAX);
        let bytes = self.connection.max_message_bytes;
        let mut found = Found::default();
        let all = self.settings.wanted(&self.connection.topics(), bytes, brokers);
        let described = self.describe(&all)?;
        for (wanted, described) in all.into_iter().zip(described) {
            let topic = metadata.topics().iter().find(|it| it.name() == wanted.topic);
            let Some(topic) = topic.filter(|it| !it.partitions().is_empty()) else {
                self.may_be_seen(&wanted.topic)?;
                found.wrong.push(Wrong::new(&wanted.topic, "topic", "missing", "there"));
                found.missing.push(wanted);
                continue;
            };
            if described.entries.is_empty() {
                found.hidden.push(wanted.topic);
                continue;
            }
            let partitions = u32::try_from(topic.partitions().len()).unwrap_or(u32::MAX);
            if partitions != wanted.partitions {
                found.wrong.push(Wrong::new(&wanted.topic, "partitions", partitions, wanted.partitions));
            }
            let copies = topic.partitions().iter().map(|it| it.replicas().len()).min().unwrap_or_default();
            if u32::try_from(copies) != Ok(wanted.copies) {
                found.wrong.push(Wrong::new(&wanted.topic, "replication", copies, wanted.copies));
            }
            compare(&wanted, &described, &mut found);
        }
        Ok(found)
    }

    /// The settings of each topic, in their order; those of one that is missing or may not be seen are empty.
    fn describe(&self, topics: &[Wanted]) -> Result<Vec<ConfigResource>, LogError> {
        let names: Vec<_> = topics.iter().map(|it| ResourceSpecifier::Topic(&it.topic)).collect();
        let doing = "asking for the settings of the topics";
        let answers = wait_for(self.admin.describe_configs(&names, &self.options()));
        let answers = answers.map_err(|fault| self.failed(doing, &fault.to_string()))?;
        answers.into_iter().map(|it| it.map_err(|code| self.failed(doing, &code.to_string()))).collect()
    }

    /// Fails where the topic may not be seen: brokers do not list it then, as if it were missing.
    fn may_be_seen(&self, topic: &str) -> Result<(), LogError> {
        match self.asking.count(topic) {
            Err(LogError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(()),
            it => it.map(drop),
        }
    }

    /// What is wrong, once every setting could be seen.
    fn seen(&self, found: Found) -> Result<Vec<Wrong>, LogError> {
        let code = RDKafkaErrorCode::TopicAuthorizationFailed;
        match found.hidden.first() {
            Some(topic) => Err(self.refused("asking for the settings of topic", topic, code)),
            None => Ok(found.wrong),
        }
    }

    /// An error that a broker answered about one topic.
    fn refused(&self, doing: &str, topic: &str, code: RDKafkaErrorCode) -> LogError {
        self.heard.failed(&format!("{doing} {topic}"), &KafkaError::AdminOp(code))
    }

    fn make(&self, topics: &[Wanted]) -> Result<(), LogError> {
        if topics.is_empty() {
            return Ok(());
        }
        let new = topics.iter().map(|it| {
            let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
            let copies = TopicReplication::Fixed(count(it.copies));
            let topic = NewTopic::new(&it.topic, count(it.partitions), copies);
            it.settings.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
        });
        let new: Vec<_> = new.collect();
        let answers = wait_for(self.admin.create_topics(&new, &self.options()));
        let answers = answers.map_err(|fault| self.failed("making topics", &fault.to_string()))?;
        for answer in answers {
            match answer {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(self.refused("making topic", &topic, code));
                }
            }
        }
        Ok(())
    }

    fn correct(&self, topics: &BTreeMap<String, BTreeMap<String, String>>) -> Result<(), LogError> {
        if topics.is_empty() {
            return Ok(());
        }
        let alter = topics.iter().map(|(topic, settings)| {
            let alter = AlterConfig::new(ResourceSpecifier::Topic(topic));
            settings.iter().fold(alter, |alter, (name, value)| alter.set(name, value))
        });
        let alter: Vec<_> = alter.collect();
        let answers = wait_for(self.admin.alter_configs(&alter, &self.options()));
        let answers = answers.map_err(|fault| self.failed("correcting topics", &fault.to_string()))?;
        for (topic, answer) in topics.keys().zip(answers) {
            answer.map_err(|(_, code)| self.refused("correcting topic", topic, code))?;
        }
        Ok(())
    }

    /// What is wrong once brokers have heard of what was done, which takes them a moment.
    fn settled(&self) -> Result<Vec<Wrong>, LogError> {
        let began = std::time::Instant::now();
        loop {
            let found = self.look()?;
            let waiting = [found.missing.is_empty(), found.hidden.is_empty(), found.altered.is_empty()]
                .contains(&false);
            if !waiting || began.elapsed() > self.connection.patience {
                return self.seen(found);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

fn compare(wanted: &Wanted, resource: &ConfigResource, found: &mut Found) {
    let wrong = wanted.settings.iter().filter_map(|(name, value)| {
        let is = resource.get(name).and_then(|it| it.value.as_deref()).unwrap_or("unset");
        (is != value).then(|| Wrong::new(&wanted.topic, name, is, value))
    });
    let wrong: Vec<_> = wrong.collect();
    if wrong.is_empty() {
        return;
    }
    found.wrong.extend(wrong);
    // Altering replaces all that was set, so what others have set is set again.
    let set = resource.entries.iter().filter(|it| it.source == ConfigSource::DynamicTopic);
    let mut all: BTreeMap<_, _> = set.filter_map(|it| Some((it.name.clone(), it.value.clone()?))).collect();
    all.extend(wanted.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    found.altered.insert(wanted.topic.clone(), all);
}
