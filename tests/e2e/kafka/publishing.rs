//! What a publisher that is killed repeats: nothing is lost, nothing comes in another order, and a few come again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use claim_testkit::kafka::Record;
use serde_json::Value;

use super::room::{PARTITIONS, Room};
use crate::place::Place;
use crate::world::{add, claim, comment, program};

/// How often the publisher is killed.
const KILLS: usize = 6;

/// What anybody tells a record by: an event or an outcome, by its partition and its id.
type Name = (&'static str, u32, String);

/// The name of a record.
fn name(topic: &'static str, it: &Record) -> Name {
    let id = match topic {
        "events" => it.json()["id"].as_str().unwrap().to_owned(),
        _ => String::from_utf8(it.key.clone().unwrap()).unwrap(),
    };
    (topic, it.partition, id)
}

/// What must be published of the journal: the names in the order of each partition, each once.
fn expected(room: &Room) -> BTreeMap<(&'static str, u32), Vec<String>> {
    let mut all: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (number, history) in (0..).zip(room.histories()) {
        let of = if number == u32::from(PARTITIONS) { "program".to_owned() } else { number.to_string() };
        for decision in &history.decisions {
            let Some(outcome) = &decision.outcome else { continue };
            let events = outcome["events"].as_array().map_or(0, Vec::len);
            let ids = (0..events).map(|index| format!("{of}/{}/{index}", decision.sequence));
            all.entry(("events", number)).or_default().extend(ids);
            let command = outcome["command_id"].as_str().unwrap().to_owned();
            all.entry(("outcomes", number)).or_default().push(command);
        }
    }
    all
}

/// Publishes commands about more and more customers until it is told to end; how many.
fn load(room: &Room, enough: &AtomicBool) -> usize {
    let mut sent = Vec::new();
    for customer in (0..2_000).take_while(|_| !enough.load(Ordering::Acquire)) {
        let (first, second) = (10_000 + customer, 20_000 + customer);
        for it in [add(first, customer), comment(second, &claim(first))] {
            sent.push(room.client.send(&room.topic("inbox.portal"), &Record::new(0, it.to_string())));
        }
        thread::sleep(Duration::from_millis(8));
    }
    sent.iter().for_each(|it| _ = it.recv_timeout(Duration::from_secs(30)).unwrap());
    sent.len()
}

/// What came again, by the run of the publisher that wrote it: the decisions or commands of the records, and how many
/// records there are.
#[derive(Clone, Debug, Default)]
struct Repeats {
    records: usize,
    told: BTreeMap<(&'static str, u32), BTreeSet<String>>,
}

/// The names of all records, each once, in the order of their partitions, and what came again in each run. A run ends where
/// so many records of the topic were there.
fn first_and_again(
    topic: &'static str,
    records: &[Record],
    ends: &[usize],
    again: &mut [Repeats],
) -> BTreeMap<(&'static str, u32), Vec<String>> {
    let mut seen: BTreeMap<Name, &[u8]> = BTreeMap::new();
    let mut first: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (nth, record) in records.iter().enumerate() {
        let name = name(topic, record);
        let (place, id) = ((topic, record.partition), name.2.clone());
        match seen.insert(name, &record.value) {
            None => first.entry(place).or_default().push(id),
            Some(before) => {
                assert_eq!(before, record.value, "{id} says another thing when it comes again");
                let run = &mut again[ends.partition_point(|end| *end <= nth)];
                run.records += 1;
                let told = id.rsplit_once('/').map_or(&*id, |(decision, _)| decision);
                run.told.entry(place).or_default().insert(told.to_owned());
            }
        }
    }
    first
}

#[test] // issue 4, point 5; F-14, F-15
fn a_publisher_that_is_killed_under_load_loses_and_reorders_nothing_and_repeats_little() {
    let test = "a_publisher_that_is_killed_under_load_loses_and_reorders_nothing_and_repeats_little";
    let Some(room) = Room::new(test, &[]) else { return };
    let (place, beside) = (Place::of_world(), Place::of_world());
    let serving = room.serve(&place, &["--roles", "intake,engine,api", "--no-effects"]);
    // A member by name: it has its share again at once, and not after a time-out.
    let named = ["--roles", "publisher", "--kafka-property", "group.instance.id=publisher"];
    let (mut events, mut outcomes) = (room.reader("events"), room.reader("outcomes"));
    let (mut event_ends, mut outcome_ends) = (Vec::new(), Vec::new());

    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        room.publish(&program(30));
        let loading = scope.spawn(|| load(&room, &enough));
        for _ in 0..KILLS {
            // What was decided meanwhile comes in one rush: it is killed in the middle of it.
            let running = room.serve(&beside, &named);
            let before = events.all().len();
            events.until("event more", |it| it.len() > before);
            running.kill();
            event_ends.push(events.all().len());
            outcome_ends.push(outcomes.all().len());
        }
        enough.store(true, Ordering::Release);
        let asked = loading.join().unwrap() + program(30).len();
        let running = room.serve(&beside, &named);
        let told = |it: &[Record]| it.iter().map(|it| &it.key).collect::<BTreeSet<_>>().len();
        outcomes.until("outcome of every command", |it| it.len() >= asked && told(it) >= asked);
        running.stop().ended(0);
        serving.stop().ended(0);
    });

    let mut again = vec![Repeats::default(); KILLS + 1];
    let mut first = first_and_again("events", events.all(), &event_ends, &mut again);
    first.extend(first_and_again("outcomes", outcomes.all(), &outcome_ends, &mut again));
    let expected = expected(&room);
    assert!(first == expected, "something is lost or out of order");
    let records: usize = expected.values().map(Vec::len).sum();
    let repeated: usize = again.iter().map(|it| it.records).sum();
    let most = again.iter().map(|it| it.records).max().unwrap();
    let figure = format!("{KILLS} kills, {repeated} records repeated of {records}, at most {most} after one");
    // Not by a macro, whose output the test harness keeps to itself when a test passes.
    writeln!(std::io::stderr(), "publisher: {figure}").unwrap();
    for (place, told) in again.iter().flat_map(|it| &it.told) {
        assert!(place.0 == "events" && told.len() == 1, "more than a last decision came again: {again:?}");
    }
    assert_eq!(room.observed(&[] as &[Value]), []);
}
