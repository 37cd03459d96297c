//! Questions to the cluster: which topics there are, and where partitions begin and end.
//!
//! A client of its own, since a broker answers one request of a connection after the other: behind a reader's fetch,
//! which waits for records, a question would wait too.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use claim_log::{LogError, Place};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::connection::Connection;
use crate::error::{FORBIDDEN, lasting, persist, while_doing};
use crate::heard::Heard;

/// How often a client is polled for a complaint that explains a failure.
const ENOUGH: usize = 100;

/// A client that asks.
pub(crate) struct Asking {
    consumer: BaseConsumer<Heard>,
    heard: Heard,
    patience: Duration,
}

impl Asking {
    /// A client; no broker is asked yet.
    pub(crate) fn new(connection: &Connection) -> Result<Arc<Self>, LogError> {
        let heard = Heard::of(connection);
        let consumer = BaseConsumer::from_config_and_context(&connection.asking(), heard.clone());
        let consumer = consumer.map_err(while_doing("making a client"))?;
        Ok(Arc::new(Self { consumer, heard, patience: connection.patience }))
    }

    /// Asks until there is an answer or no patience left.
    fn ask<T>(
        &self,
        doing: &str,
        mut question: impl FnMut(&BaseConsumer<Heard>, Duration) -> Result<T, KafkaError>,
    ) -> Result<T, LogError> {
        let answer = persist(self.patience, |wait| {
            question(&self.consumer, wait).map_err(|fault| self.overheard(fault))
        });
        answer.map_err(|fault| self.heard.failed(doing, &fault))
    }

    /// Why an answer did not come, if the client knows better: a wrong password is said to whoever polls, and nobody
    /// else.
    fn overheard(&self, fault: KafkaError) -> KafkaError {
        // Lines of its log come the same way and are no answers, so a poll without one is not the last.
        let said = (0..ENOUGH).filter_map(|_| self.consumer.poll(Duration::ZERO)?.err());
        said.fold(fault, |known, it| if lasting(&it) { it } else { known })
    }

    /// How many partitions a topic has.
    pub(crate) fn count(&self, topic: &str) -> Result<u32, LogError> {
        let doing = format!("asking for topic {topic}");
        let metadata = self.ask(&doing, |consumer, wait| {
            let metadata = consumer.fetch_metadata(Some(topic), wait)?;
            let fault = metadata.topics().iter().find_map(|it| it.error()).map(RDKafkaErrorCode::from);
            match fault.filter(|it| FORBIDDEN.contains(it)) {
                Some(code) => Err(KafkaError::MetadataFetch(code)),
                None => Ok(metadata),
            }
        })?;
        let found = metadata.topics().iter().find(|it| it.name() == topic);
        let partitions = found.filter(|it| it.error().is_none()).map_or(0, |it| it.partitions().len());
        if partitions == 0 {
            let source = io::Error::new(io::ErrorKind::NotFound, "there is no such topic");
            return Err(LogError::Io { doing, source });
        }
        Ok(u32::try_from(partitions).unwrap_or(u32::MAX))
    }

    /// The offset of the first record of a partition that is kept, and the one after the last, asked for now.
    pub(crate) fn range(&self, place: &Place) -> Result<(u64, u64), LogError> {
        let places = std::slice::from_ref(place);
        let begin = self.begins(places)?.first().copied().unwrap_or_default();
        let end = self.ends(places)?.first().copied().unwrap_or_default();
        Ok((begin, end))
    }

    /// The offset after the last record of each partition, asked for now.
    pub(crate) fn ends(&self, places: &[Place]) -> Result<Vec<u64>, LogError> {
        self.offsets(places, Offset::End, "asking for the ends")
    }

    /// The offset of the first record of each partition that is kept.
    pub(crate) fn begins(&self, places: &[Place]) -> Result<Vec<u64>, LogError> {
        self.offsets(places, Offset::Beginning, "asking for the beginnings")
    }

    fn offsets(&self, places: &[Place], which: Offset, doing: &str) -> Result<Vec<u64>, LogError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let doing = format!("{doing} of {}", topics(places));
        let list = list(places.iter().map(|it| (it, which))).map_err(while_doing(&doing))?;
        self.ask(&doing, |consumer, wait| {
            let answer = consumer.offsets_for_times(list.clone(), wait)?;
            places.iter().map(|place| offset_of(&answer, place)).collect()
        })
    }
}

/// The topics of these partitions, for a person.
pub(crate) fn topics<'a>(places: impl IntoIterator<Item = &'a Place>) -> String {
    let names: BTreeSet<&str> = places.into_iter().map(|it| &*it.topic).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// Partitions with an offset each, as the library takes them.
pub(crate) fn list<'a>(
    places: impl IntoIterator<Item = (&'a Place, Offset)>,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for (place, offset) in places {
        let partition = i32::try_from(place.partition).unwrap_or(i32::MAX);
        list.add_partition_offset(&place.topic, partition, offset)?;
    }
    Ok(list)
}

/// The offset of a partition in what the library answered.
pub(crate) fn offset_of(answer: &TopicPartitionList, place: &Place) -> Result<u64, KafkaError> {
    let partition = i32::try_from(place.partition).unwrap_or(i32::MAX);
    let unknown = KafkaError::OffsetFetch(RDKafkaErrorCode::UnknownPartition);
    let found = answer.find_partition(&place.topic, partition).ok_or(unknown)?;
    found.error()?;
    let offset = found.offset().to_raw().and_then(|it| u64::try_from(it).ok());
    offset.ok_or(KafkaError::OffsetFetch(RDKafkaErrorCode::OffsetNotAvailable))
}
