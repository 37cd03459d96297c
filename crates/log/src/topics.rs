//! Topics beside the journal: what comes in and what goes out, for logs that have brokers.
//!
//! The embedded log needs none of this: there intake and engine share a process. On Kafka an [`Inbox`] is how commands
//! arrive and how several processes share them; an [`Outlet`] is an append-only topic that others read (DESIGN §6).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::append::Unclear;
use crate::read::LogError;

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition, from 0.
    pub partition: u32,
}

impl Place {
    /// The partition of the topic.
    #[must_use]
    pub fn new(topic: impl Into<Arc<str>>, partition: u32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.topic, self.partition)
    }
}

/// Headers of a record, in their order; a name may come twice. A null value is an empty one.
pub type Headers = Vec<(String, Vec<u8>)>;

/// A record as it stands in a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Where it stands.
    pub place: Place,
    /// Its offset there.
    pub offset: u64,
    /// The time it bears, in milliseconds since 1970 UTC: when the broker appended it, where topics are as they should be.
    pub stamped_at_ms: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Headers,
    /// Its value; none is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// A record to be appended to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where it goes: always said, since clients hash keys differently (DESIGN rule 5).
    pub place: Place,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Headers,
    /// Its value.
    pub value: Vec<u8>,
}

/// What a member of a group was told of its share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These are its own from now on.
    Gained(Vec<Place>),
    /// These are no longer its own.
    Lost(Vec<Place>),
}

/// Where records come from, in order.
pub trait Inbox: Send + Sync {
    /// How many partitions a topic has.
    ///
    /// # Errors
    /// [`LogError::Io`] when there is no such topic or no broker answers.
    fn partitions(&self, topic: &str) -> Result<u32, LogError>;

    /// The offset of the first record that is kept, and the one after the last.
    ///
    /// # Errors
    /// [`LogError::Io`] when no broker answers.
    fn range(&self, place: &Place) -> Result<(u64, u64), LogError>;

    /// The offset after the last record of each of these, in their order; where there are brokers, asked for together.
    ///
    /// # Errors
    /// [`LogError::Io`] when no broker answers.
    fn ends(&self, places: &[Place]) -> Result<Vec<u64>, LogError> {
        places.iter().map(|it| Ok(self.range(it)?.1)).collect()
    }

    /// Reads partitions from these offsets on, each in its order.
    ///
    /// # Errors
    /// [`LogError::Io`] when the reader cannot be made.
    fn read(&self, from: &BTreeMap<Place, u64>) -> Result<Box<dyn Arrivals>, LogError>;

    /// Joins the group that shares the partitions of these topics. Membership tells who should work, and is no fence.
    ///
    /// # Errors
    /// [`LogError::Io`] when the group cannot be joined.
    fn join(&self, group: &str, topics: &[String]) -> Result<Box<dyn Membership>, LogError>;
}

/// Records on their way in.
pub trait Arrivals: Send {
    /// The next record; waits for one at most so long.
    ///
    /// # Errors
    /// [`LogError::BeyondEnd`] when an offset to read from is not there any more or not yet, [`LogError::Io`] when it
    /// cannot be read for another reason that will not pass by itself.
    fn next(&mut self, wait: Duration) -> Result<Option<Received>, LogError>;

    /// The offset up to which everything there is was given: ends of transactions and records of aborted ones included,
    /// which have offsets and are never given. So a partition is drained when this is its end. None for a partition that is
    /// not read here, and where nobody knows more than the records tell.
    fn reached(&self, place: &Place) -> Option<u64> {
        _ = place;
        None
    }
}

/// A share in a group. Dropping it leaves the group at once.
pub trait Membership: Send {
    /// What changed; waits for a change at most so long. Must be called often, or the group takes the share away.
    ///
    /// # Errors
    /// [`LogError::Io`] when membership ended for good.
    fn poll(&mut self, wait: Duration) -> Result<Option<Change>, LogError>;

    /// Remembers, with the group, that everything before `next` is done.
    ///
    /// # Errors
    /// [`LogError::Io`] when it was not remembered; the share may be another's by now.
    fn commit(&mut self, place: &Place, next: u64) -> Result<(), LogError>;

    /// As [`Self::commit`], for several at once; where there are brokers, in one request.
    ///
    /// # Errors
    /// As [`Self::commit`]; then none, some or all were remembered.
    fn commit_all(&mut self, done: &[(Place, u64)]) -> Result<(), LogError> {
        done.iter().try_for_each(|(place, next)| self.commit(place, *next))
    }

    /// What was last remembered.
    ///
    /// # Errors
    /// [`LogError::Io`] when no broker answers.
    fn committed(&mut self, place: &Place) -> Result<Option<u64>, LogError>;
}

/// What to do with the offset at which a record was appended. Called once, on a thread that others wait for.
pub type TellOffset = Box<dyn FnOnce(Result<u64, Unclear>) + Send>;

/// Where records go out, in the order of [`Outlet::send`] for each partition.
pub trait Outlet: Send + Sync {
    /// Takes a record and returns; `tell` is called once it is durable. After one [`Unclear`] of a partition every later
    /// record that was sent there before [`Outlet::renew`] is unclear too, so that nothing goes out behind a gap.
    fn send(&self, record: Outgoing, tell: TellOffset);

    /// Takes records of one partition as one and returns; `tell` is called with the offset of the last of them, once all are
    /// durable. Nothing is told where there are none.
    fn send_all(&self, mut records: Vec<Outgoing>, tell: TellOffset) {
        let Some(last) = records.pop() else { return };
        // What is unclear of one is unclear of all behind it.
        records.into_iter().for_each(|it| self.send(it, Box::new(|_| {})));
        self.send(last, tell);
    }

    /// Begins anew after an unclear answer: what is still on its way from before may land, but is told unclear.
    fn renew(&self);

    /// The last record of a partition: where its writer goes on after a restart.
    ///
    /// # Errors
    /// [`LogError::Io`] when it cannot be read.
    fn last(&self, place: &Place) -> Result<Option<Received>, LogError>;
}
