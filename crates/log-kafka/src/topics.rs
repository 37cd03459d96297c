//! The topics around the journal: what comes in, and what goes out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use claim_log::{
    Arrivals, Inbox, LogError, Membership, Outgoing, Outlet, Place, Received, TellOffset, Unclear,
};
use rdkafka::message::{BorrowedMessage, Headers as _, Message};

use crate::asking::Asking;
use crate::connection::{Connection, Isolation};
use crate::courier::{Courier, Parcel};
use crate::error::failed;
use crate::fetch::{Fetch, Missing, Stopped};
use crate::group::Member;
use crate::teller::Teller;

/// The topics of a cluster as inboxes and outlets.
pub struct KafkaTopics {
    connection: Connection,
    asking: Arc<Asking>,
    teller: Teller,
    courier: Mutex<Option<Courier>>,
}

impl KafkaTopics {
    /// Ready to ask, read, join and send. No broker is asked yet.
    ///
    /// # Errors
    /// [`LogError::Io`] when the connection's properties make no client.
    pub fn open(connection: &Connection) -> Result<Arc<Self>, LogError> {
        let asking = Asking::new(connection)?;
        let teller = Teller::start().map_err(|fault| failed("starting a thread", &fault.to_string()))?;
        let courier = Mutex::new(None);
        Ok(Arc::new(Self { connection: connection.clone(), asking, teller, courier }))
    }
}

impl Inbox for KafkaTopics {
    fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        self.asking.count(topic)
    }

    fn range(&self, place: &Place) -> Result<(u64, u64), LogError> {
        self.asking.range(place)
    }

    fn ends(&self, places: &[Place]) -> Result<Vec<u64>, LogError> {
        self.asking.ends(places)
    }

    fn read(&self, from: &BTreeMap<Place, u64>) -> Result<Box<dyn Arrivals>, LogError> {
        Ok(Box::new(Arriving(Fetch::begin(&self.connection, &self.asking, Isolation::Committed, from)?)))
    }

    fn join(&self, group: &str, topics: &[String]) -> Result<Box<dyn Membership>, LogError> {
        Ok(Box::new(Member::join(&self.connection, group, topics)?))
    }
}

/// Records on their way in.
struct Arriving(Fetch);

impl Arrivals for Arriving {
    fn next(&mut self, wait: Duration) -> Result<Option<Received>, LogError> {
        let mut left = wait;
        let mut began = None;
        loop {
            let received = self.0.poll(left, |_, place, offset, it| received(place, offset, it));
            let received = received.map_err(|stopped| self.stopped(stopped))?;
            if received.is_some() || left.is_zero() {
                return Ok(received);
            }
            // The end was reached, which is no reason not to wait for more.
            left = wait.saturating_sub(began.get_or_insert_with(Instant::now).elapsed());
        }
    }

    fn reached(&self, place: &Place) -> Option<u64> {
        self.0.reached(place)
    }
}

impl Arriving {
    fn stopped(&self, stopped: Stopped) -> LogError {
        match stopped {
            Stopped::Failed(fault) => fault,
            Stopped::OutOfRange => match self.0.missing() {
                Ok(Some(Missing::Beyond { offset, end } | Missing::Deleted { offset, end, .. })) => {
                    LogError::BeyondEnd { offset, end }
                }
                Ok(None) => failed("reading", "an offset that is there was said not to be"),
                Err(fault) => fault,
            },
        }
    }
}

fn received(place: &Place, offset: u64, message: &BorrowedMessage<'_>) -> Received {
    let headers = message.headers().into_iter().flat_map(|all| all.iter());
    let headers = headers.map(|it| (it.key.to_owned(), it.value.unwrap_or_default().to_vec()));
    Received {
        place: place.clone(),
        offset,
        stamped_at_ms: message.timestamp().to_millis().unwrap_or_default(),
        key: message.key().map(<[u8]>::to_vec),
        headers: headers.collect(),
        value: message.payload().map(<[u8]>::to_vec),
    }
}

impl Outlet for KafkaTopics {
    fn send(&self, record: Outgoing, tell: TellOffset) {
        self.send_all(vec![record], tell);
    }

    fn send_all(&self, records: Vec<Outgoing>, tell: TellOffset) {
        let Some(place) = records.first().map(|it| &it.place) else { return };
        let tell = Box::new(move |fate: Result<Vec<u64>, Unclear>| {
            let nothing = || Unclear::Io("the acknowledgement names no offset".to_owned());
            tell(fate.and_then(|offsets| offsets.last().copied().ok_or_else(nothing)));
        });
        let mut courier = self.courier.lock().unwrap_or_else(PoisonError::into_inner);
        if courier.is_none() {
            match Courier::new(&self.connection, &self.teller) {
                Ok(new) => *courier = Some(new),
                Err(fault) => return self.teller.tell(tell, Err(Unclear::Io(fault.to_string()))),
            }
        }
        if let Some(courier) = &*courier {
            let parcels = records.iter();
            let parcels =
                parcels.map(|it| Parcel { key: it.key.as_deref(), headers: &it.headers, value: &it.value });
            courier.send(place, &parcels.collect::<Vec<_>>(), tell);
        }
    }

    fn renew(&self) {
        let old = self.courier.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(old) = old {
            old.dismiss(&Unclear::Io("its producer was given up for a new one".to_owned()));
        }
    }

    fn last(&self, place: &Place) -> Result<Option<Received>, LogError> {
        let (begin, end) = self.range(place)?;
        let mut from = end;
        // Not every offset has a record: what writers with transactions leave behind has none.
        for back in (0..u64::BITS / 4).map(|it| 1 << (4 * it)) {
            if from == begin {
                break;
            }
            from = end.saturating_sub(back).max(begin);
            if let Some(last) = self.last_from(place, from)? {
                return Ok(Some(last));
            }
        }
        Ok(None)
    }
}

impl KafkaTopics {
    fn last_from(&self, place: &Place, from: u64) -> Result<Option<Received>, LogError> {
        let start = BTreeMap::from([(place.clone(), from)]);
        let mut fetch = Fetch::begin(&self.connection, &self.asking, Isolation::All, &start)?;
        let mut last = None;
        let began = Instant::now();
        while !fetch.at_end() {
            let left = self.connection.patience.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(failed(format!("reading the end of {place}"), "no broker gave the records"));
            }
            let found = fetch.poll(left, |_, place, offset, it| received(place, offset, it));
            let found = found.map_err(|stopped| match stopped {
                Stopped::Failed(fault) => fault,
                Stopped::OutOfRange => {
                    failed(format!("reading the end of {place}"), "it was deleted meanwhile")
                }
            })?;
            last = found.or(last);
        }
        Ok(last)
    }
}

impl Drop for KafkaTopics {
    fn drop(&mut self) {
        let courier = self.courier.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(courier) = courier {
            courier.dismiss(&Unclear::Closed);
        }
    }
}
