//! One command is followed through the logs by the trace that it brought.

use serde_json::Value;

use crate::http::Serving;
use crate::place::{Place, Run};
use crate::world::{add, id, program};

/// The trace that a command brings, its id, and the id of the asker's span.
pub(crate) const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT_ID: &str = "00f067aa0ba902b7";

/// Options under which every step is told, a JSON object a line.
pub(crate) const TOLD: [&str; 3] = ["-vv", "--log-format", "json"];

/// Adds a customer, with a trace and without.
pub(crate) fn add_two(serving: &Serving) {
    serving.post_with(&add(100, 1).to_string(), &[("traceparent", TRACE)]).is(200);
    serving.post(&add(101, 2).to_string()).is(200);
}

/// What was told of the trace, in its order.
pub(crate) fn of_trace(run: &Run) -> Vec<Value> {
    let lines = run.err.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
    let all: Vec<Value> = lines.filter(|it| it["trace_id"] == TRACE_ID).collect();
    assert!(all.iter().all(|it| it["level"] == "DEBUG" && it["parent_id"] == PARENT_ID), "{all:?}");
    all
}

/// The one line that tells this step of the command that [`add_two`] traced.
#[track_caller]
pub(crate) fn step<'a>(all: &'a [Value], step: &str) -> &'a Value {
    // What intake asks on its own before a command belongs to its trace too.
    let of_command = |it: &&Value| it["message"] == step && it["command"] == id(100);
    let found: Vec<&Value> = all.iter().filter(of_command).collect();
    assert_eq!(found.len(), 1, "{step}: {all:?}");
    assert_eq!(found[0]["source"], "partner:p-contoso");
    found[0]
}

#[test] // issue 4, point 13
fn a_command_is_followed_through_the_logs_by_its_trace() {
    let place = Place::of_world();
    let serving = place.serve(&TOLD);
    serving.post(&serde_json::to_string(&program(30)).unwrap()).is(200);
    add_two(&serving);
    let all = of_trace(&serving.stop().ended(0));
    assert!(step(&all, "received")["input"].is_u64());
    let decided = step(&all, "decided");
    assert!(decided["partition"].is_string() && decided["sequence"].as_u64() > Some(0), "{decided}");
    let answered = all.iter().find(|it| it["message"] == "answered").unwrap();
    assert_eq!((&answered["route"], &answered["status"]), (&"/v1/commands".into(), &200.into()));
    assert!(!all.iter().any(|it| it["command"] == id(101)), "another command is not in it");

    // By default no step is told.
    let serving = place.serve(&TOLD[1..]);
    serving.post_with(&add(102, 3).to_string(), &[("traceparent", TRACE)]).is(200);
    assert_eq!(of_trace(&serving.stop().ended(0)), Vec::<Value>::new());
}
