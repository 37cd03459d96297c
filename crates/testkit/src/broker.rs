//! A broker in memory: topics that several writers append to, with the faults that a real one has.
//!
//! It stores whatever it is given, void records too, tells offsets late or never when told to, and shares partitions in
//! groups. Tests of seats, relays and publishers run on it in milliseconds; the same flows run on Apache Kafka elsewhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use claim_journal::PartitionId;
use claim_log::{
    Arrivals, Batch, Change, Headers, Inbox, Log, LogError, Membership, Outgoing, Outlet, Place, ReadLog,
    Receipt, Received, Records, Start, Stored, Tell, TellOffset, Unclear,
};

/// What becomes of what is appended to a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// It is appended and told.
    #[default]
    None,
    /// It is appended, and the answer waits until the fault is over.
    Held,
    /// It is appended, and nobody knows.
    Lost,
    /// It is not appended, and nobody knows.
    Dropped,
}

#[derive(Debug)]
struct Record {
    stamped_at_ms: i64,
    key: Option<Vec<u8>>,
    headers: Headers,
    value: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Topic {
    first: u64,
    /// What stands at each offset; none where a transaction ended.
    records: Vec<Option<Record>>,
    fault: Fault,
}

impl Topic {
    fn end(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    fn at(&self, offset: u64) -> Option<&Record> {
        self.records.get(usize::try_from(offset.checked_sub(self.first)?).ok()?)?.as_ref()
    }
}

#[derive(Debug, Default)]
struct Group {
    topics: Vec<String>,
    members: BTreeSet<u64>,
    changes: BTreeMap<u64, VecDeque<Change>>,
    owners: BTreeMap<Place, u64>,
    committed: BTreeMap<Place, u64>,
}

type Later = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    topics: BTreeMap<Place, Topic>,
    groups: BTreeMap<String, Group>,
    held: Vec<Later>,
    stuck: BTreeSet<Place>,
    now_ms: i64,
    members: u64,
    down: bool,
}

/// The broker. Clones are handles to the same one.
#[derive(Clone, Default)]
pub struct MemoryBroker {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl MemoryBroker {
    /// A broker with these topics, each with so many partitions, and a journal of `partitions`.
    #[must_use]
    pub fn new(partitions: u16, topics: &[(&str, u32)]) -> Self {
        let broker = Self::default();
        let mut state = broker.lock();
        for (topic, count) in topics {
            (0..*count).for_each(|it| drop(state.topics.insert(Place::new(*topic, it), Topic::default())));
        }
        let journal = (0..partitions).map(PartitionId::Number).chain([PartitionId::Program]);
        journal.for_each(|it| drop(state.topics.insert(Self::place(it), Topic::default())));
        drop(state);
        broker
    }

    /// Where a partition of the journal is.
    #[must_use]
    pub fn place(partition: PartitionId) -> Place {
        match partition {
            PartitionId::Number(number) => Place::new("journal", u32::from(number)),
            PartitionId::Program => Place::new("program", 0),
            PartitionId::Identity => Place::new("identity", 0),
        }
    }

    /// The time that records bear from now on, in milliseconds since 1970.
    pub fn set_time(&self, now_ms: i64) {
        self.lock().now_ms = now_ms;
    }

    /// The time that records bear.
    #[must_use]
    pub fn time_ms(&self) -> i64 {
        self.lock().now_ms
    }

    /// What becomes of what is appended to a place from now on. Whatever was held is told.
    pub fn fault(&self, place: &Place, fault: Fault) {
        let mut state = self.lock();
        state.topics.entry(place.clone()).or_default().fault = fault;
        let held = if fault == Fault::None { std::mem::take(&mut state.held) } else { Vec::new() };
        drop(state);
        held.into_iter().for_each(|tell| tell());
    }

    /// Whether nobody answers at all.
    pub fn set_down(&self, down: bool) {
        self.lock().down = down;
        self.shared.1.notify_all();
    }

