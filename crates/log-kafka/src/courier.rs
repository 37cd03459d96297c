//! A producer with all that it has on its way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use claim_log::{Headers, Place, Unclear};
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig};

use crate::connection::Connection;
use crate::heard::Heard;
use crate::lane::Lane;
use crate::teller::{TellFate, Teller};

/// How long to wait when the producer has too much on its way.
const PAUSE: Duration = Duration::from_millis(1);

/// How long one wait for delivery reports lasts; longer only delays the end of a producer that was let go. The client spins
/// through the last millisecond of each, so its own thread, which waits a tenth as long, costs ten times as much.
const REPORTS: Duration = Duration::from_secs(1);

/// How long a new producer may look for the brokers before it is used anyway.
const ACQUAINTANCE: Duration = Duration::from_secs(5);

/// A record on its way out, borrowed.
pub(crate) struct Parcel<'a> {
    /// The key, if it has one.
    pub(crate) key: Option<&'a [u8]>,
    /// The headers.
    pub(crate) headers: &'a Headers,
    /// The value.
    pub(crate) value: &'a [u8],
}

/// One producer. What goes to a partition arrives in order or ends the partition's lane; a lane does not go on.
pub(crate) struct Courier {
    producer: Arc<BaseProducer<Deliveries>>,
    /// Held while an append is handed over, so that records stand in the order of their numbers.
    sending: Mutex<()>,
}

impl Courier {
    /// A new producer.
    pub(crate) fn new(connection: &Connection, teller: &Teller) -> KafkaResult<Self> {
        let deliveries = Deliveries {
            lanes: Mutex::default(),
            teller: teller.clone(),
            heard: Heard::of(connection),
            fatal: AtomicBool::new(false),
        };
        let producer = BaseProducer::from_config_and_context(&connection.producer(), deliveries)?;
        let producer = Arc::new(producer);
        take_reports(&producer)?;
        Ok(Self { producer, sending: Mutex::new(()) })
    }

    /// Lets it find the brokers of a topic, so that its first record goes out at once.
    pub(crate) fn acquaint(&self, topic: &str) {
        if let Err(fault) = self.producer.client().fetch_metadata(Some(topic), ACQUAINTANCE) {
            tracing::debug!(%fault, topic, "a new producer did not find its topic yet");
        }
    }

    /// Sends records to a partition, as one append.
    pub(crate) fn send(&self, place: &Place, parcels: &[Parcel<'_>], tell: TellFate) {
        let _sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        let deliveries = self.producer.context();
        let Some(first) = deliveries.expect(place, parcels.len(), tell) else { return };
        for (number, parcel) in (first..).zip(parcels) {
            if let Err(fault) = self.hand_over(place, parcel, number) {
                deliveries.end(place, &deliveries.heard.why(&format!("writing to {}", place.topic), &fault));
                return;
            }
        }
    }

    fn hand_over(&self, place: &Place, parcel: &Parcel<'_>, number: usize) -> KafkaResult<()> {
        let partition = i32::try_from(place.partition)
            .map_err(|_| KafkaError::MessageProduction(RDKafkaErrorCode::UnknownPartition))?;
        let mut record: BaseRecord<'_, [u8], [u8], usize> =
            BaseRecord::with_opaque_to(&place.topic, number).partition(partition).payload(parcel.value);
        record.key = parcel.key;
        if !parcel.headers.is_empty() {
            record = record.headers(headers(parcel.headers));
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if !self.producer.context().has_ended(place) =>
                {
                    record = back;
                    thread::sleep(PAUSE);
                }
                Err((fault, _)) => return Err(fault),
            }
        }
    }

    /// Lets it go: what is on its way is unclear, and what was not sent yet will not be.
    pub(crate) fn dismiss(self, why: &Unclear) {
        self.producer.context().end_all(why);
        self.producer.purge(PurgeConfig::default().queue().inflight());
    }
}

