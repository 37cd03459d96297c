//! A share in a consumer group. It reads nothing: its partitions stay paused, and others are told who owns them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use claim_log::{Change, LogError, Membership, Place};
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::asking::list;
use crate::connection::Connection;
use crate::error::{failed, lasting, persist, while_doing};
use crate::heard::Heard;

/// How often the member looks whether it should leave.
const SLICE: Duration = Duration::from_millis(50);

/// How long its owner may not ask until the member leaves: it is stuck, and another should work.
const SILENCE: Duration = Duration::from_secs(300);

/// What the member's thread tells its owner.
type News = Result<Change, LogError>;

/// A member, kept alive by a thread of its own.
pub(crate) struct Member {
    consumer: Option<Arc<BaseConsumer<Share>>>,
    news: Receiver<News>,
    asked_at: Arc<Mutex<Instant>>,
    leaving: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    patience: Duration,
}

impl Member {
    /// Joins, in the background.
    pub(crate) fn join(connection: &Connection, group: &str, topics: &[String]) -> Result<Self, LogError> {
        let (tell, news) = channel();
        let share = Share { news: tell.clone(), heard: Heard::of(connection), own: Mutex::default() };
        let consumer = BaseConsumer::from_config_and_context(&connection.member(group), share);
        let consumer = Arc::new(consumer.map_err(while_doing("making a member of a group"))?);
        let doing = format!("being a member of group {group}, which shares {}", topics.join(", "));
        let topics: Vec<_> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).map_err(while_doing(format!("joining group {group}")))?;
        let leaving = Arc::new(AtomicBool::new(false));
        let asked_at = Arc::new(Mutex::new(Instant::now()));
        let stay = Stay { leaving: leaving.clone(), asked_at: asked_at.clone(), news: tell, doing };
        let staying = consumer.clone();
        let thread = thread::Builder::new().name("kafka-member".to_owned()).spawn(move || stay.run(staying));
        let thread = thread.map_err(|fault| failed("starting a thread", &fault.to_string()))?;
        Ok(Self {
            consumer: Some(consumer),
            news,
            asked_at,
            leaving,
            thread: Some(thread),
            patience: connection.patience,
        })
    }

    fn consumer(&self) -> Result<&BaseConsumer<Share>, LogError> {
        self.consumer.as_deref().ok_or_else(|| failed("asking the group", "it was left"))
    }
}

impl Membership for Member {
    fn poll(&mut self, wait: Duration) -> Result<Option<Change>, LogError> {
        *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        match self.news.recv_timeout(wait) {
            Ok(Ok(change)) => Ok(Some(change)),
            Ok(Err(error)) => Err(error),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(failed("being a member of a group", "it was left")),
        }
    }

    fn commit(&mut self, place: &Place, next: u64) -> Result<(), LogError> {
        let offset = i64::try_from(next).map_or(Offset::Invalid, Offset::Offset);
        let doing = || format!("committing offset {next} of {place}");
        let list = list([(place, offset)]).map_err(while_doing(doing()))?;
        self.consumer()?.commit(&list, CommitMode::Sync).map_err(while_doing(doing()))
    }

    fn commit_all(&mut self, done: &[(Place, u64)]) -> Result<(), LogError> {
        if done.is_empty() {
            return Ok(());
        }
        let doing = || format!("committing offsets of {} partitions", done.len());
        let offset = |next: u64| i64::try_from(next).map_or(Offset::Invalid, Offset::Offset);
        let all = done.iter().map(|(place, next)| (place, offset(*next)));
        let list = list(all).map_err(while_doing(doing()))?;
        self.consumer()?.commit(&list, CommitMode::Sync).map_err(while_doing(doing()))
    }

    fn committed(&mut self, place: &Place) -> Result<Option<u64>, LogError> {
        let doing = || format!("asking for what was committed of {place}");
        let list = list([(place, Offset::Invalid)]).map_err(while_doing(doing()))?;
        let consumer = self.consumer()?;
        let answer = persist(self.patience, |wait| {
            let answer = consumer.committed_offsets(list.clone(), wait)?;
            answer.elements().iter().try_for_each(|it| it.error())?;
            Ok(answer)
        });
        let answer = answer.map_err(while_doing(doing()))?;
        let offset = answer.elements().first().and_then(|it| it.offset().to_raw());
        Ok(offset.and_then(|it| u64::try_from(it).ok()))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.leaving.store(true, Ordering::Relaxed);
        // The thread must be the last to hold the consumer: dropping that leaves the group.
        self.consumer = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What the member's thread needs.
struct Stay {
    leaving: Arc<AtomicBool>,
    asked_at: Arc<Mutex<Instant>>,
    news: Sender<News>,
    /// What it does, for a person.
    doing: String,
}

impl Stay {
    /// Keeps the membership alive until it is to end, and leaves.
    fn run(self, consumer: Arc<BaseConsumer<Share>>) {
        while !self.leaving.load(Ordering::Relaxed) {
            match consumer.poll(SLICE) {
                Some(Err(fault)) if lasting(&fault) => {
                    drop(self.news.send(Err(consumer.context().heard.failed(&self.doing, &fault))));
                    break;
                }
                Some(Err(fault)) => tracing::debug!(%fault, "a member waits for its group"),
                // Fetched before its partition was paused; nobody reads here.
                Some(Ok(_)) | None => {}
            }
            let asked_at = *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
            if asked_at.elapsed() > SILENCE {
                tracing::warn!("a member of a group whose owner no longer asks leaves");
                drop(self.news.send(Err(failed(self.doing, "its owner did not ask for too long"))));
                break;
            }
        }
        consumer.unsubscribe();
        // Leaving is served by polling, where the owner does not drop its handle at once.
        while !self.leaving.load(Ordering::Relaxed) {
            drop(consumer.poll(SLICE));
        }
    }
}

/// Hears of changes and passes them on.
struct Share {
    news: Sender<News>,
    heard: Heard,
    own: Mutex<BTreeSet<Place>>,
}

impl ConsumerContext for Share {
    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        match rebalance {
            Rebalance::Assign(list) => {
                if let Err(fault) = consumer.pause(list) {
                    tracing::warn!(%fault, "the partitions of a member could not be paused");
                }
                let gained: Vec<_> = places(list).into_iter().filter(|it| own.insert(it.clone())).collect();
                if !gained.is_empty() {
                    drop(self.news.send(Ok(Change::Gained(gained))));
                }
            }
            Rebalance::Revoke(list) => {
                let lost: Vec<_> = places(list).into_iter().filter(|it| own.remove(it)).collect();
                if !lost.is_empty() {
                    drop(self.news.send(Ok(Change::Lost(lost))));
                }
            }
            Rebalance::Error(fault) => tracing::warn!(%fault, "a group could not be shared anew"),
        }
    }
}

impl ClientContext for Share {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Heard::line(level, facility, message);
    }

    fn error(&self, fault: KafkaError, reason: &str) {
        self.heard.complaint(&fault, reason);
    }
}

fn places(list: &TopicPartitionList) -> Vec<Place> {
    let all = list.elements();
    let places =
        all.iter().filter_map(|it| Some(Place::new(it.topic(), u32::try_from(it.partition()).ok()?)));
    places.collect()
}