    /// Whether a place is stuck: it takes records and tells where it ends, and nobody gets any record of it.
    pub fn set_stuck(&self, place: &Place, stuck: bool) {
        let mut state = self.lock();
        if stuck {
            state.stuck.insert(place.clone());
        } else {
            state.stuck.remove(place);
        }
        drop(state);
        self.shared.1.notify_all();
    }

    /// Appends as anybody may.
    pub fn publish(&self, place: &Place, key: Option<&str>, headers: Headers, value: Option<Vec<u8>>) -> u64 {
        let key = key.map(|it| it.as_bytes().to_vec());
        let mut state = self.lock();
        let offset = append(&mut state, place, key, headers, value);
        drop(state);
        self.shared.1.notify_all();
        offset
    }

    /// Ends a transaction: an offset that is taken and holds no record.
    pub fn end_transaction(&self, place: &Place) {
        self.lock().topics.entry(place.clone()).or_default().records.push(None);
        self.shared.1.notify_all();
    }

    /// Everything that stands in a place.
    #[must_use]
    pub fn read_all(&self, place: &Place) -> Vec<Received> {
        let state = self.lock();
        let Some(topic) = state.topics.get(place) else { return Vec::new() };
        (topic.first..topic.end()).filter_map(|offset| received(&state, place, offset)).collect()
    }

    /// Forgets everything behind `end`: an unclean election.
    pub fn truncate(&self, place: &Place, end: u64) {
        if let Some(topic) = self.lock().topics.get_mut(place) {
            topic.records.truncate(usize::try_from(end.saturating_sub(topic.first)).unwrap_or(usize::MAX));
        }
    }

