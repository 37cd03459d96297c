//! What is published, in which order, and from where (CONTRACT §4, DESIGN §6).

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use claim_domain::claim::{Deadline, DeadlineKind};
use claim_domain::event::{CustomerConsentExpired, EngagementRetired, Event, LocationSuspended};
use claim_domain::ids::{ClaimId, CustomerId};
use claim_domain::time::Instant;
use claim_domain::version::V;
use claim_journal::{
    Cause, Chain, Cursor, Decision, JournalId, Kind, LeaderId, Offsets, PartitionId, Pen, Position, Ruling,
    Settings, canonical,
};
use claim_log::{LogError, ReadLog, Records, Start, Stored};
use claim_publisher::{CloudEvent, Events, PublishError};
use serde_json::json;
use uuid::Uuid;

/// Lines in memory that grow while they are read.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Stored>>>);

struct Reading(Lines, usize);

impl ReadLog for Lines {
    fn read(&self, _: &Start) -> Result<Box<dyn Records>, LogError> {
        Ok(Box::new(Reading(self.clone(), 0)))
    }

    fn record(&self, partition: PartitionId, offset: u64) -> Result<Vec<u8>, LogError> {
        Err(LogError::NoRecord { partition, offset })
    }
}

impl Records for Reading {
    fn next(&mut self) -> Result<Option<Stored>, LogError> {
        let next = self.0.0.lock().unwrap().get(self.1).cloned();
        self.1 += usize::from(next.is_some());
        Ok(next)
    }
}

struct Writer {
    lines: Lines,
    pens: BTreeMap<PartitionId, Pen>,
}

const JOURNAL: JournalId = JournalId(Uuid::from_u128(77));
const ONE: PartitionId = PartitionId::Number(1);
const TWO: PartitionId = PartitionId::Number(2);

impl Writer {
    fn new() -> Self {
        let mut it = Self { lines: Lines::default(), pens: BTreeMap::new() };
        let settings = Settings { slots: 4096, partitions: 4, simulated: false };
        for (nth, partition) in [ONE, TWO, PartitionId::Program].into_iter().enumerate() {
            let chain = Chain::new(partition, Offsets::Positions);
            let mut pen = Pen::new(&chain, JOURNAL, LeaderId(Uuid::from_u128(nth as u128)));
            let line = pen.lead("1.0.0", 1, Some(&settings)).unwrap();
            it.push(partition, line.into_bytes());
            it.pens.insert(partition, pen);
        }
        it
    }

    fn push(&self, partition: PartitionId, mut line: Vec<u8>) {
        line.pop();
        let mut lines = self.lines.0.lock().unwrap();
        let offset = lines.last().map_or(0, |it| it.next);
        lines.push(Stored { partition, offset, next: offset + line.len() as u64 + 1, line });
    }

    /// Writes a decision with these events.
    fn decide(
        &mut self,
        partition: PartitionId,
        customer: Option<CustomerId>,
        events: Vec<Event>,
    ) -> Position {
        let deadline = Deadline { due_at: at(), claim: ClaimId::NIL, kind: DeadlineKind::Consent };
        let decision = Decision {
            cause: Cause::Deadline(deadline),
            customer,
            judged_at: at(),
            imported: true,
            late: false,
            program: None,
            outcome: Ruling::Accepted(events),
        };
        self.write(partition, &canonical::to_string(&decision).unwrap())
    }

    fn write(&mut self, partition: PartitionId, body: &str) -> Position {
        let pen = self.pens.get_mut(&partition).unwrap();
        let line = pen.write(Kind::Decision, 1, body, 0).unwrap();
        let sequence = pen.sequence();
        self.push(partition, line.into_bytes());
        Position { partition, sequence }
    }

    fn read(&self, from: &Cursor) -> Events {
        Events::read(&self.lines, Offsets::Positions, from.clone()).unwrap()
    }

    fn all(&self, from: &Cursor) -> Vec<CloudEvent<'static>> {
        let mut events = self.read(from);
        std::iter::from_fn(|| events.next().unwrap()).collect()
    }
}

fn at() -> Instant {
    "2026-02-03T04:05:06.007Z".parse().unwrap()
}

fn expired(nth: u32) -> Event {
    let claim = format!("c00a-{nth:020x}").parse().unwrap();
    CustomerConsentExpired { version: V, claim, due_at: at() }.into()
}

fn retired() -> Event {
    EngagementRetired { version: V, engagement: "e-1".parse().unwrap() }.into()
}

