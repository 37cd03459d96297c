//! A reader of partitions from offsets on. It is made for one reading, belongs to no group and resets nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claim_log::{LogError, Place};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::Offset;

use crate::asking::{Asking, list, offset_of, topics};
use crate::connection::{Connection, Isolation};
use crate::error::{lasting, out_of_range, while_doing};
use crate::heard::Heard;
use crate::retire::retire;

/// How long an end below what was read may be that of a broker that has just become the leader.
const SETTLING: Duration = Duration::from_secs(3);

/// A reader.
pub(crate) struct Fetch {
    /// None only while it is dropped.
    consumer: Option<BaseConsumer<Heard>>,
    heard: Heard,
    asking: Arc<Asking>,
    slots: Vec<Slot>,
    /// The group that it names and does not join.
    group: String,
}

/// A partition and how far it was read.
struct Slot {
    place: Place,
    next: u64,
    at_end: bool,
}

impl Fetch {
    /// Begins to read.
    pub(crate) fn begin(
        connection: &Connection,
        asking: &Arc<Asking>,
        isolation: Isolation,
        from: &BTreeMap<Place, u64>,
    ) -> Result<Self, LogError> {
        let heard = Heard::of(connection);
        let config = connection.reader(isolation);
        let consumer = BaseConsumer::from_config_and_context(&config, heard.clone());
        let consumer = consumer.map_err(while_doing("making a reader"))?;
        let slots =
            from.iter().map(|(place, next)| Slot { place: place.clone(), next: *next, at_end: false });
        let offset = |next: u64| i64::try_from(next).map_or(Offset::Invalid, Offset::Offset);
        let assigned = list(from.iter().map(|(place, next)| (place, offset(*next))));
        let assigned = assigned.and_then(|it| consumer.assign(&it));
        assigned.map_err(while_doing("assigning partitions to a reader"))?;
        Ok(Self {
            consumer: Some(consumer),
            heard,
            asking: Arc::clone(asking),
            slots: slots.collect(),
            group: connection.readers(),
        })
    }

    /// How far each partition was read, in the order of their places, what is never given included: ends of transactions and
    /// what was aborted. The library passes over them while it is polled and tells only its position.
    pub(crate) fn positions(&self) -> Vec<u64> {
        let passed = self.consumer.as_ref().and_then(|it| it.position().ok());
        let passed = |place| passed.as_ref().and_then(|it| offset_of(it, place).ok()).unwrap_or_default();
        self.slots.iter().map(|it| it.next.max(passed(&it.place))).collect()
    }

    /// How far a partition was read, in the same way; none when it is not read here.
    pub(crate) fn reached(&self, place: &Place) -> Option<u64> {
        let nth = self.slots.iter().position(|it| it.place == *place)?;
        self.positions().get(nth).copied()
    }

    /// Whether the one partition that is read was at its end when its broker was last heard.
    pub(crate) fn at_end(&self) -> bool {
        self.slots.iter().all(|it| it.at_end)
    }

    /// The next record of any partition; waits at most so long.
    pub(crate) fn poll<T>(
        &mut self,
        wait: Duration,
        take: impl FnOnce(usize, &Place, u64, &BorrowedMessage<'_>) -> T,
    ) -> Result<Option<T>, Stopped> {
        let Some(consumer) = &self.consumer else { return Ok(None) };
        let mut left = whole_millis(wait);
        let mut began = None;
        loop {
            match consumer.poll(left) {
                Some(Ok(message)) => {
                    let found = find(&mut self.slots, message.topic(), message.partition());
                    if let Some((nth, slot)) = found
                        && let Ok(offset) = u64::try_from(message.offset())
                        && offset >= slot.next
                    {
                        slot.next = offset + 1;
                        slot.at_end = false;
                        return Ok(Some(take(nth, &slot.place, offset, &message)));
                    }
                }
                // Which topic it is of is not told, so it only means something to a reader of one partition.
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    if let [slot] = &mut self.slots[..] {
                        slot.at_end = true;
                        return Ok(None);
                    }
                }
                Some(Err(fault)) if out_of_range(&fault) => return Err(Stopped::OutOfRange),
                Some(Err(fault)) if lasting(&fault) => {
                    return Err(Stopped::Failed(self.heard.failed(&self.reading(&fault), &fault)));
                }
                // A broker is away, another will lead: noise to a reader, who waits.
                Some(Err(fault)) => self.heard.complaint(&fault, &fault.to_string()),
                None => return Ok(None),
            }
            // What came was no record. The clock is only looked at then.
            left = whole_millis(wait.saturating_sub(began.get_or_insert_with(Instant::now).elapsed()));
        }
    }

    /// What it does, for a person: the library tells of no error what it is about.
    fn reading(&self, fault: &KafkaError) -> String {
        match fault.rdkafka_error_code() {
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => format!("using group {}", self.group),
            _ => format!("reading {}", topics(self.slots.iter().map(|it| &it.place))),
        }
    }

    /// The offset after the last record of each partition, asked for now, in the order of their places.
    pub(crate) fn ends(&self) -> Result<Vec<u64>, LogError> {
        self.asking.ends(&self.places())
    }

    fn places(&self) -> Vec<Place> {
        self.slots.iter().map(|it| it.place.clone()).collect()
    }

    /// Whether a partition ends before what is to be read, or begins after it.
    ///
    /// A broker that has just become the leader may name too early an end for a moment.
    pub(crate) fn missing(&self) -> Result<Option<Missing>, LogError> {
        let began = Instant::now();
        loop {
            let ends = self.ends()?;
            let beyond = self.slots.iter().zip(&ends).find(|(slot, end)| slot.next > **end);
            let Some((slot, end)) = beyond else {
                let begins = self.asking.begins(&self.places())?;
                let all = self.slots.iter().zip(begins).zip(ends);
                let gone = all.into_iter().find(|((slot, begin), _)| slot.next < *begin);
                return Ok(gone.map(|((slot, begin), end)| {
                    let (place, offset) = (slot.place.clone(), slot.next);
                    Missing::Deleted { place, offset, begin, end }
                }));
            };
            if began.elapsed() > SETTLING {
                return Ok(Some(Missing::Beyond { offset: slot.next, end: *end }));
            }
            std::thread::sleep(SETTLING / 10);
        }
    }
}

/// Why what should be read is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The partition ends before it.
    Beyond { offset: u64, end: u64 },
    /// It was deleted.
    Deleted { place: Place, offset: u64, begin: u64, end: u64 },
}

/// Why a reader does not go on.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The broker said that what is to be read is not there.
    OutOfRange,
    /// Something that will not pass.
    Failed(LogError),
}

impl Drop for Fetch {
    fn drop(&mut self) {
        if let Some(consumer) = self.consumer.take() {
            retire(consumer);
        }
    }
}

/// The client waits for whole milliseconds: given less than one it would not wait at all, and whoever asks would spin.
fn whole_millis(wait: Duration) -> Duration {
    Duration::from_millis(u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

fn find<'a>(slots: &'a mut [Slot], topic: &str, partition: i32) -> Option<(usize, &'a mut Slot)> {
    let partition = u32::try_from(partition).ok()?;
    let mut all = slots.iter_mut().enumerate();
    all.find(|(_, it)| it.place.partition == partition && *it.place.topic == *topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_rounded_to_none() {
        let micros = Duration::from_micros;
        let waits = [0, 1, 999, 1_000, 1_001].map(|it| whole_millis(micros(it)).as_millis());
        assert_eq!(waits, [0, 1, 1, 1, 2]);
    }
}
