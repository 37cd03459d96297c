//! Effects: one referral and one upgrade a claim, whatever is killed, replayed or rebuilt (rule 8 of the design, R-085).

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::journal::event_types;
use crate::place::Place;
use crate::seed::Chance;
use crate::world::{accept, add, claim, lines, program, received, send_consent};

/// The world's program, where each request for consent makes a referral.
fn with_referrals() -> Vec<Value> {
    let mut program = program(30);
    program[0]["body"]["terms"]["referral"] = json!({"fact": "deal_size_usd_cents", "op": "ge", "value": 1});
    program
}

/// The same, and whoever agrees makes it a co-sell.
pub(crate) fn with_cosell() -> Vec<Value> {
    let mut program = with_referrals();
    program[0]["body"]["terms"]["cosell"] = json!({"fact": "deal_size_usd_cents", "op": "ge", "value": 1});
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
pub(crate) fn sent(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.data().join("effects.ndjson")).unwrap_or_default();
    text.lines()
        .map(|it| serde_json::from_str::<Value>(it).unwrap()["effect"].as_str().unwrap().to_owned())
        .collect()
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

/// How many claims have effects while the program is killed.
const CLAIMS: u64 = 150;
/// How often it is killed while it performs.
const KILLS: u64 = 20;

#[test] // R-085, I-17, DESIGN rule 8
fn one_referral_and_one_upgrade_a_claim_though_the_program_is_killed_while_it_performs() {
    let mut chance = Chance::new("effects");
    let place = Place::of_world();
    let mut commands = with_cosell();
    for customer in 0..CLAIMS {
        let opened = 100 + customer * 10;
        let claim = claim(opened);
        commands.extend([
            add(opened, customer),
            send_consent(opened + 1, &claim),
            accept(opened + 2, &claim),
        ]);
    }
    place.feed(["apply", "--no-effects", "-"], lines(&commands)).ended(0);
    let mut met = 0;
    for kill in 0..KILLS {
        let before = place.data().join("effects.ndjson").metadata().map_or(0, |it| it.len());
        let mut retry = place.claimlog();
        let mut child = retry
            .args(["effects", "retry", "--due-only"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Some of it is performed: it is killed in the middle of the rest.
        let grown = || place.data().join("effects.ndjson").metadata().map_or(0, |it| it.len()) > before;
        while !grown() && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(chance.below(20_000)));
        child.kill().unwrap();
        met += u64::from(!child.wait().unwrap().success());
        if kill % 5 == 4 {
            drop(fs::remove_file(place.data().join("views.sqlite")));
            drop(fs::remove_file(place.data().join("views.sqlite-wal")));
        }
    }
    assert!(met >= 5, "only {met} kills met a working program");
    place.run(["effects", "retry"]).ended(0);
    let sent = sent(&place);
    assert_eq!(sent.len() as u64, CLAIMS * 2, "a referral and an upgrade each");
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), sent.len(), "nothing is sent twice");
    let events = event_types(&place.data());
    assert_eq!(
        (events["PartnerLedReferralCreated"], events["CoSellUpgraded"]),
        (CLAIMS as usize, CLAIMS as usize)
    );
    place.run(["audit", "verify"]).ended(0);
}
