//! Strangers in the journal, answers of brokers that are lost or late, and a rig that notices when something is wrong.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use claim_testkit::kafka::{Answers, Cluster, Record, own_or_skip};
use claim_tests::observer::{Complaint, Partition};
use serde_json::Value;

use super::room::{Room, observed};
use crate::place::{Place, answer};
use crate::world::{add, claim, comment, id, program};

/// CRC-32C, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8)
            .fold(crc ^ u32::from(*byte), |it, _| if it & 1 == 1 { (it >> 1) ^ 0x82f6_3b78 } else { it >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// The same record with something else in its envelope, and the checksum of that.
fn altered(record: &Record, change: impl Fn(&mut String)) -> Record {
    let mut line = String::from_utf8(record.value.clone()).unwrap();
    change(&mut line);
    let (summed, _) = line.rsplit_once(",\"crc\":").unwrap();
    let line = format!("{summed},\"crc\":\"{:08x}\"}}", crc32c(summed.as_bytes()));
    Record { value: line.into_bytes(), ..record.clone() }
}

/// The same with another number in its envelope.
fn with_number(record: &Record, name: &str, number: u64) -> Record {
    let before = record.json()["envelope"][name].as_u64().unwrap();
    altered(record, |it| {
        *it = it.replacen(&format!("\"{name}\":{before}"), &format!("\"{name}\":{number}"), 1);
    })
}

/// The program and customers 0 to 7, decided; a claim of each partition, by the number of its command.
pub(super) fn opened(room: &Room) -> BTreeMap<u64, u64> {
    room.publish(&program(30));
    room.publish(&(0..8).map(|it| add(100 + it, it)).collect::<Vec<_>>());
    let told = room.outcomes(&(0..8).map(|it| id(100 + it)).collect::<Vec<_>>());
    let partition = |it: &Record| it.json()["position"]["partition"].as_u64().unwrap();
    told.iter().zip(100..).map(|(it, number)| (partition(it), number)).collect()
}

#[test] // F-09, F-13, I-26
fn strangers_in_the_journal_are_void_and_a_lead_from_nowhere_halts_its_partition_alone() {
    let test = "strangers_in_the_journal_are_void_and_a_lead_from_nowhere_halts_its_partition_alone";
    let Some(room) = Room::new(test, &[]) else { return };
    let place = Place::of_world();
    let serving = room.serve(&place, &["--no-effects"]);
    let claims = opened(&room);
    let journal = room.topic("journal");
    let (mine, others): (Vec<Record>, Vec<Record>) =
        room.reader("journal").all().to_vec().into_iter().partition(|it| it.partition == 0);
    let lead = mine.iter().find(|it| it.json()["envelope"]["kind"] == "lead").unwrap();

    // Noise, copies, records of another partition and of another journal: none of them counts.
    let other = Record { partition: 0, ..others[0].clone() };
    let own = lead.json()["envelope"]["journal"].as_str().unwrap().to_owned();
    let foreign = altered(lead, |it| *it = it.replace(&own, "00000000-0000-4000-8000-000000000001"));
    let noise = [Record::new(0, "noise"), Record::new(0, vec![0xff; 100]), mine.last().unwrap().clone()];
    room.client.write(&journal, noise.iter().chain([&other, &foreign, lead]));
    room.publish(&[comment(201, &claim(claims[&0])), comment(202, &claim(claims[&1]))]);
    let told = room.outcomes(&[id(201), id(202)]);
    assert!(told.iter().all(|it| answer(&it.json()) == "accepted"), "{told:?}");
    serving.until("/readyz", |it| it.status == 200);
    let metrics = serving.get("/metrics").body;
    let voids: Vec<&str> =
        metrics.lines().filter(|it| it.contains("void_records_total{partition=\"0\"")).collect();
    assert!(voids.len() >= 3, "{voids:?}");
    assert_eq!(room.observed(&room.told()), []);

    // A lead that nobody can have taken: this partition halts and says so, the other goes on.
    let at = room.client.write(&journal, [&with_number(lead, "epoch", 1 << 40)])[0];
    let unready = serving.until("/readyz", |it| it.status == 503 && it.body.contains("partition 0"));
    assert!(unready.body.contains("halts"), "{unready:?}");
    room.publish(&[comment(211, &claim(claims[&0])), comment(212, &claim(claims[&1]))]);
    assert_eq!(answer(&room.outcomes(&[id(212)])[0].json()), "accepted");
    let found = room.observed(&[]);
    assert!(
        found.iter().any(|it| it.invariant == "I-26" && it.partition == Partition::Number(0)),
        "{found:#?}"
    );
    assert!(!room.told().iter().any(|it| it["command_id"] == id(211)), "nothing is decided behind it");
    serving.stop();

    // An operator has looked.
    let serving = room.serve(&place, &["--no-effects", "--accept-void", &format!("0:{at}")]);
    assert_eq!(answer(&room.outcomes(&[id(211)])[0].json()), "accepted");
    serving.until("/readyz", |it| it.status == 200);
    serving.stop().ended(0);
}

#[test] // F-09: what was acknowledged is gone, and whoever starts on the rest sees it
fn a_journal_whose_beginning_was_deleted_halts_its_partition_alone() {
    let test = "a_journal_whose_beginning_was_deleted_halts_its_partition_alone";
    let Some(room) = Room::new(test, &[]) else { return };
    let place = Place::of_world();
    let serving = room.serve(&place, &["--no-effects"]);
    let claims = opened(&room);
    serving.stop().ended(0);
    let journal = claim_log::Place::new(room.topic("journal"), 0);
    claim_log_kafka::discard(&room.connection(), &journal, 2).unwrap();
    let serving = room.serve(&place, &["--no-effects"]);
    let unready = serving.until("/readyz", |it| it.status == 503 && it.body.contains("partition 0"));
    assert!(unready.body.contains("deleted"), "{unready:?}");
    room.publish(&[comment(311, &claim(claims[&0])), comment(312, &claim(claims[&1]))]);
    assert_eq!(answer(&room.outcomes(&[id(312)])[0].json()), "accepted");
    // What it refers to stood in what is gone, so at most there is a problem.
    let decided = |it: &Value| it["command_id"] == id(311) && it["outcome"] != "problem";
    assert!(!room.told().iter().any(decided), "nothing is decided there");
    serving.stop();
}

#[test] // F-03, F-12, I-01, I-05
fn answers_of_brokers_that_are_lost_or_late_leave_each_command_one_decision() {
    let test = "answers_of_brokers_that_are_lost_or_late_leave_each_command_one_decision";
    let Some((cluster, proxy)) = own_or_skip(test, Cluster::start_behind_proxy) else { return };
    let room = Room::on(cluster.bootstrap(), &[]);
    room.topics("create").ended(0);
    let place = Place::of_world();
    let mut serving = room.serve(&place, &["--no-effects"]);
    let claims = opened(&room);
    let mut ids = Vec::new();
    for (round, answers) in [(0, Answers::Lose), (1, Answers::Hold), (2, Answers::Lose), (3, Answers::Hold)] {
        // Our own client needs its answers, so the program stands still while we publish.
        serving.signal("STOP");
        let numbers = 1_000 * (round + 1)..1_000 * (round + 1) + 60;
        let about = |it: u64| claim(claims[&(it % 2)]);
        room.publish(&numbers.clone().map(|it| comment(it, &about(it))).collect::<Vec<_>>());
        ids.extend(numbers.map(id));
        let before = proxy.caught(0);
        proxy.answers(answers);
        serving.signal("CONT");
        // A promise of the relay may be all that is: which comes first is a matter of luck.
        assert!(proxy.caught(before + 1) > before, "something was on its way in round {round}");
        thread::sleep(Duration::from_millis(700));
        if round == 3 {
            // What it sent on by now is there, and it is killed before it heard so: that will be sent on once more.
            serving.kill();
            proxy.answers(Answers::Pass);
            serving = room.serve(&place, &["--no-effects"]);
        }
        proxy.answers(Answers::Pass);
        if answers == Answers::Lose {
            proxy.cut();
        }
        room.outcomes(&ids);
    }
    serving.stop().ended(0);
    assert_eq!(room.observed(&room.told()), []);
    let sent = room.reader("commands").all().iter().filter(|it| it.json().get("command").is_some()).count();
    assert!(sent >= 8 + ids.len(), "each was sent on, some perhaps twice");
    let decided: usize = room.histories().iter().map(|it| it.decisions.len()).sum();
    assert_eq!(decided, 3 + 8 + ids.len());
}

/// What an observer says of a room where somebody has changed the records of the first partition.
fn observed_as(room: &Room, change: impl Fn(&mut Vec<Record>)) -> Vec<&'static str> {
    let histories = room.histories_as(|partition, mut records| {
        if partition == Partition::Number(0) {
            change(&mut records);
            records.iter_mut().zip(0..).for_each(|(it, offset)| it.offset = offset);
        }
        records
    });
    invariants(observed(&histories, &room.commands(), &room.told()))
}

fn invariants(complaints: Vec<Complaint>) -> Vec<&'static str> {
    let mut all: Vec<_> = complaints.into_iter().map(|it| it.invariant).collect();
    all.dedup();
    all
}

