//! Deadlines fire at what every inbox partition has promised, and at nothing else (DESIGN §4, "Time").

use std::time::Duration;

use crate::ask::{DAY_MS, add, customer, received};
use crate::room::{Room, until};

fn add_two(room: &Room) {
    for number in [101, 102] {
        let mut routed = add(number, customer(number));
        routed.program.sequence = 2;
        room.ask(routed);
    }
    until("both added", || room.decided() == [101, 102]);
}

#[test] // DESIGN rule 7
fn a_deadline_fires_once_it_is_promised_that_nothing_earlier_is_to_come() {
    let room = Room::new();
    let engine = room.instance();
    add_two(&room);
    room.tick(DAY_MS - 1);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(room.fired(), 0);
    room.tick(DAY_MS);
    until("both fired", || room.fired() == 2);
    room.tick(2 * DAY_MS);
    engine.close();
    assert_eq!(room.fired(), 2, "each once");
}

#[test] // F-44: a takeover while deadlines fire
fn a_takeover_fires_each_deadline_once() {
    let room = Room::new();
    let first = room.instance();
    add_two(&room);
    room.tick(DAY_MS);
    let second = room.instance();
    first.close();
    room.tick(2 * DAY_MS);
    until("both fired", || room.fired() == 2);
    room.tick(3 * DAY_MS);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(room.fired(), 2);
    second.close();
}

#[test] // DESIGN §4: a command beats a deadline exactly if it was received before it, whatever was down meanwhile
fn after_weeks_of_outage_what_was_received_in_time_still_wins() {
    let room = Room::new();
    let engine = room.instance();
    add_two(&room);
    engine.close();
    // Weeks pass. Both were received while the engine was down: one before its deadline, one at it.
    let claims: Vec<_> = [101_u128, 102]
        .map(|number| {
            let id = claim_domain::ids::CommandId(uuid::Uuid::from_u128(number));
            let engagement = "quick-scan".parse().unwrap();
            claim_domain::ids::ClaimId::derive(customer(number), "partner:p-contoso", id, &engagement)
        })
        .into();
    room.ask(received(crate::ask::cancel(103, claims[0]), DAY_MS - 1));
    room.ask(received(crate::ask::cancel(104, claims[1]), DAY_MS));
    room.tick(30 * DAY_MS);
    let engine = room.instance();
    until("both decided", || room.decided() == [101, 102, 103, 104]);
    let outcomes: Vec<bool> = [0, 1]
        .map(claim_journal::PartitionId::Number)
        .into_iter()
        .flat_map(|it| room.journal(it).0)
        .filter_map(|it| {
            let number = it.asked()?.id.0.as_u128();
            (number > 102).then(|| (number, !it.events().is_empty()))
        })
        .collect::<std::collections::BTreeMap<_, _>>()
        .into_values()
        .collect();
    assert_eq!(outcomes, [true, false], "in time, and too late");
    assert_eq!(room.fired(), 1);
    engine.close();
}
