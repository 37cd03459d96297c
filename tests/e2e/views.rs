//! The views beside a program that works, and before another program that is about to.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use crate::journal::segments;
use crate::place::Place;
use crate::world::{accept, add, claim, comment, lines, program, send_consent};

#[test] // I-20, issue 5 item 11
fn verified_at_any_moment_under_load_they_are_a_fresh_fold() {
    let place = Place::of_world();
    let serving = place.serve(&["--no-effects"]);
    serving.post(&json!(program(30)).to_string()).is(200);
    let (client, stop) = (serving.client(), Arc::new(AtomicBool::new(false)));
    let stops = Arc::clone(&stop);
    let load = thread::spawn(move || {
        let mut number = 100;
        while !stops.load(Ordering::Relaxed) {
            let claim = claim(number);
            let about = [
                add(number, number),
                send_consent(number + 1, &claim),
                comment(number + 2, &claim),
                accept(number + 3, &claim),
            ];
            client(&json!(about).to_string()).unwrap().is(200);
            number += 10;
        }
    });
    let mut cursors = BTreeSet::new();
    let mut rows = Vec::new();
    for _ in 0..8 {
        let verified = place.run(["views", "verify", "--json"]).ended(0).json().remove(0);
        cursors.insert(verified["cursor"].to_string());
        rows.push(verified["rows"].as_u64().unwrap());
    }
    stop.store(true, Ordering::Relaxed);
    load.join().unwrap();
    serving.stop().ended(0);
    assert!(cursors.len() >= 4, "the load stood still: {cursors:?}");
    assert!(rows.is_sorted() && rows.last() > rows.first(), "{rows:?}");
    place.run(["views", "verify"]).ended(0);
}

/// How the decisions about the claim were folded into a view.
const LAST: &str = "SELECT digests FROM folds WHERE view = 'eligible' AND partition <> 'program' ORDER BY length(digests) DESC";

#[test] // F-83, issue 5 item 11: the first event that the program before this one folded otherwise
fn a_program_that_folds_otherwise_than_the_one_before_it_decides_nothing() {
    let place = Place::of_world();
    let asked = [add(100, 1), send_consent(101, &claim(100)), accept(102, &claim(100))];
    place.apply(lines(&program(30)) + &lines(&asked)).ended(0);
    let log = || fs::read(segments(&place.data()).remove(0)).unwrap();
    let before = log();

    // As if another program had folded them, and it had made something else of the newest event of the claim.
    let views = rusqlite::Connection::open(place.data().join("views.sqlite")).unwrap();
    let kept: String = views.query_one(LAST, [], |it| it.get(0)).unwrap();
    let other = format!("{}00000000", &kept[..kept.len() - 8]);
    let change = "UPDATE folds SET digests = ?2 WHERE digests = ?1 AND view = 'eligible'";
    assert_eq!(views.execute(change, [&kept, &other]).unwrap(), 1);
    views.execute("UPDATE program SET sources = 'another'", []).unwrap();

    let live = ["serve", "--listen", "127.0.0.1:0"];
    let next = lines([&add(110, 2)]);
    for run in [place.apply(next.clone()), place.run(live), place.run(["views", "verify"])] {
        let run = run.ended(3);
        assert_eq!(run.out, "");
        assert!(run.err.contains("folds CustomerConsentReceived at "), "{}", run.err);
        assert!(run.err.contains("view eligible"), "{}", run.err);
    }
    assert_eq!(log(), before, "nothing was written, not even a lead");

    // Where it folds alike, it is let in.
    views.execute(change, [&other, &kept]).unwrap();
    assert_eq!(place.apply(next).ended(0).answers(), ["accepted"]);
    place.run(["audit", "verify"]).ended(0);
}
