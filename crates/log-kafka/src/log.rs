//! The journal on Kafka.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use claim_journal::{Kind, Line, PartitionId};
use claim_log::{Batch, Log, LogError, Place, ReadLog, Receipt, Records, Start, Tell, Unclear};
use rdkafka::message::Message;

use crate::asking::Asking;
use crate::connection::{Connection, Isolation};
use crate::courier::{Courier, Parcel};
use crate::error::failed;
use crate::fetch::{Fetch, Stopped};
use crate::names::Topics;
use crate::reading::Reading;
use crate::spare::Spare;
use crate::teller::Teller;

/// The journal, the program and the identities, each in a topic.
///
/// Which of the records count the chain says: an append is never fenced here, and one that was deposed still lands.
pub struct KafkaLog {
    connection: Connection,
    asking: Arc<Asking>,
    reigns: BTreeMap<PartitionId, Mutex<Reign>>,
    teller: Teller,
    spare: Spare,
}

/// Who carries what is appended to one partition.
struct Reign {
    place: Place,
    courier: Option<Courier>,
}

impl KafkaLog {
    /// Opens the journal of a cluster, whose topics must be there.
    ///
    /// # Errors
    /// [`LogError::Io`] when no broker answers or a topic does not exist.
    pub fn open(connection: &Connection) -> Result<Arc<Self>, LogError> {
        let topics = connection.topics();
        let asking = Asking::new(connection)?;
        let numbers = asking.count(&topics.journal())?;
        asking.count(&topics.program())?;
        asking.count(&topics.identity())?;
        let numbers = (0..u16::try_from(numbers).unwrap_or(u16::MAX)).map(PartitionId::Number);
        let all = numbers.chain([PartitionId::Program, PartitionId::Identity]);
        let reigns = all.map(|it| (it, Mutex::new(Reign::new(&topics, it)))).collect();
        let started = |fault: std::io::Error| failed("starting a thread", &fault.to_string());
        let teller = Teller::start().map_err(started)?;
        let spare = Spare::start(connection, topics.journal(), &teller).map_err(started)?;
        Ok(Arc::new(Self { connection: connection.clone(), asking, reigns, teller, spare }))
    }

    /// How many numbered partitions the journal has.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        let numbers = self.reigns.keys().filter(|it| matches!(it, PartitionId::Number(_))).count();
        u16::try_from(numbers).unwrap_or(u16::MAX)
    }

    /// Begins a partition anew without a lead, after an unclear receipt: for a partition without a chain (identities).
    /// What is still on its way may land, and is told unclear.
    pub fn renew(&self, partition: PartitionId) {
        if let Some(mut reign) = self.reign(partition) {
            reign.end(&superseded());
        }
    }

    fn reign(&self, partition: PartitionId) -> Option<MutexGuard<'_, Reign>> {
        let reign = self.reigns.get(&partition)?;
        Some(reign.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn place(&self, partition: PartitionId) -> Result<Place, LogError> {
        let doing = || format!("reading partition {partition}");
        let reign = self.reign(partition).ok_or_else(|| failed(doing(), "there is no such partition"))?;
        Ok(reign.place.clone())
    }
}

impl Reign {
    fn new(topics: &Topics, partition: PartitionId) -> Self {
        Self { place: topics.place(partition), courier: None }
    }

    fn end(&mut self, why: &Unclear) {
        if let Some(courier) = self.courier.take() {
            courier.dismiss(why);
        }
    }
}

fn superseded() -> Unclear {
    Unclear::Io("its producer was given up for a new one".to_owned())
}

fn begins_a_reign(batch: &Batch) -> bool {
    let first = batch.lines.first().map(|it| without_line_feed(it));
    first.and_then(|it| Line::parse(it).ok()).is_some_and(|it| it.envelope.kind == Kind::Lead)
}

fn without_line_feed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

impl Log for KafkaLog {
    fn append(&self, batch: Batch, tell: Tell) {
        let tell = Box::new(move |fate| {
            tell(match fate {
                Ok(offsets) => Receipt::Appended { offsets },
                Err(why) => Receipt::Unclear(why),
            });
        });
        let Some(mut reign) = self.reign(batch.partition) else {
            let why = format!("there is no partition {}", batch.partition);
            return self.teller.tell(tell, Err(Unclear::Io(why)));
        };
        if begins_a_reign(&batch) {
            reign.end(&superseded());
        }
        if reign.courier.is_none() {
            match self.spare.take() {
                Ok(courier) => reign.courier = Some(courier),
                Err(fault) => return self.teller.tell(tell, Err(Unclear::Io(fault.to_string()))),
            }
        }
        if let Some(courier) = &reign.courier {
            let headers = Vec::new();
            let lines = batch.lines.iter().map(|it| without_line_feed(it));
            let parcels: Vec<_> = lines.map(|value| Parcel { key: None, headers: &headers, value }).collect();
            courier.send(&reign.place, &parcels, tell);
        }
    }
}

impl ReadLog for KafkaLog {
    fn read(&self, start: &Start) -> Result<Box<dyn Records>, LogError> {
        let mut from = BTreeMap::new();
        for partition in self.reigns.keys() {
            if let Some(offset) = start.of(*partition) {
                from.insert(self.place(*partition)?, (*partition, offset));
            }
        }
        Ok(Box::new(Reading::begin(&self.connection, &self.asking, &from)?))
    }

    fn record(&self, partition: PartitionId, offset: u64) -> Result<Vec<u8>, LogError> {
        let place = self.place(partition)?;
        let from = BTreeMap::from([(place, offset)]);
        let mut fetch = Fetch::begin(&self.connection, &self.asking, Isolation::All, &from)?;
        let end = fetch.ends()?.first().copied().unwrap_or_default();
        let began = Instant::now();
        while offset < end && began.elapsed() < self.connection.patience {
            let left = self.connection.patience.saturating_sub(began.elapsed());
            let found = fetch.poll(left, |_, _, found, message| {
                (found == offset).then(|| message.payload().unwrap_or_default().to_vec())
            });
            match found {
                Ok(Some(Some(line))) => return Ok(line),
                Ok(Some(None)) | Err(Stopped::OutOfRange) => {
                    return Err(LogError::NoRecord { partition, offset });
                }
                Ok(None) => {}
                Err(Stopped::Failed(fault)) => return Err(fault),
            }
        }
        if offset < end {
            return Err(failed(format!("reading partition {partition}"), "no broker gave the record"));
        }
        Err(LogError::NoRecord { partition, offset })
    }
}

impl Drop for KafkaLog {
    fn drop(&mut self) {
        for reign in self.reigns.values() {
            reign.lock().unwrap_or_else(PoisonError::into_inner).end(&Unclear::Closed);
        }
    }
}
