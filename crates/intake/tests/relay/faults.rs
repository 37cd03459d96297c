//! Intake that fails in the middle begins anew, and nothing is lost or decided twice.

use std::collections::BTreeSet;
use std::path::Path;

use claim_intake::are_shared;
use claim_journal::Forwarded;
use claim_log::Place;
use claim_testkit::broker::Fault;
use serde_json::{Value, json};

use crate::room::{Room, until};

fn directory() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/sample/directory.json");
    std::fs::read_to_string(path).unwrap()
}

/// Facts about a customer: a command of the customer's own partition.
fn facts(number: u128) -> Vec<u8> {
    let id = uuid::Uuid::from_u128(number);
    let identifier = json!({"id_type": "tpid", "value": format!("{}", 1000 + number)});
    let body = json!({"identifier": identifier, "values": {"seats": 5}, "observed_at": "2026-01-01T00:00:00.000Z",
        "source": "crm"});
    let asker = json!({"kind": "service", "name": "crm"});
    json!({"id": id, "type": "RecordCustomerFacts", "version": 1, "asker": asker, "body": body})
        .to_string()
        .into_bytes()
}

fn told(room: &Room) -> Vec<String> {
    let all = room.outcomes().into_iter().map(|(_, it)| it["command_id"].as_str().unwrap().to_owned());
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

fn ids(numbers: impl Iterator<Item = u128>) -> Vec<String> {
    numbers.map(|it| uuid::Uuid::from_u128(it).to_string()).collect()
}

#[test] // DESIGN §4: any delivery error drops the producer and restarts from the committed offset
fn what_was_not_acknowledged_is_forwarded_again_and_decided_once() {
    let room = Room::new(&directory());
    room.broker.set_time(1_790_000_000_000);
    let engine = room.engine();
    let (intake, publisher) = (room.intake(false), room.publisher());
    (1..=20).for_each(|it| _ = room.send("inbox.portal", 0, Vec::new(), Some(&facts(it))));
    until("the first", || told(&room) == ids(1..=20));
    for (round, fault) in (0_u128..).zip([Fault::Lost, Fault::Dropped, Fault::Lost]) {
        let restarts = intake.status.lock().unwrap().restarts;
        for partition in 0..2 {
            room.broker.fault(&Place::new("commands", partition), fault);
        }
        let first = 100 + round * 100;
        (first..first + 20).for_each(|it| _ = room.send("inbox.portal", 0, Vec::new(), Some(&facts(it))));
        until("it began anew", || intake.status.lock().unwrap().restarts > restarts);
        for partition in 0..2 {
            room.broker.fault(&Place::new("commands", partition), Fault::None);
        }
        until("all of them", || told(&room).len() >= 20 * (round as usize + 2));
    }
    let all = told(&room);
    let once: BTreeSet<_> = all.iter().collect();
    assert_eq!((all.len(), once.len()), (80, 80), "each once");
    drop((intake, publisher));
    engine.close();
}

#[test] // DESIGN §4: the first record of an identifier wins
fn two_intakes_bind_one_identifier_to_one_customer() {
    let room = Room::new(&directory());
    room.broker.set_time(1_790_000_000_000);
    let engine = room.engine();
    let (first, second, publisher) = (room.intake(false), room.intake(false), room.publisher());
    until("both share", || [&first, &second].iter().all(|it| !it.status.lock().unwrap().inboxes.is_empty()));
    // The same identifiers by three inbox partitions, under other ids.
    for number in 1..=60_u128 {
        let same = String::from_utf8(facts(number % 10)).unwrap();
        let old = uuid::Uuid::from_u128(number % 10).to_string();
        let new = uuid::Uuid::from_u128(1000 + number).to_string();
        let value = same.replace(&old, &new);
        room.send("inbox.portal", 0, Vec::new(), Some(value.as_bytes()));
    }
    until("all told", || told(&room).len() == 60);
    let mut bound = room.values("identity", 0);
    bound.retain(|it| it["customer"].is_string());
    let identifiers: BTreeSet<_> = bound.iter().map(|it| it["value"].to_string()).collect();
    assert_eq!(
        (identifiers.len(), bound.len()),
        (10, 10),
        "bound once each, since one partition has one intake"
    );
    drop((first, second, publisher));
    engine.close();
}

#[test] // DESIGN §7: with more than one intake the keys are shared
fn an_intake_with_keys_of_its_own_is_refused() {
    let room = Room::new(&directory());
    let intake = room.intake(false);
    until("the keys are written down", || !room.values("identity", 0).is_empty());
    drop(intake);
    let refused = room.try_intake_with_other_keys();
    assert!(refused.contains("another key store"), "{refused}");
}

#[test] // DESIGN §7: whoever opens boxes or compares bodies needs the same keys
fn keys_are_compared_with_those_of_the_intakes_once_one_has_written_down_which_these_are() {
    let room = Room::new(&directory());
    let (own, identity) = (room.fingerprint(), Place::new("identity", 0));
    let look = |fingerprint: &str| are_shared(&room.broker, &identity, fingerprint);
    assert!(!look(&own).unwrap() && !look("another").unwrap(), "no intake has said yet");
    // What others wrote there before says nothing.
    room.broker.publish(&identity, None, Vec::new(), Some(b"{}".to_vec()));
    assert!(!look(&own).unwrap());
    let intake = room.intake(false);
    until("the keys are written down", || room.values("identity", 0).len() > 1);
    drop(intake);
    assert!(look(&own).unwrap());
    assert_eq!(look("another").unwrap_err().to_string(), room.try_intake_with_other_keys());
}

#[test] // DESIGN §4, "Time": a promise stands behind everything received before it
fn ticks_promise_no_more_than_was_forwarded() {
    let room = Room::new(&directory());
    room.broker.set_time(1_790_000_000_000);
    let intake = room.intake(false);
    room.send("inbox.portal", 0, Vec::new(), Some(&facts(1)));
    let forwarded = || -> Vec<Forwarded> {
        let places = (0..2).map(|it| Place::new("commands", it));
        let all = places.flat_map(|it| room.broker.read_all(&it));
        all.map(|it| Forwarded::from_json(it.value.as_deref().unwrap()).unwrap()).collect()
    };
    let newest = || {
        let ticks = forwarded().into_iter().filter_map(|it| match it {
            Forwarded::Tick(tick) => Some(tick),
            Forwarded::Command(_) => None,
        });
        ticks.map(|it| (it.w.as_ms(), it.of)).max()
    };
    // Drained: the newest record forwarded, until the clock is more than the margin beyond it.
    until("a tick", || newest() == Some((1_790_000_000_000, 3)));
    room.broker.set_time(1_790_000_200_000);
    until("a later one", || newest() == Some((1_790_000_140_000, 3)));
    drop(intake);
}

#[test] // DESIGN §4, "Program": a program command is a barrier within its inbox partition
fn what_follows_a_program_command_is_decided_with_it() {
    let room = Room::new(&directory());
    room.broker.set_time(1_790_000_000_000);
    let (intake, publisher) = (room.intake(false), room.publisher());
    let id = uuid::Uuid::from_u128(1);
    let asker = json!({"kind": "program_operator", "user": "op-1"});
    let body = json!({"partner": "p-contoso", "location": "loc-1"});
    let enroll = json!({"id": id, "type": "EnrollLocation", "version": 1, "asker": asker, "body": body});
    room.send("inbox.portal", 0, Vec::new(), Some(enroll.to_string().as_bytes()));
    room.send("inbox.portal", 0, Vec::new(), Some(&facts(2)));
    std::thread::sleep(std::time::Duration::from_millis(100));
    let commands = |partition| room.broker.read_all(&Place::new("commands", partition)).len();
    assert_eq!((commands(0), commands(1)), (0, 0), "no engine decides, so what follows waits");
    let engine = room.engine();
    until("both", || told(&room).len() == 2);
    let routed: Vec<Value> = (0..2)
        .flat_map(|it| room.values("commands", it))
        .filter(|it| it["command"]["id"] == uuid::Uuid::from_u128(2).to_string())
        .collect();
    assert_eq!(routed[0]["command"]["program"]["sequence"], 1);
    drop((intake, publisher));
    engine.close();
}
