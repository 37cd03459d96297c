//! One command is followed through the logs and the topics by the trace that it brought.

use crate::kafka::room::Room;
use crate::place::Place;
use crate::trace::{TOLD, TRACE, add_two, of_trace, step};
use crate::world::{id, program};

#[test] // issue 4, point 13
fn by_http_and_topics_a_command_is_followed_by_its_trace() {
    let Some(room) = Room::new("by_http_and_topics_a_command_is_followed_by_its_trace", &[]) else { return };
    let place = Place::of_world();
    let serving = room.serve(&place, &TOLD);
    room.publish(&program(30));
    room.outcomes(&[id(1), id(2), id(3)]);
    add_two(&serving);
    let told = room.outcomes(&[id(100), id(101)]);
    assert_eq!(told[0].header("traceparent"), Some(TRACE));
    assert_eq!(told[1].header("traceparent"), None);
    let claim = told[0].json()["claims"][0].clone();
    let mut events = room.reader("events");
    let added = |it: &claim_testkit::kafka::Record| it.json()["subject"] == claim;
    let all = events.until("event of the claim", |all| all.iter().any(added));
    assert_eq!(all.iter().find(|it| added(it)).unwrap().json()["traceparent"], TRACE);

    let all = of_trace(&serving.stop().ended(0));
    let position = told[0].json()["position"].clone();
    assert!(step(&all, "received")["input"].is_u64());
    let decided = step(&all, "decided");
    assert_eq!(decided["partition"], position["partition"].to_string());
    assert_eq!(decided["sequence"], position["sequence"]);
    let published = step(&all, "published");
    assert_eq!(
        (&published["partition"], &published["sequence"]),
        (&decided["partition"], &decided["sequence"])
    );
    assert!(all.iter().any(|it| it["message"] == "answered" && it["status"] == 200), "{all:?}");
}