    /// Forgets everything before `first`: retention.
    pub fn delete_before(&self, place: &Place, first: u64) {
        if let Some(topic) = self.lock().topics.get_mut(place) {
            let gone = usize::try_from(first.saturating_sub(topic.first)).unwrap_or(usize::MAX);
            let gone = gone.min(topic.records.len());
            topic.records.drain(..gone);
            topic.first += gone as u64;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends under the fault of the place; what to tell comes back as an offset or that nobody knows.
    fn put(&self, outgoing: Outgoing, tell: TellOffset) {
        let mut state = self.lock();
        let fault = state.topics.entry(outgoing.place.clone()).or_default().fault;
        let nobody_knows = || Unclear::Io("nobody knows".to_owned());
        if fault == Fault::Dropped || state.down {
            drop(state);
            tell(Err(nobody_knows()));
            return;
        }
        let Outgoing { place, key, headers, value } = outgoing;
        let offset = append(&mut state, &place, key, headers, Some(value));
        if fault == Fault::Held {
            state.held.push(Box::new(move || tell(Ok(offset))));
            drop(state);
        } else {
            drop(state);
            tell(if fault == Fault::Lost { Err(nobody_knows()) } else { Ok(offset) });
        }
        self.shared.1.notify_all();
    }
}

fn append(
    state: &mut State,
    place: &Place,
    key: Option<Vec<u8>>,
    headers: Headers,
    value: Option<Vec<u8>>,
) -> u64 {
    let stamped_at_ms = state.now_ms;
    let topic = state.topics.entry(place.clone()).or_default();
    let offset = topic.end();
    topic.records.push(Some(Record { stamped_at_ms, key, headers, value }));
    offset
}

fn received(state: &State, place: &Place, offset: u64) -> Option<Received> {
    let Record { stamped_at_ms, key, headers, value } = state.topics.get(place)?.at(offset)?;
    Some(Received {
        place: place.clone(),
        offset,
        stamped_at_ms: *stamped_at_ms,
        key: key.clone(),
        headers: headers.clone(),
        value: value.clone(),
    })
}

fn unreachable(doing: &str) -> LogError {
    LogError::Io { doing: doing.to_owned(), source: io::Error::other("the broker is down") }
}

impl Log for MemoryBroker {
    fn append(&self, batch: Batch, tell: Tell) {
        let place = Self::place(batch.partition);
        let count = batch.lines.len();
        let told = Arc::new(Mutex::new((Vec::new(), Some(tell))));
        for line in batch.lines {
            let mut line = line.into_bytes();
            line.pop();
            let told = Arc::clone(&told);
            let tell: TellOffset = Box::new(move |offset| {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                told.0.push(offset);
                if told.0.len() == count
                    && let Some(tell) = told.1.take()
                {
                    let offsets: Result<Vec<u64>, Unclear> =
                        std::mem::take(&mut told.0).into_iter().collect();
                    tell(match offsets {
                        Ok(offsets) => Receipt::Appended { offsets },
                        Err(unclear) => Receipt::Unclear(unclear),
                    });
                }
            });
            self.put(Outgoing { place: place.clone(), key: None, headers: Vec::new(), value: line }, tell);
        }
    }
}

impl ReadLog for MemoryBroker {
    fn read(&self, start: &Start) -> Result<Box<dyn Records>, LogError> {
        let state = self.lock();
        if state.down {
            return Err(unreachable("reading the journal"));
        }
        let numbered = (0..u16::MAX).map(PartitionId::Number);
        let numbered = numbered.take_while(|it| state.topics.contains_key(&Self::place(*it)));
        let mut next = BTreeMap::new();
        for partition in numbered.chain([PartitionId::Program, PartitionId::Identity]) {
            let (Some(offset), Some(topic)) =
                (start.of(partition), state.topics.get(&Self::place(partition)))
            else {
                continue;
            };
            if offset > topic.end() || offset < topic.first {
                return Err(LogError::BeyondEnd { offset, end: topic.end() });
            }
            next.insert(partition, offset);
        }
        drop(state);
        Ok(Box::new(Lines { broker: self.clone(), next }))
    }

    fn record(&self, partition: PartitionId, offset: u64) -> Result<Vec<u8>, LogError> {
        let state = self.lock();
        if state.down {
            return Err(unreachable("reading a record"));
        }
        let found = received(&state, &Self::place(partition), offset).and_then(|it| it.value);
        found.ok_or(LogError::NoRecord { partition, offset })
    }
}

struct Lines {
    broker: MemoryBroker,
    next: BTreeMap<PartitionId, u64>,
}

impl Records for Lines {
    fn next(&mut self) -> Result<Option<Stored>, LogError> {
        let state = self.broker.lock();
        if state.down {
            return Err(unreachable("reading the journal"));
        }
        for (&partition, next) in &mut self.next {
            let place = MemoryBroker::place(partition);
            let end = state.topics.get(&place).map_or(0, Topic::end);
            if *next > end {
                return Err(LogError::BeyondEnd { offset: *next, end });
            }
            while *next < end {
                let offset = *next;
                *next += 1;
                if let Some(it) = received(&state, &place, offset) {
                    let line = it.value.unwrap_or_default();
                    return Ok(Some(Stored { partition, offset, line, next: offset + 1 }));
                }
            }
        }
        Ok(None)
    }
}

impl Inbox for MemoryBroker {
    fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        let count = self.lock().topics.keys().filter(|it| &*it.topic == topic).count();
        u32::try_from(count).map_err(|_| unreachable("counting partitions"))
    }

    fn range(&self, place: &Place) -> Result<(u64, u64), LogError> {
        let state = self.lock();
        if state.down {
            return Err(unreachable("asking for offsets"));
        }
        Ok(state.topics.get(place).map_or((0, 0), |it| (it.first, it.end())))
    }

    fn read(&self, from: &BTreeMap<Place, u64>) -> Result<Box<dyn Arrivals>, LogError> {
        Ok(Box::new(Reading { broker: self.clone(), next: from.clone() }))
    }

    fn join(&self, group: &str, topics: &[String]) -> Result<Box<dyn Membership>, LogError> {
        let mut state = self.lock();
        if state.down {
            return Err(unreachable("joining a group"));
        }
        state.members += 1;
        let member = state.members;
        let joined = state.groups.entry(group.to_owned()).or_default();
        topics.clone_into(&mut joined.topics);
        joined.members.insert(member);
        rebalance(&mut state, group);
        drop(state);
        self.shared.1.notify_all();
        Ok(Box::new(Member { broker: self.clone(), group: group.to_owned(), member }))
    }
}

/// Shares the partitions evenly and tells every member what changed.
fn rebalance(state: &mut State, group: &str) {
    let Some(joined) = state.groups.get_mut(group) else { return };
    let members: Vec<u64> = joined.members.iter().copied().collect();
    let places = state.topics.keys().filter(|it| joined.topics.iter().any(|topic| **topic == *it.topic));
    for (index, place) in places.enumerate() {
        let owner = if members.is_empty() { None } else { Some(members[index % members.len()]) };
        let before = joined.owners.get(place).copied();
        if owner == before {
            continue;
        }
        let mut tell =
            |member: u64, change: Change| joined.changes.entry(member).or_default().push_back(change);
        if let Some(before) = before {
            tell(before, Change::Lost(vec![place.clone()]));
        }
        match owner {
            Some(owner) => {
                tell(owner, Change::Gained(vec![place.clone()]));
                joined.owners.insert(place.clone(), owner);
            }
            None => drop(joined.owners.remove(place)),
        }
    }
}

struct Reading {
    broker: MemoryBroker,
    next: BTreeMap<Place, u64>,
}

impl Arrivals for Reading {
    fn next(&mut self, wait: Duration) -> Result<Option<Received>, LogError> {
        let until = Instant::now() + wait;
        let (_, condvar) = &*self.broker.shared;
        let mut state = self.broker.lock();
        loop {
            if state.down {
                return Err(unreachable("reading a topic"));
            }
            for (place, next) in &mut self.next {
                let (first, end) = state.topics.get(place).map_or((0, 0), |it| (it.first, it.end()));
                if *next < first || *next > end {
                    return Err(LogError::BeyondEnd { offset: *next, end });
                }
                while !state.stuck.contains(place) && *next < end {
                    *next += 1;
                    if let Some(found) = received(&state, place, *next - 1) {
                        return Ok(Some(found));
                    }
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            state = condvar.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn reached(&self, place: &Place) -> Option<u64> {
        self.next.get(place).copied()
    }
}

struct Member {
    broker: MemoryBroker,
    group: String,
    member: u64,
}

impl Membership for Member {
    fn poll(&mut self, wait: Duration) -> Result<Option<Change>, LogError> {
        let until = Instant::now() + wait;
        let (_, condvar) = &*self.broker.shared;
        let mut state = self.broker.lock();
        loop {
            let changes = state.groups.get_mut(&self.group).and_then(|it| it.changes.get_mut(&self.member));
            if let Some(change) = changes.and_then(VecDeque::pop_front) {
                return Ok(Some(change));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            state = condvar.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn commit(&mut self, place: &Place, next: u64) -> Result<(), LogError> {
        let mut state = self.broker.lock();
        if state.down {
            return Err(unreachable("committing"));
        }
        if let Some(group) = state.groups.get_mut(&self.group) {
            group.committed.insert(place.clone(), next);
        }
        Ok(())
    }

    fn committed(&mut self, place: &Place) -> Result<Option<u64>, LogError> {
        Ok(self.broker.lock().groups.get(&self.group).and_then(|it| it.committed.get(place).copied()))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.broker.lock();
        if let Some(group) = state.groups.get_mut(&self.group) {
            group.members.remove(&self.member);
        }
        rebalance(&mut state, &self.group);
        drop(state);
        self.broker.shared.1.notify_all();
    }
}

impl Outlet for MemoryBroker {
    fn send(&self, record: Outgoing, tell: TellOffset) {
        self.put(record, tell);
    }

    fn renew(&self) {}

    fn last(&self, place: &Place) -> Result<Option<Received>, LogError> {
        let state = self.lock();
        let (first, end) = state.topics.get(place).map_or((0, 0), |it| (it.first, it.end()));
        Ok((first..end).rev().find_map(|offset| received(&state, place, offset)))
    }
}
