//! Two instances under load that are killed, stopped and asked to go: nothing told is lost, nothing decided twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use claim_testkit::kafka::Record;
use claim_testkit::postgres::fresh;
use claim_tests::observer::history::Cause;
use serde_json::Value;

use super::room::Room;
use crate::http::Serving;
use crate::place::{Place, answer};
use crate::world::{add, claim, comment, id, program};

/// How many partitions have a leader: the numbered ones and the program's.
const LED: usize = 3;

/// How many partitions this instance leads.
fn leading(serving: &Serving) -> usize {
    let metrics = serving.get("/metrics").body;
    metrics.lines().filter(|it| it.starts_with("claimlog_partition_leading{") && it.ends_with(" 1")).count()
}

/// Waits until the instance leads so many; how long that took.
fn until_leading(serving: &Serving, least: usize) -> Duration {
    let began = Instant::now();
    while leading(serving) < least {
        assert!(began.elapsed() < Duration::from_secs(40), "it leads {} only", leading(serving));
        thread::sleep(Duration::from_millis(50));
    }
    began.elapsed()
}

/// Publishes commands about more and more customers until it is told to end; gives their ids.
fn load(room: &Room, enough: &AtomicBool) -> Vec<String> {
    let (mut ids, mut sent) = (Vec::new(), Vec::new());
    for customer in 0..1_500 {
        let (first, second) = (10_000 + customer, 20_000 + customer);
        for (number, it) in [(first, add(first, customer)), (second, comment(second, &claim(first)))] {
            ids.push(id(number));
            sent.push(room.client.send(&room.topic("inbox.portal"), &Record::new(0, it.to_string())));
        }
        thread::sleep(Duration::from_millis(20));
        if enough.load(Ordering::Acquire) {
            break;
        }
    }
    for it in sent {
        it.recv_timeout(Duration::from_secs(30)).unwrap();
    }
    ids
}

/// How often each command was decided, and whether the same was said of it every time.
fn decided_once_each(room: &Room, ids: &[String]) {
    let mut decided: BTreeMap<String, usize> = BTreeMap::new();
    for decision in room.histories().iter().flat_map(|it| &it.decisions) {
        if let Cause::Command { asking, .. } = &decision.cause {
            *decided.entry(asking.id.clone()).or_default() += 1;
        }
    }
    let mut said: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for it in room.told() {
        said.entry(it["command_id"].as_str().unwrap().to_owned()).or_default().push(it);
    }
    for id in ids {
        assert_eq!(decided.get(id), Some(&1), "{id}: {:?}", said.get(id));
        let said = &said[id];
        assert!(said.iter().all(|it| *it == said[0]), "{said:?}");
        assert_eq!(answer(&said[0]), "accepted");
    }
    assert_eq!(decided.len(), ids.len() + program(30).len(), "nobody asked for more");
}

#[test] // F-01, F-04, F-14, F-16, F-18, I-01, I-02, I-04, I-05, I-10
fn two_instances_are_killed_stopped_and_asked_to_go_and_every_command_is_decided_once() {
    let test = "two_instances_are_killed_stopped_and_asked_to_go_and_every_command_is_decided_once";
    let Some(keys) = fresh() else { return };
    let Some(room) = Room::new(test, &[]) else { return };
    let places = [Place::of_world(), Place::of_world()];
    let keys = keys.url();
    let serve = |place: &Place| room.serve(place, &["--keys", &keys, "--no-effects"]);
    let (first, second) = (serve(&places[0]), serve(&places[1]));
    room.publish(&program(30));
    room.outcomes(&[id(1), id(2), id(3)]);
    let enough = AtomicBool::new(false);
    let ids = thread::scope(|scope| {
        let loading = scope.spawn(|| load(&room, &enough));
        thread::sleep(Duration::from_secs(1));

        // One is killed: the other leads everything; it comes back and gets its share.
        first.kill();
        until_leading(&second, LED);
        let first = serve(&places[0]);
        until_leading(&first, 1);

        // One stands still until the other leads everything; then it wakes, and what it had on its way is void.
        second.signal("STOP");
        until_leading(&first, LED);
        thread::sleep(Duration::from_millis(300));
        second.signal("CONT");
        until_leading(&second, 1);

        // One is asked to go: the other does not wait for a time-out.
        let went = Instant::now();
        first.stop().ended(0);
        until_leading(&second, LED);
        let took = went.elapsed();
        assert!(took < Duration::from_secs(5), "handed over in {took:?}");
        thread::sleep(Duration::from_millis(500));
        enough.store(true, Ordering::Release);
        let ids = loading.join().unwrap();
        room.outcomes(&ids);
        second.stop().ended(0);
        ids
    });
    assert!(ids.len() > 100);
    assert_eq!(room.observed(&room.told()), []);
    decided_once_each(&room, &ids);
    let histories = room.histories();
    assert!(histories.iter().all(|it| it.leads.len() >= 3), "led anew each time");
}