#[test] // the rig itself: I-01, I-04, I-05, I-12
fn the_observer_complains_where_the_rules_of_fencing_are_broken() {
    let Some(room) = Room::new("the_observer_complains_where_the_rules_of_fencing_are_broken", &[]) else {
        return;
    };
    let serving = room.serve(&Place::of_world(), &["--no-effects"]);
    opened(&room);
    serving.stop().ended(0);
    assert_eq!(observed_as(&room, |_| {}), [""; 0]);

    // Told on a mere acknowledgement: the record that was told of is another's by now, so it does not count.
    let lost = observed_as(&room, |records| drop(records.pop()));
    assert!(lost.contains(&"I-05") && lost.contains(&"I-01"), "{lost:?}");
    // A leader that writes two records for one sequence: the hash keeps one decision, and the promise was broken.
    let twice = observed_as(&room, |records| {
        let last = records.last().unwrap();
        let proved = last.json()["envelope"]["proved"].as_u64().unwrap();
        let another = with_number(last, "proved", if proved == 0 { 1 } else { proved - 1 });
        records.push(another);
    });
    assert_eq!(twice, ["I-04"]);
    // A reader without the rule of void records: a copy counts once more.
    let mut histories = room.histories();
    let copy = histories[0].decisions.last().unwrap().clone();
    histories[0].decisions.push(copy);
    let counted = invariants(observed(&histories, &room.commands(), &[] as &[Value]));
    assert!(counted.contains(&"I-01"), "{counted:?}");
    // An epoch that nobody took.
    let skipped = observed_as(&room, |records| {
        let lead = with_number(&records[0], "epoch", 1 << 40);
        records.push(lead);
    });
    assert_eq!(skipped, ["I-26"]);
}
