//! Effects: one referral and one upgrade a claim, whatever is killed, replayed or rebuilt (rule 8 of the design, R-085).

use std::fs;

use serde_json::{Value, json};

use crate::journal::event_types;
use crate::place::Place;
use crate::world::{add, claim, lines, program, received, send_consent};

/// The world's program, where each request for consent makes a referral.
fn with_referrals() -> Vec<Value> {
    let mut program = program(30);
    program[0]["body"]["terms"]["referral"] = json!({"fact": "deal_size_usd_cents", "op": "ge", "value": 1});
    program
}

/// Five claims whose customers were asked.
fn asked() -> Vec<Value> {
    let claims = (0..5).flat_map(|it| {
        let opened = 100 + it * 10;
        [add(opened, it), send_consent(opened + 1, &claim(opened))]
    });
    with_referrals().into_iter().chain(claims).collect()
}

/// The effect ids of what the stand-in says it would have sent.
fn sent(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.data().join("effects.ndjson")).unwrap_or_default();
    text.lines().map(|it| serde_json::from_str::<Value>(it).unwrap()["effect"].to_string()).collect()
}

#[test] // I-17, I-21
fn one_referral_a_claim_however_often_it_is_applied_and_rebuilt() {
    let place = Place::of_world();
    place.apply(lines(&asked())).ended(0);
    let first = sent(&place);
    assert_eq!(first.len(), 5);
    assert_eq!(event_types(&place.data())["PartnerLedReferralCreated"], 5);
    place.apply(lines(&asked())).ended(0);
    for name in ["views.sqlite", "views.sqlite-wal", "views.sqlite-shm"] {
        drop(fs::remove_file(place.data().join(name)));
    }
    place.run(["views", "rebuild"]).ended(0);
    place.apply("").ended(0);
    place.run(["effects", "retry"]).ended(0);
    assert_eq!(sent(&place), first, "nothing is sent twice");
    assert_eq!(event_types(&place.data())["PartnerLedReferralCreated"], 5);
    place.run(["audit", "verify"]).ended(0);
}

#[test] // DESIGN rule 8
fn effects_are_left_for_later_when_asked_and_then_done_once() {
    let place = Place::of_world();
    place.feed(["apply", "--no-effects", "-"], lines(&asked())).ended(0);
    assert_eq!(sent(&place), Vec::<String>::new());
    let due = place.run(["effects", "list", "--state", "due", "--json"]).ended(0).json();
    let referrals = |it: &Value| it["family"] != "mail";
    assert_eq!(due[0]["effects"].as_array().unwrap().iter().filter(|it| referrals(it)).count(), 5);
    place.run(["effects", "retry"]).ended(0);
    assert_eq!(sent(&place).len(), 5);
}

#[test] // CONTRACT §1: intents of imported history are held
fn effects_of_imported_history_are_held_until_they_are_retried() {
    let place = Place::of_world();
    let recorded: Vec<Value> = asked().into_iter().map(|it| received(it, 0)).collect();
    place.apply_recorded(lines(&recorded)).ended(0);
    place.apply("").ended(0);
    assert_eq!(sent(&place), Vec::<String>::new());
    assert!(place.run(["effects", "retry", "--dry-run"]).ended(0).err.contains("5 effects"));
    assert_eq!(sent(&place), Vec::<String>::new());
    // The claims have expired by now, so each referral is closed as soon as it stands.
    place.run(["effects", "retry"]).ended(0);
    assert_eq!(sent(&place).len(), 10);
    let events = event_types(&place.data());
    assert_eq!((events["PartnerLedReferralCreated"], events["ReferralClosed"]), (5, 5));
    place.run(["effects", "retry"]).ended(0);
    assert_eq!(sent(&place).len(), 10, "nothing is held or due any more");
}
