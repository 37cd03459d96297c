//! `audit as-of`: a claim and whole views as they were.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::place::Place;
use crate::sample::APPLIED;
use crate::world::{DAY_MS, SCAN, accept, add, at, claim, lines, program, received, send_consent};

/// Applies commands on a directory whose clock is the newest time given.
fn apply(place: &Place, commands: &[Value]) {
    place.feed(["apply", "--as-recorded", "--simulated", "--no-effects", "-"], lines(commands)).ended(0);
}

/// What a command prints, as one JSON value.
fn asked(place: &Place, args: &[&str]) -> Value {
    place.run(args.iter().chain(&["--json"])).ended(0).json().remove(0)
}

const VIEW: [&str; 6] = ["--partner", "p-contoso", "--engagement", SCAN, "--limit", "1000"];

fn view(place: &Place, tab: &str) -> Value {
    asked(place, &[&["view", tab][..], &VIEW].concat())
}

fn view_as_of(place: &Place, moment: &str, tab: &str) -> Value {
    asked(place, &[&["audit", "as-of", moment, "view", tab][..], &VIEW].concat())
}

/// The same answer without the moment that was asked for.
fn undated(mut answer: Value) -> Value {
    let fields = answer.as_object_mut().unwrap();
    assert!(fields.remove("as_of").is_some() && fields.remove("at").is_some());
    answer
}

/// Day by day: a first customer that agrees, a second that never answers and expires on day 30, told on day 40.
fn story() -> Vec<(i64, Vec<Value>)> {
    let on = |day: i64, commands: Vec<Value>| {
        let stamped = commands.into_iter().map(|it| received(it, day * DAY_MS)).collect();
        (day, stamped)
    };
    let mut begin = program(30);
    begin.extend([add(100, 1), add(110, 2)]);
    vec![
        on(0, begin),
        on(1, vec![send_consent(101, &claim(100)), send_consent(111, &claim(110))]),
        on(2, vec![accept(102, &claim(100))]),
        on(40, vec![add(120, 3)]),
    ]
}

#[test] // CONTRACT §4: as-of CURSOR is what was printed then, row by row
fn at_a_cursor_claims_and_views_are_what_they_said_then() {
    let place = Place::of_world();
    let mut said: BTreeMap<(usize, &str), Value> = BTreeMap::new();
    for (at, (_, commands)) in story().into_iter().enumerate() {
        apply(&place, &commands);
        for tab in ["eligible", "ineligible", "completed"] {
            said.insert((at, tab), view(&place, tab));
        }
        let row = &said[&(at, "eligible")]["rows"][0];
        let id = row["claim"].as_str().expect("an open claim").to_owned();
        let then = asked(&place, &["claim", &id]);
        said.insert((at, "claim"), then);
    }
    for ((at, what), then) in said {
        let cursor = then["cursor"].as_str().unwrap();
        let again = match what {
            "claim" => asked(&place, &["audit", "as-of", cursor, "claim", then["id"].as_str().unwrap()]),
            tab => view_as_of(&place, cursor, tab),
        };
        assert_eq!(again["as_of"], cursor);
        assert_eq!(undated(again), then, "after step {at}: {what}");
    }
}

#[test] // as-of TIME counts by the judged time, and a deadline by its due time
fn at_a_time_what_was_decided_by_then_is_told_and_deadlines_due_by_then() {
    let place = Place::of_world();
    story().iter().for_each(|(_, commands)| apply(&place, commands));
    let rows = |ms: i64, tab: &str| {
        let page = view_as_of(&place, &at(ms), tab);
        assert_eq!((&page["as_of"], &page["at"]), (&at(ms).into(), &at(ms).into()));
        let status = |it: &Value| it["status"].as_str().unwrap_or("known").to_owned();
        page["rows"].as_array().unwrap().iter().map(status).collect::<Vec<_>>()
    };
    assert_eq!(rows(DAY_MS - 1, "eligible"), ["CustomerClaimed", "CustomerClaimed"]);
    assert_eq!(rows(DAY_MS, "eligible"), ["AwaitingConsent", "AwaitingConsent"]);
    assert_eq!(rows(2 * DAY_MS, "eligible"), ["ConsentReceived", "AwaitingConsent"]);
    // It fired on day 40, when the next command came; it is of the day on which it was due.
    assert_eq!(rows(30 * DAY_MS - 1, "eligible"), ["ConsentReceived", "AwaitingConsent"]);
    assert_eq!(rows(30 * DAY_MS, "eligible"), ["ConsentReceived"]);
    assert_eq!(rows(40 * DAY_MS, "eligible"), ["ConsentReceived", "CustomerClaimed"]);

    let expired = view_as_of(&place, &at(29 * DAY_MS), "eligible")["rows"][1]["claim"].clone();
    let id = expired.as_str().unwrap();
    let status = |ms| asked(&place, &["audit", "as-of", &at(ms), "claim", id])["status"].clone();
    assert_eq!(status(30 * DAY_MS - 1), "AwaitingConsent");
    assert_eq!(status(30 * DAY_MS), "ConsentExpired");
    let people = place.run(["audit", "as-of", &at(DAY_MS), "claim", id]).ended(0);
    assert!(people.out.contains("AwaitingConsent") && people.err.contains(&at(DAY_MS)), "{people:?}");
}

#[test] // A-62, CONTRACT §4: what is no moment of this journal is said
fn a_moment_that_never_was_is_refused() {
    let place = Place::of_world();
    let (_, commands) = story().remove(0);
    apply(&place, &commands);
    let cursor = view(&place, "eligible")["cursor"].as_str().unwrap().to_owned();
    let of_view =
        |moment: &str| [&["audit", "as-of", moment, "view", "eligible"][..], &VIEW].concat().join(" ");
    let run = |moment: &str, status: i32| place.run(of_view(moment).split(' ')).ended(status).err;
    assert!(run(&at(DAY_MS), 1).contains("still to come"));
    assert!(run("yesterday", 2).contains("2026-01-31T09:30:00Z"));
    assert!(run("c_program-99", 1).contains("ends at program 3"));
    // Without its program no decision of a customer can have been made.
    let (without, _) = cursor.split_once("_program").unwrap();
    assert!(run(without, 1).contains("never stood"), "{without}");
    assert!(run("c", 1).contains("engagement_not_found"));
    let claim = ["audit", "as-of", "c_program-3", "claim", "c000-00000000000000000000"];
    assert!(place.run(claim).ended(1).err.contains("claim_not_found"));
}

#[test] // at the newest time, and at the newest cursor, the past is the present
fn the_newest_moment_of_the_sample_is_now() {
    let views = ["--partner", "p-contoso", "--engagement", "security-workshop-2026", "--limit", "1000"];
    let now = asked(&APPLIED.place, &[&["view", "completed"][..], &views].concat());
    let as_of = |moment: &str| {
        let args = [&["audit", "as-of", moment, "view", "completed"][..], &views].concat();
        asked(&APPLIED.place, &args)
    };
    let there = as_of(now["cursor"].as_str().unwrap());
    let newest = there["at"].as_str().unwrap().to_owned();
    assert!(now["rows"].as_array().unwrap().len() > 10);
    assert_eq!(undated(there), now);
    assert_eq!(undated(as_of(&newest)), now);
}
