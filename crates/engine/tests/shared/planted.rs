//! The rig can fail: each fault that is planted in an engine is found, by a scenario that is sound without it.

use claim_domain::ids::{ClaimId, CommandId};
use claim_engine::{Instance, Planted, PlantedFault};
use claim_journal::Digest;
use claim_testkit::broker::{Fault, MemoryBroker};
use claim_tests::observer::Complaint;
use uuid::Uuid;

use crate::ask::{DAY_MS, add, comment, received};
use crate::faults::{ZERO, add_to_zero, customer_in_zero, pen_at_the_end, put, wait_for};
use crate::observed::observed;
use crate::room::{PARTITIONS, Room, until};

/// How a fault is found: by what an observer says after this scenario, and the invariant that it names.
type Found = (fn(Planted) -> Vec<Complaint>, &'static str);

fn found_by(fault: PlantedFault) -> Found {
    match fault {
        PlantedFault::ResumeAtCommitted => (a_journal_lost_its_tail, "I-01"),
        PlantedFault::TellWhenAcknowledged | PlantedFault::CountVoid => (a_leader_was_paused, "I-01"),
        PlantedFault::WriteTwice => (a_few_were_asked, "I-04"),
        PlantedFault::AnswersForgotten | PlantedFault::ReuseDecided => (one_was_asked_again, "I-01"),
        PlantedFault::FireTwice => (a_deadline_was_due, "I-01"),
        PlantedFault::FireUnpromised => (a_deadline_was_almost_due, "I-12"),
        PlantedFault::TouchNothing => (a_command_came_when_a_deadline_was_due, "I-10"),
        PlantedFault::TimeGoesBack => (two_commands_came_in_another_order, "I-12"),
    }
}

#[test] // issue 4, point 2
fn each_planted_fault_is_found_and_without_it_nothing_is() {
    for fault in PlantedFault::ALL {
        let (scenario, invariant) = found_by(fault);
        assert_eq!(scenario(Planted::default()), [], "without {fault:?}");
        let found = scenario(Planted::with(fault));
        let first = found.iter().find(|it| it.invariant == invariant);
        let Some(first) = first else { panic!("{fault:?} is not found: {found:#?}") };
        println!("{fault:?} is found: {first}");
    }
}

/// Waits until the engine has done all that partition 0 was asked, as far as it knows, or halts.
fn wait_until_done(engine: &Instance, asked: &[u128]) {
    let all = Some(asked.len() as u64);
    until("all done", || {
        let status = &engine.status()[&ZERO];
        (status.done >= all && status.speculative == 0) || status.halted.is_some()
    });
}

/// Commands one after the other, and no fault of a broker.
fn a_few_were_asked(planted: Planted) -> Vec<Complaint> {
    let room = Room::new();
    let engine = room.instance_with(planted);
    let asked: Vec<_> = (101..105).map(|it| add_to_zero(&room, it)).collect();
    wait_until_done(&engine, &asked);
    observed(&room.broker, PARTITIONS)
}

/// The same command again, and its id for another body (F-23, F-24).
fn one_was_asked_again(planted: Planted) -> Vec<Complaint> {
    let room = Room::new();
    let engine = room.instance_with(planted);
    let asked = [add_to_zero(&room, 101), add_to_zero(&room, 101)];
    let mut another = add(101, customer_in_zero(101));
    another.digest = Digest::of(b"another body");
    room.ask(another);
    wait_until_done(&engine, &[&asked[..], &[101]].concat());
    observed(&room.broker, PARTITIONS)
}

/// A claim whose consent is due after a day; then everything was received before `w`.
fn one_was_added_and(w: i64, asked: impl FnOnce(&Room, ClaimId), planted: Planted) -> Vec<Complaint> {
    let room = Room::new();
    let engine = room.instance_with(planted);
    add_to_zero(&room, 101);
    wait_for(&room, &[101]);
    let engagement = "quick-scan".parse().unwrap();
    let id = CommandId(Uuid::from_u128(101));
    asked(&room, ClaimId::derive(customer_in_zero(101), "partner:p-contoso", id, &engagement));
    room.tick(w);
    let mut routed = add(999, customer_in_zero(999));
    routed.program.sequence = 2;
    let last = room.ask(routed);
    until("all done", || {
        let status = &engine.status()[&ZERO];
        status.done > Some(last) && status.speculative == 0 && (room.fired() > 0 || w < DAY_MS)
    });
    observed(&room.broker, PARTITIONS)
}

fn a_deadline_was_due(planted: Planted) -> Vec<Complaint> {
    one_was_added_and(DAY_MS, |_, _| {}, planted)
}

fn a_deadline_was_almost_due(planted: Planted) -> Vec<Complaint> {
    one_was_added_and(DAY_MS - 1, |_, _| {}, planted)
}

fn a_command_came_when_a_deadline_was_due(planted: Planted) -> Vec<Complaint> {
    let asked = |room: &Room, claim| _ = room.ask(received(comment(102, claim), DAY_MS));
    one_was_added_and(DAY_MS, asked, planted)
}

fn two_commands_came_in_another_order(planted: Planted) -> Vec<Complaint> {
    let asked = |room: &Room, claim| {
        room.ask(received(comment(102, claim), 5_000));
        room.ask(received(comment(103, claim), 1_000));
    };
    one_was_added_and(DAY_MS - 1, asked, planted)
}

/// A leader whose answers are late is replaced meanwhile, and goes on writing (F-04).
fn a_leader_was_paused(planted: Planted) -> Vec<Complaint> {
    let room = Room::new();
    let engine = room.instance_with(planted);
    let mut asked = vec![add_to_zero(&room, 101)];
    wait_for(&room, &asked);
    room.broker.fault(&MemoryBroker::place(ZERO), Fault::Held);
    asked.push(add_to_zero(&room, 102));
    wait_for(&room, &asked);
    put(&room, &pen_at_the_end(&room).lead("other", 1, None).unwrap());
    asked.push(add_to_zero(&room, 103));
    until("the zombie's record", || room.journal(ZERO).1 > 0);
    room.broker.fault(&MemoryBroker::place(ZERO), Fault::None);
    wait_until_done(&engine, &asked);
    observed(&room.broker, PARTITIONS)
}

/// The last record is gone with everybody who knew of it, and its command is still there: it is decided again (F-09).
fn a_journal_lost_its_tail(planted: Planted) -> Vec<Complaint> {
    let room = Room::new();
    let first = room.instance_with(planted);
    let asked = vec![add_to_zero(&room, 101), add_to_zero(&room, 102)];
    wait_until_done(&first, &asked);
    first.close();
    let place = MemoryBroker::place(ZERO);
    let end = room.broker.read_all(&place).len() as u64;
    room.broker.truncate(&place, end - 1);
    let second = room.instance_with(planted);
    wait_until_done(&second, &asked);
    observed(&room.broker, PARTITIONS)
}
