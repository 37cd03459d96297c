//! Lost and late answers, foreign writers, truncated topics: each ends as DESIGN §5 says.

use std::time::Duration;

use claim_domain::ids::CustomerId;
use claim_journal::{Chain, JournalId, LeaderId, Offsets, PartitionId, Pen, Settings};
use claim_log::{Place, ReadLog};
use claim_testkit::broker::{Fault, MemoryBroker};
use uuid::Uuid;

use crate::ask::{add, customer};
use crate::room::{Room, halted, settings, until};

pub(crate) const ZERO: PartitionId = PartitionId::Number(0);

/// A customer of partition 0; each number is another one.
pub(crate) fn customer_in_zero(number: u128) -> CustomerId {
    (number * 1000..).map(customer).find(|it| it.slot().number() % 2 == 0).unwrap()
}

/// Adds a customer whose decision belongs to partition 0.
pub(crate) fn add_to_zero(room: &Room, number: u128) -> u128 {
    let mut routed = add(number, customer_in_zero(number));
    routed.program.sequence = 2;
    room.ask(routed);
    number
}

pub(crate) fn wait_for(room: &Room, asked: &[u128]) {
    until("every decision", || room.decided() == asked);
}

#[test] // F-03: unclear means lead again, read, and answer from what was read
fn what_was_appended_but_not_answered_is_not_decided_again() {
    let room = Room::new();
    let engine = room.instance();
    let mut asked = vec![add_to_zero(&room, 101)];
    wait_for(&room, &asked);
    room.broker.fault(&MemoryBroker::place(ZERO), Fault::Lost);
    asked.push(add_to_zero(&room, 102));
    until("a lost lead", || engine.status()[&ZERO].lost_leads > 0);
    room.broker.fault(&MemoryBroker::place(ZERO), Fault::None);
    asked.push(add_to_zero(&room, 103));
    wait_for(&room, &asked);
    assert!(engine.status()[&ZERO].leads >= 2);
}

#[test] // F-03
fn what_was_not_appended_is_decided_after_leading_again() {
    let room = Room::new();
    let engine = room.instance();
    let mut asked = vec![add_to_zero(&room, 101)];
    wait_for(&room, &asked);
    room.broker.fault(&MemoryBroker::place(ZERO), Fault::Dropped);
    asked.push(add_to_zero(&room, 102));
    until("a lost lead", || engine.status()[&ZERO].lost_leads > 0);
    assert_eq!(room.decided(), asked[..1], "nothing was appended");
    room.broker.fault(&MemoryBroker::place(ZERO), Fault::None);
    wait_for(&room, &asked);
}

#[test] // F-04: the zombie's records are void, its answers stay untold, and it stands down
fn a_leader_that_was_paused_writes_in_vain() {
    let room = Room::new();
    let engine = room.instance();
    let mut asked = vec![add_to_zero(&room, 101)];
    wait_for(&room, &asked);
    // Its answers are held: it does not know what became of what it writes.
    room.broker.fault(&MemoryBroker::place(ZERO), Fault::Held);
    asked.push(add_to_zero(&room, 102));
    wait_for(&room, &asked);
    // Meanwhile another leader takes over, reads everything and writes a lead.
    let mut pen = pen_at_the_end(&room);
    let lead = pen.lead("other", 1, None).unwrap();
    put(&room, &lead);
    asked.push(add_to_zero(&room, 103));
    until("the zombie's record", || room.journal(ZERO).1 > 0);
    assert_eq!(room.decided(), asked[..2], "void");
    room.broker.fault(&MemoryBroker::place(ZERO), Fault::None);
    wait_for(&room, &asked);
    assert!(engine.status()[&ZERO].epoch >= 3, "it leads again after the other");
}

#[test] // F-04: a leader that writes nothing notices it too
fn an_idle_leader_that_is_deposed_leads_again_only_after_reading() {
    let room = Room::new();
    let engine = room.instance();
    let mut asked = vec![add_to_zero(&room, 101)];
    wait_for(&room, &asked);
    let mut pen = pen_at_the_end(&room);
    put(&room, &pen.lead("other", 1, None).unwrap());
    until("it noticed", || engine.status()[&ZERO].lost_leads > 0);
    asked.push(add_to_zero(&room, 102));
    wait_for(&room, &asked);
}

#[test] // F-13: garbage, copies and another chain's records are void and counted; the partition goes on
fn foreign_records_are_void_and_counted() {
    let room = Room::new();
    let engine = room.instance();
    let mut asked = vec![add_to_zero(&room, 101)];
    wait_for(&room, &asked);
    let place = MemoryBroker::place(ZERO);
    put(&room, b"garbage\n");
    let copy = room.broker.read_all(&place).swap_remove(1).value.unwrap();
    put(&room, &[&copy[..], b"\n"].concat());
    let chain = Chain::new(ZERO, Offsets::Count);
    let mut stranger = Pen::new(&chain, JournalId(Uuid::from_u128(99)), LeaderId(Uuid::from_u128(98)));
    put(&room, &stranger.lead("stranger", 1, Some(&settings())).unwrap());
    asked.push(add_to_zero(&room, 102));
    wait_for(&room, &asked);
    until("all counted", || engine.status()[&ZERO].voids.values().sum::<u64>() == 3);
    let causes: Vec<_> = engine.status()[&ZERO].voids.keys().copied().collect();
    assert_eq!(causes, ["foreign_record", "not_extending", "unreadable"]);
}

