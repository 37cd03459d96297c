//! Records of the journal that are gone, and offsets at which none of them ever stood.

use std::thread;
use std::time::{Duration, Instant};

use claim_testkit::kafka::{Cluster, Record, own_or_skip};
use claim_tests::observer::chain::{Halt, Offsets};
use claim_tests::observer::record::decode;
use claim_tests::observer::{History, Partition};
use serde_json::Value;

use super::fencing::opened;
use super::room::{Room, observed};
use crate::http::Serving;
use crate::place::{Place, answer};
use crate::world::{claim, comment, id};

/// Waits until the program says that partition 0, and no other, halts; what it says.
fn halts(serving: &Serving, why: &str) -> String {
    let is_so = |body: &str| body.contains("partition 0 halts") && body.contains(why);
    let unready = serving.until("/readyz", |it| it.status == 503 && is_so(&it.body));
    assert!(!unready.body.contains("partition 1"), "{unready:?}");
    unready.body
}

/// What was told of a command.
fn told(room: &Room, number: u64) -> Option<Value> {
    room.told().into_iter().find(|it| it["command_id"] == id(number))
}

#[test] // F-09, F-38
fn a_journal_cut_on_the_disk_of_its_broker_halts_its_partition_alone() {
    let test = "a_journal_cut_on_the_disk_of_its_broker_halts_its_partition_alone";
    let Some(mut cluster) = own_or_skip(test, || Cluster::start(1)) else { return };
    let room = Room::on(cluster.bootstrap(), &[]);
    room.topics("create").ended(0);
    let place = Place::of_world();
    let serving = room.serve(&place, &["--no-effects"]);
    let claims = opened(&room);
    room.publish(&[comment(201, &claim(claims[&0]))]);
    assert_eq!(answer(&room.outcomes(&[id(201)])[0].json()), "accepted");
    let before = room.histories();

    cluster.stop(1);
    let last = before[0].decisions.last().unwrap().offset;
    assert_eq!(cluster.cut(1, &room.topic("journal"), 0, last).unwrap(), last, "one record was cut off");
    cluster.restart(1).unwrap();
    halts(&serving, "checkpoint_not_on_chain");
    room.publish(&[comment(211, &claim(claims[&0])), comment(212, &claim(claims[&1]))]);
    assert_eq!(answer(&room.outcomes(&[id(212)])[0].json()), "accepted");
    let after = room.histories();
    assert_eq!(after[0].decisions.len() + 1, before[0].decisions.len(), "nothing is decided behind it");
    assert_eq!(told(&room, 211), None);
    let lost: Vec<_> = room.observed(&room.told()).into_iter().filter(|it| it.invariant == "I-05").collect();
    assert_eq!(lost.len(), 1, "an observer misses what was told: {lost:#?}");
    serving.stop();

    // An engine that begins anew knows of nothing that is gone, and decides the command again, to the same. Views and
    // publisher know of it, stay as they were, and say so.
    let serving = room.serve(&place, &["--no-effects"]);
    serving.until("/readyz", |it| {
        it.status == 503
            && it.body.contains("the log does not hold that record")
            && it.body.contains("partition 0 is not published")
    });
    let decided = || room.histories()[0].decisions.len();
    let until = Instant::now() + Duration::from_secs(60);
    while decided() <= before[0].decisions.len() {
        assert!(Instant::now() < until, "{} decisions, and no more come", decided());
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(told(&room, 211), None, "nothing is published behind it");
    serving.stop();
    assert_eq!(room.observed(&room.told()), [], "what was told is true again");
}

/// The histories, after an operator has named a record of partition 0.
fn histories_but(room: &Room, offset: u64) -> Vec<History> {
    let mut histories = room.histories();
    let mut first = History::new(Partition::Number(0), Offsets::Count);
    first.chain.accept_void(offset);
    for record in room.reader("journal").all().iter().filter(|it| it.partition == 0) {
        first.step(record.offset, &decode(&record.value));
    }
    histories[0] = first;
    histories
}

#[test] // F-13, DESIGN §5: an offset gap
fn an_offset_at_which_nothing_stands_halts_its_partition_until_an_operator_has_looked() {
    let test = "an_offset_at_which_nothing_stands_halts_its_partition_until_an_operator_has_looked";
    let Some(room) = Room::new(test, &[]) else { return };
    let place = Place::of_world();
    let serving = room.serve(&place, &["--no-effects"]);
    let claims = opened(&room);

    // Our own writers use no transactions. The end of somebody else's takes an offset that no reader is ever given.
    let journal = room.topic("journal");
    room.client.write_in_transaction(&journal, 0, &[b"noise"]);
    let at = room.client.write(&journal, [&Record::new(0, "more noise")])[0];
    halts(&serving, "offset_gap");
    room.publish(&[comment(201, &claim(claims[&0])), comment(202, &claim(claims[&1]))]);
    assert_eq!(answer(&room.outcomes(&[id(202)])[0].json()), "accepted");
    assert_eq!(room.histories()[0].halted, Some((at, Halt::OffsetGap)), "an observer stops there too");
    assert_eq!(told(&room, 201), None, "nothing is decided behind it");
    serving.stop();

    // An operator has looked, and names the record behind the gap.
    let accept = format!("0:{at}");
    let serving = room.serve(&place, &["--no-effects", "--accept-void", &accept]);
    assert_eq!(answer(&room.outcomes(&[id(201)])[0].json()), "accepted");
    serving.until("/readyz", |it| it.status == 200);
    serving.stop().ended(0);
    assert_eq!(observed(&histories_but(&room, at), &room.commands(), &room.told()), []);
}

#[test] // F-13: a mark of a transaction, and no record behind it
fn the_end_of_a_transaction_as_the_last_offset_halts_its_partition_alone() {
    let test = "the_end_of_a_transaction_as_the_last_offset_halts_its_partition_alone";
    let Some(room) = Room::new(test, &[]) else { return };
    let place = Place::of_world();
    let serving = room.serve(&place, &["--no-effects"]);
    let claims = opened(&room);
    serving.stop().ended(0);
    room.client.write_in_transaction(&room.topic("journal"), 0, &[b"noise"]);
    let serving = room.serve(&place, &["--no-effects"]);
    room.publish(&[comment(201, &claim(claims[&0])), comment(202, &claim(claims[&1]))]);
    assert_eq!(answer(&room.outcomes(&[id(202)])[0].json()), "accepted");
    halts(&serving, "offset_gap");
}