/// Takes the delivery reports of a producer on a thread of its own, which drops it once nobody else has it.
fn take_reports(producer: &Arc<BaseProducer<Deliveries>>) -> KafkaResult<()> {
    let producer = Arc::downgrade(producer);
    let take = move || {
        while let Some(producer) = producer.upgrade() {
            producer.poll(REPORTS);
        }
    };
    let thread = thread::Builder::new().name("kafka-reports".to_owned()).spawn(take);
    thread.map(drop).map_err(|error| KafkaError::ClientCreation(format!("no thread for a producer: {error}")))
}

fn headers(headers: &Headers) -> OwnedHeaders {
    let empty = OwnedHeaders::new_with_capacity(headers.len());
    headers.iter().fold(empty, |out, (key, value)| out.insert(Header { key, value: Some(value) }))
}

/// Takes delivery reports, on the producer's own thread.
struct Deliveries {
    lanes: Mutex<Vec<Lane>>,
    teller: Teller,
    heard: Heard,
    /// Set once the producer sends nothing more, whatever it still holds.
    fatal: AtomicBool,
}

impl Deliveries {
    fn lanes(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, place: &Place, records: usize, tell: TellFate) -> Option<usize> {
        let mut lanes = self.lanes();
        if let Some(lane) = lanes.iter_mut().find(|it| it.place == *place) {
            return lane.expect(records, tell, &self.teller);
        }
        let mut lane = Lane::new(place.clone());
        let first = lane.expect(records, tell, &self.teller);
        lanes.push(lane);
        first
    }

    fn has_ended(&self, place: &Place) -> bool {
        self.lanes().iter().any(|it| it.place == *place && it.has_ended())
    }

    fn end(&self, place: &Place, why: &str) {
        for lane in self.lanes().iter_mut().filter(|it| it.place == *place) {
            lane.end(Unclear::Io(why.to_owned()), &self.teller);
        }
    }

    fn end_all(&self, why: &Unclear) {
        self.lanes().iter_mut().for_each(|lane| lane.end(why.clone(), &self.teller));
    }

    /// Ends every partition for a failure that is the producer's.
    fn end_for(&self, fault: &KafkaError) {
        for lane in self.lanes().iter_mut() {
            let why = self.heard.why(&format!("writing to {}", lane.place.topic), fault);
            lane.end(Unclear::Io(why), &self.teller);
        }
    }

    /// Once one partition's failure is the producer's, ends the others for the same reason: what they have on their way would
    /// only be told when its time is over.
    fn share_the_end(&self) {
        let why =
            if self.fatal.load(Ordering::Acquire) { self.lanes().iter().find_map(Lane::ended) } else { None };
        if let Some(why) = why {
            self.end_all(&why);
        }
    }
}

/// Whether it is the producer's own failure, which it says once.
fn is_fatal(fault: &KafkaError) -> bool {
    fault.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal)
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, report: &DeliveryResult<'_>, number: usize) {
        let (message, offset) = match report {
            Ok(message) => {
                let offset = u64::try_from(message.offset());
                (message, offset.map_err(|_| Unclear::Io("the acknowledgement names no offset".to_owned())))
            }
            // It may come before the client has said why; that ends every partition.
            Err((fault, _)) if is_fatal(fault) && !self.fatal.load(Ordering::Acquire) => return,
            Err((fault, message)) => {
                let why = self.heard.why(&format!("writing to {}", message.topic()), fault);
                (message, Err(Unclear::Io(why)))
            }
        };
        let (topic, partition) = (message.topic(), u32::try_from(message.partition()).ok());
        let mut lanes = self.lanes();
        let lane =
            lanes.iter_mut().find(|it| Some(it.place.partition) == partition && *it.place.topic == *topic);
        if let Some(lane) = lane {
            lane.report(number, offset, &self.teller);
        }
        drop(lanes);
        self.share_the_end();
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Heard::line(level, facility, message);
    }

    fn error(&self, fault: KafkaError, reason: &str) {
        self.heard.complaint(&fault, reason);
        if is_fatal(&fault) {
            self.fatal.store(true, Ordering::Release);
            self.end_for(&fault);
        }
    }
}