#[test] // F-13: of this journal and impossible
fn a_lead_of_a_huge_epoch_halts_the_partition_and_no_other() {
    let room = Room::new();
    let engine = room.instance();
    let asked = vec![add_to_zero(&room, 101)];
    wait_for(&room, &asked);
    let line = room.broker.read_all(&MemoryBroker::place(ZERO)).swap_remove(0).value.unwrap();
    let text = String::from_utf8(line).unwrap();
    let forged = text.replacen("\"epoch\":1,", "\"epoch\":900,", 1);
    let (record, _) = forged.rsplit_once(",\"crc\":").unwrap();
    let crc = format!("{record},\"crc\":\"{:08x}\"}}\n", crc32c::crc32c(record.as_bytes()));
    put(&room, crc.as_bytes());
    until("the halt", || halted(&engine, ZERO).is_some());
    let why = halted(&engine, ZERO).unwrap();
    assert!(why.contains("lead_beyond"), "{why}");
    assert_eq!(halted(&engine, PartitionId::Number(1)), None);
}

#[test] // F-09: acknowledged records are gone
fn a_truncated_journal_halts_the_partition() {
    let room = Room::new();
    let engine = room.instance();
    let asked: Vec<_> = (101..111).map(|it| add_to_zero(&room, it)).collect();
    wait_for(&room, &asked);
    std::thread::sleep(Duration::from_millis(50));
    room.broker.truncate(&MemoryBroker::place(ZERO), 5);
    until("the halt", || halted(&engine, ZERO).is_some());
    assert_eq!(room.decided(), asked[..4], "no new decision");
}

#[test] // F-09: whoever knew of the end that is gone writes nothing where it was
fn no_lead_is_written_on_a_journal_that_lost_its_end() {
    let room = Room::new();
    let engine = room.instance();
    let asked = [add_to_zero(&room, 101), add_to_zero(&room, 102)];
    wait_for(&room, &asked);
    let place = MemoryBroker::place(ZERO);
    let left = room.broker.read_all(&place).len() - 1;
    room.broker.fault(&place, Fault::Dropped);
    room.broker.truncate(&place, left as u64);
    add_to_zero(&room, 103);
    until("a lost lead", || engine.status()[&ZERO].lost_leads > 0 || halted(&engine, ZERO).is_some());
    room.broker.fault(&place, Fault::None);
    until("the halt", || halted(&engine, ZERO).is_some());
    assert_eq!(room.broker.read_all(&place).len(), left, "nothing was written behind what is left");
}

#[test] // F-09: also for who starts later, as long as a record knows more
fn a_journal_without_its_beginning_is_not_read() {
    let room = Room::new();
    let first = room.instance();
    let asked = vec![add_to_zero(&room, 101), add_to_zero(&room, 102)];
    wait_for(&room, &asked);
    first.close();
    room.broker.delete_before(&MemoryBroker::place(ZERO), 1);
    let second = room.instance();
    until("the halt", || halted(&second, ZERO).is_some());
}

#[test] // DESIGN §4: commands_missing
fn a_commands_topic_that_lost_what_was_decided_halts_the_partition() {
    let room = Room::new();
    let first = room.instance();
    let asked = vec![add_to_zero(&room, 101), add_to_zero(&room, 102)];
    wait_for(&room, &asked);
    first.close();
    room.broker.truncate(&Place::new("commands", 0), 1);
    let second = room.instance();
    until("the halt", || halted(&second, ZERO).is_some());
    let why = halted(&second, ZERO).unwrap();
    assert!(why.contains("commands_missing"), "{why}");
}

#[test] // DESIGN §5: a journal of other settings is not led
fn a_journal_made_with_other_settings_halts() {
    let room = Room::new();
    let first = room.instance();
    let asked = vec![add_to_zero(&room, 101)];
    wait_for(&room, &asked);
    first.close();
    let mut parts = room.parts();
    parts.settings = Settings { slots: 1, ..settings() };
    let second = claim_engine::Instance::start(&parts).unwrap();
    until("the halt", || halted(&second, ZERO).is_some());
}

#[test] // F-07: brokers down; what was asked meanwhile is decided afterwards
fn an_engine_outlives_its_brokers() {
    let room = Room::new();
    let engine = room.instance();
    let mut asked = vec![add_to_zero(&room, 101)];
    wait_for(&room, &asked);
    room.broker.set_down(true);
    asked.push(add_to_zero(&room, 102));
    std::thread::sleep(Duration::from_millis(300));
    room.broker.set_down(false);
    wait_for(&room, &asked);
    assert_eq!(halted(&engine, ZERO), None);
}

/// A pen on the chain of partition 0 as it stands.
pub(crate) fn pen_at_the_end(room: &Room) -> Pen {
    let mut chain = Chain::new(ZERO, Offsets::Count);
    let mut records = room.broker.read(&claim_log::Start::nowhere().at(ZERO, 0)).unwrap();
    while let Some(stored) = records.next().unwrap() {
        chain.read(stored.offset, &claim_journal::Line::parse(&stored.line));
    }
    Pen::new(&chain, chain.journal().unwrap(), LeaderId(Uuid::from_u128(97)))
}

/// Appends as anybody may.
pub(crate) fn put(room: &Room, line: &[u8]) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    room.broker.publish(&MemoryBroker::place(ZERO), None, Vec::new(), Some(line.to_vec()));
}
