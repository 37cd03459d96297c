//! One engine, two engines, and the way from one to another.

use claim_journal::{PartitionId, Route};

use crate::ask::{add, customer};
use crate::room::{Room, all_led, until};

/// Adds of so many customers; their commands are numbered from `first`.
fn adds(room: &Room, first: u128, count: u128) -> Vec<u128> {
    let numbers: Vec<u128> = (first..first + count).collect();
    for &number in &numbers {
        let mut routed = add(number, customer(number));
        routed.program.sequence = 2;
        room.ask(routed);
    }
    numbers
}

#[test] // DESIGN §4, "Ownership"
fn commands_from_the_topic_are_decided_once_each_with_their_inputs() {
    let room = Room::new();
    let engine = room.instance();
    let asked = adds(&room, 101, 50);
    until("every decision", || room.decided() == asked);
    let (program, voids) = room.journal(PartitionId::Program);
    assert_eq!((program.len(), voids), (2, 0));
    for partition in [0, 1].map(PartitionId::Number) {
        let inputs: Vec<_> = room.journal(partition).0.iter().filter_map(|it| it.asked()?.input).collect();
        assert!(inputs.is_sorted_by(|a, b| a < b), "I-03: inputs strictly increase");
        assert!(!inputs.is_empty());
    }
    engine.close();
}

#[test] // DESIGN rule 3: a repeat writes nothing
fn a_repeat_writes_nothing() {
    let room = Room::new();
    let engine = room.instance();
    let asked = adds(&room, 101, 5);
    adds(&room, 101, 5);
    until("every decision", || room.decided() == asked);
    until("the repeats", || engine.status().values().map(|it| it.repeats).sum::<u64>() == 5);
    assert_eq!(room.decided(), asked);
}

#[test] // DESIGN §4: a graceful stop hands over at once; the next goes on behind the highest valid input
fn partitions_go_from_one_engine_to_the_other_and_nothing_is_decided_twice() {
    let room = Room::new();
    let first = room.instance();
    let mut asked = adds(&room, 101, 30);
    until("the first leads all", || all_led(&[&first]));
    let second = room.instance();
    asked.extend(adds(&room, 201, 30));
    until("every decision", || room.decided() == asked);
    until("both share", || second.status().values().any(|it| it.leading));
    first.close();
    asked.extend(adds(&room, 301, 30));
    until("every decision by the second", || room.decided() == asked);
    assert!(all_led(&[&second]));
}

#[test] // F-30
fn a_command_of_another_partition_halts_the_partition() {
    let room = Room::new();
    let engine = room.instance();
    let stray = (101_u128..).map(|it| add(it, customer(it))).find(|it| {
        let Route::Customer(customer) = it.route else { return false };
        customer.slot().number() % 2 == 1
    });
    let value = claim_journal::Forwarded::Command(Box::new(stray.unwrap())).to_json().unwrap();
    room.broker.publish(&claim_log::Place::new("commands", 0), None, Vec::new(), Some(value));
    let zero = PartitionId::Number(0);
    until("the halt", || engine.status()[&zero].halted.is_some());
    let asked = adds(&room, 201, 20);
    let ones = |decided: Vec<u128>| decided.len();
    until("the other partition goes on", || ones(room.decided()) > 5);
    assert!(room.decided().len() < asked.len());
}