fn ids<'a>(events: &'a [CloudEvent<'_>]) -> Vec<&'a str> {
    events.iter().map(|it| it.id.as_str()).collect()
}

fn texts(events: &[CloudEvent<'_>]) -> Vec<String> {
    events.iter().map(|it| serde_json::to_string(it).unwrap()).collect()
}

/// Five events in four decisions, one of which has none.
fn sample() -> Writer {
    let mut writer = Writer::new();
    writer.decide(PartitionId::Program, None, vec![retired()]);
    writer.decide(TWO, None, vec![expired(1), expired(2)]);
    writer.decide(ONE, None, vec![]);
    writer.decide(ONE, None, vec![expired(3)]);
    writer.decide(TWO, None, vec![expired(4)]);
    writer
}

#[test] // CloudEvents 1.0, DESIGN §6: id = position + index
fn an_event_is_a_cloud_event() {
    let events = sample().all(&Cursor::default());
    assert_eq!(
        serde_json::to_value(&events[2]).unwrap(),
        json!({
            "specversion": "1.0",
            "id": "2/1/1",
            "source": format!("/claimlog/{JOURNAL}"),
            "type": "claimlog.CustomerConsentExpired",
            "subject": "c00a-00000000000000000002",
            "time": "2026-02-03T04:05:06.007Z",
            "datacontenttype": "application/json",
            "partition": "2",
            "sequence": "00000000000000000001",
            "cursor": "c_2-1_program-1",
            "imported": true,
            "data": {"type": "CustomerConsentExpired", "version": 1, "claim": "c00a-00000000000000000002",
                "due_at": "2026-02-03T04:05:06.007Z"},
        })
    );
    for event in events {
        let json = serde_json::to_string(&event).unwrap();
        let read: CloudEvent<'_> = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        // CloudEvents: names of attributes are lower-case letters and digits.
        let names: BTreeMap<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
        assert!(names.keys().all(|it| it.bytes().all(|b| b.is_ascii_lowercase())));
    }
}

#[test]
fn the_subject_is_what_the_event_is_about() {
    let mut writer = Writer::new();
    let customer = CustomerId(Uuid::from_u128(5));
    let suspended = LocationSuspended {
        version: V,
        partner: "p-contoso".parse().unwrap(),
        location: "loc-1".parse().unwrap(),
    };
    writer.decide(PartitionId::Program, None, vec![retired(), suspended.into()]);
    let facts = json!({"type": "CustomerFactsRecorded", "version": 1, "identifier": {"id_type": "tpid", "value": "1"},
        "values": {}, "observed_at": at(), "source": "crm"});
    writer.decide(ONE, Some(customer), vec![serde_json::from_value(facts).unwrap(), expired(1)]);
    let events = writer.all(&Cursor::default());
    let subjects: Vec<_> = events.iter().map(|it| it.subject.clone().unwrap()).collect();
    let expected = ["e-1", "p-contoso/loc-1", &customer.to_string(), "c00a-00000000000000000001"];
    assert_eq!(subjects, expected);
}

#[test] // CONTRACT §4: events --from CURSOR
fn reading_goes_on_from_any_event_without_loss_and_repeats_at_most_its_decision() {
    let writer = sample();
    let all = writer.all(&Cursor::default());
    assert_eq!(ids(&all), ["program/1/0", "2/1/0", "2/1/1", "1/2/0", "2/2/0"]);
    let rests = [
        vec!["2/1/0", "2/1/1", "1/2/0", "2/2/0"],
        // Not the last of its decision, which comes whole again.
        vec!["2/1/0", "2/1/1", "1/2/0", "2/2/0"],
        vec!["1/2/0", "2/2/0"],
        vec!["2/2/0"],
        vec![],
    ];
    for (event, expected) in all.iter().zip(rests) {
        let rest = writer.all(&event.cursor);
        assert_eq!(ids(&rest), expected, "{}", event.id);
        let same = "the same events with the same cursors";
        assert_eq!(texts(&rest), texts(&all[all.len() - rest.len()..]), "{same}");
    }
}

#[test] // CONTRACT §4: --follow
fn asking_again_at_the_end_goes_on() {
    let mut writer = sample();
    let mut events = writer.read(&writer.all(&Cursor::default())[4].cursor);
    assert!(events.next().unwrap().is_none());
    writer.decide(ONE, None, vec![]);
    assert!(events.next().unwrap().is_none());
    assert_eq!(events.cursor().of(ONE), 3, "decisions without events count too");
    let position = writer.decide(ONE, None, vec![expired(9)]);
    let event = events.next().unwrap().unwrap();
    assert_eq!((event.id.as_str(), event.cursor.of(ONE)), ("1/4/0", position.sequence));
    assert!(events.next().unwrap().is_none());
}

#[test] // I-26: nothing void is visible
fn what_is_void_is_not_published() {
    let writer = sample();
    let count = writer.all(&Cursor::default()).len();
    let again = writer.lines.0.lock().unwrap().last().unwrap().line.clone();
    writer.push(TWO, [&again[..], b"\n"].concat());
    writer.push(TWO, b"not a record\n".to_vec());
    assert_eq!(writer.all(&Cursor::default()).len(), count);
}

#[test] // F-81
fn an_unknown_event_stops_the_reader_with_its_position() {
    let mut writer = sample();
    let last = writer.lines.0.lock().unwrap().last().unwrap().line.clone();
    let body =
        claim_journal::Record::parse(&last).unwrap().body().replace("CustomerConsentExpired", "Unheard");
    let position = writer.write(TWO, &body);
    let mut events = writer.read(&Cursor::default());
    for _ in 0..5 {
        events.next().unwrap().unwrap();
    }
    match events.next() {
        Err(PublishError::Unreadable { position: found, .. }) => assert_eq!(found, position),
        other => panic!("{other:?}"),
    }
}

#[test] // DESIGN §5: a halt stops every reader
fn a_halt_stops_the_reader() {
    let writer = sample();
    let mut other = Writer::new();
    other.decide(PartitionId::Program, None, vec![]);
    other.decide(PartitionId::Program, None, vec![retired()]);
    let line = other.lines.0.lock().unwrap().last().unwrap().line.clone();
    writer.push(PartitionId::Program, [&line[..], b"\n"].concat());
    let mut events = writer.read(&Cursor::default());
    let halted = std::iter::from_fn(|| Some(events.next())).find_map(Result::err).unwrap();
    assert!(matches!(halted, PublishError::Halted { partition: PartitionId::Program, .. }), "{halted}");
}

#[test] // F-09: a cursor of what is gone
fn a_cursor_beyond_the_end_is_told() {
    let writer = sample();
    let mut beyond = Cursor::default();
    let seen = Position { partition: ONE, sequence: 7 };
    beyond.see(seen);
    let mut events = writer.read(&beyond);
    let told = std::iter::from_fn(|| Some(events.next())).find_map(Result::err).unwrap();
    assert!(matches!(told, PublishError::BeyondEnd { seen: found, end: 2 } if found == seen), "{told}");
}
