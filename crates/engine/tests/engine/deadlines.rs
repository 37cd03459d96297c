//! Deadlines fire in order, before any command that comes after them, and no further than is promised (DESIGN rule 7).

use std::collections::BTreeMap;

use claim_domain::time::Instant;
use claim_journal::{Cause, Decision};

use crate::ask::{DAY_MS, add, at, comment, customer, received};
use crate::room::{Room, answer, claim_of};

fn fired(decisions: &[Decision]) -> Vec<Instant> {
    let due = |it: &Decision| match &it.cause {
        Cause::Deadline(deadline) => Some(deadline.due_at),
        Cause::Asked(_) => None,
    };
    decisions.iter().filter_map(due).collect()
}

#[test] // DESIGN rule 7, A-57, F-41
fn f_41_a_deadline_fires_before_the_command_that_came_when_it_was_due() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(1);
    assert_eq!(answer(&desk.ask(received(comment(201, claims[0]), DAY_MS - 1))), "accepted");
    assert_eq!(answer(&desk.ask(received(comment(202, claims[0]), DAY_MS))), "deadline_reached");
    let decisions = desk.decisions();
    let (_, before_last) = &decisions[decisions.len() - 2];
    assert_eq!(fired(std::slice::from_ref(before_last)), [at(DAY_MS)]);
    assert_eq!(before_last.judged_at, at(DAY_MS));
    desk.close().unwrap();
}

#[test] // DESIGN rule 7: a repeat touches nothing
fn a_repeat_fires_no_deadline() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(1);
    let told = desk.ask(comment(201, claims[0]));
    let before = desk.decisions().len();
    assert_eq!(desk.ask(received(comment(201, claims[0]), 9 * DAY_MS)), told);
    assert_eq!(desk.decisions().len(), before);
    desk.close().unwrap();
}

#[test] // DESIGN rule 7, F-42, I-12
fn f_42_a_tick_fires_all_that_is_due_in_order_and_nothing_else() {
    let room = Room::new();
    let mut desk = room.open();
    desk.set_up();
    // Due one minute after the other, in an order that is not that of the customers.
    let minute = 60_000;
    for number in 0..60_u128 {
        let ms = i64::try_from(number * 37 % 60).unwrap() * minute;
        claim_of(&desk.ask(received(add(100 + number, customer(number)), ms)));
    }
    let before = desk.decisions().len();
    desk.tick(at(DAY_MS + 29 * minute));
    let decisions = desk.decisions();
    let mut partitions: BTreeMap<_, Vec<Decision>> = BTreeMap::new();
    for (partition, decision) in &decisions[before..] {
        partitions.entry(*partition).or_default().push(decision.clone());
    }
    assert!(partitions.len() > 3, "customers of several partitions");
    let mut all = Vec::new();
    for fired_here in partitions.values().map(|it| fired(it)) {
        assert!(fired_here.is_sorted(), "{fired_here:?}");
        all.extend(fired_here);
    }
    all.sort();
    assert_eq!(all, (0..30).map(|it| at(DAY_MS + it * minute)).collect::<Vec<_>>());

    // The same tick again fires nothing; after a restart the rest fires, and each once.
    desk.tick(at(DAY_MS + 29 * minute));
    assert_eq!(desk.decisions().len(), before + 30);
    desk.close().unwrap();
    let desk = room.open();
    desk.tick(at(9 * DAY_MS));
    desk.tick(at(9 * DAY_MS));
    assert_eq!(desk.decisions().len(), before + 60);
    desk.close().unwrap();
}

#[test] // F-43
fn f_43_the_deadline_of_a_claim_that_ended_writes_nothing() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(1);
    assert_eq!(answer(&desk.ask(crate::ask::cancel(201, claims[0]))), "accepted");
    let before = desk.decisions().len();
    desk.tick(at(9 * DAY_MS));
    assert_eq!(desk.decisions().len(), before);
    desk.close().unwrap();
}

#[test] // A-62, F-20
fn f_20_judged_time_never_goes_back_for_a_customer() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(1);
    let judged = |outcome: &str| {
        let value: serde_json::Value = serde_json::from_str(outcome).unwrap();
        value["judged_at"].as_str().unwrap().to_owned()
    };
    let later = judged(&desk.ask(received(comment(201, claims[0]), 5_000)));
    assert_eq!(judged(&desk.ask(received(comment(202, claims[0]), 1_000))), later);
    desk.close().unwrap();
}
