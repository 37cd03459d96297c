//! Effects on Kafka: one referral and one upgrade a claim, performed by whoever leads, also when that changes.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use claim_domain::ids::EffectId;
use claim_testkit::kafka::Record;
use claim_testkit::postgres::fresh;
use serde_json::Value;

use super::room::Room;
use crate::effects::{sent, with_cosell};
use crate::place::{Place, answer};
use crate::world::{accept, add, claim, id, send_consent};

/// How long the ledger takes to be read some times more: what would be done twice, would be by then.
const SOME_READINGS: Duration = Duration::from_secs(4);

/// A customer added, asked, and agreeing.
fn upgraded(customer: u64) -> [Value; 3] {
    let opened = 1_000 + customer * 10;
    let claim = claim(opened);
    [add(opened, customer), send_consent(opened + 1, &claim), accept(opened + 2, &claim)]
}

/// How many events there are of a type; a publisher that begins anew may repeat some under the same ids.
fn count(events: &[Record], event_type: &str) -> usize {
    let of_type = events.iter().map(Record::json).filter(|it| it["data"]["type"] == event_type);
    of_type.map(|it| it["id"].to_string()).collect::<BTreeSet<_>>().len()
}

/// Waits until this many claims have their referral and their upgrade; each has one of each.
fn until_upgraded(room: &Room, claims: usize) {
    let mut reader = room.reader("events");
    let events = reader.until("upgrade of every claim", |all| count(all, "CoSellUpgraded") >= claims);
    for event_type in ["PartnerLedReferralCreated", "CoSellUpgraded"] {
        assert_eq!(count(events, event_type), claims, "{event_type}");
    }
}

/// The ids of results that were reported.
fn reported(room: &Room) -> Vec<String> {
    let all = room.reader("inbox.effects").all().iter().map(Record::json).collect::<Vec<_>>();
    all.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

/// The id under which the first try of an effect is reported.
fn result(effect: &str) -> String {
    EffectId(effect.parse().unwrap()).result(1).to_string()
}

#[test] // DESIGN rule 8, R-079, R-083, R-085
fn a_referral_is_created_and_upgraded_once_and_a_later_leader_finds_it_done() {
    let test = "a_referral_is_created_and_upgraded_once_and_a_later_leader_finds_it_done";
    let Some(room) = Room::new(test, &[]) else { return };
    let (first, second) = (Place::of_world(), Place::of_world());
    let keys = first.beside("keys.sqlite").display().to_string();
    let serving = room.serve(&first, &["--keys", &keys]);
    room.publish(&with_cosell());
    room.publish(&upgraded(0));
    until_upgraded(&room, 1);
    thread::sleep(SOME_READINGS);
    let done = sent(&first);
    assert_eq!(done.len(), 2);
    let results: Vec<String> = done.iter().map(|it| result(it)).collect();
    assert_eq!(reported(&room), results, "each is performed and reported once");
    let told = room.outcomes(&results);
    assert!(told.iter().all(|it| answer(&it.json()) == "accepted"), "{told:?}");
    let claim = told[0].json()["claims"][0].as_str().unwrap().to_owned();
    let shown = serving.until(&format!("/v1/claims/{claim}"), |it| it.body.contains("upgraded")).json();
    let states = shown["effects"].as_array().unwrap().iter().map(|it| it["state"].as_str().unwrap());
    assert_eq!(states.collect::<Vec<_>>(), ["due", "done", "done"], "mail waits: {shown}");
    let metrics = serving.get("/metrics").body;
    assert!(metrics.contains("claimlog_effects_total{result=\"recorded\"} 2"), "{metrics}");
    serving.stop().ended(0);

    // Another process, which has neither folded a view nor performed anything before, leads now.
    let serving = room.serve(&second, &["--keys", &keys]);
    room.publish(&upgraded(1));
    until_upgraded(&room, 2);
    thread::sleep(SOME_READINGS);
    let later = sent(&second);
    assert_eq!(later.len(), 2);
    assert!(later.iter().all(|it| !done.contains(it)), "what was done is not done again");
    assert_eq!(reported(&room).len(), 4);
    assert_eq!(sent(&first), done);
    serving.stop().ended(0);
    assert_eq!(room.observed(&room.told()), []);
}

/// How many claims have effects while an instance is killed.
const CLAIMS: u64 = 300;

/// Of each partition of the journal: the decided commands since its last lead.
fn decided_since_the_last_lead(room: &Room) -> BTreeSet<String> {
    let mut since: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for it in room.reader("journal").all() {
        let record = it.json();
        let decided = since.entry(it.partition).or_default();
        match record["body"]["cause"]["asked"]["id"].as_str() {
            Some(id) => drop(decided.insert(id.to_owned())),
            None if record["envelope"]["kind"] == "lead" => decided.clear(),
            None => {}
        }
    }
    since.into_values().flatten().collect()
}

#[test] // DESIGN rule 8, R-085, I-17
fn an_instance_is_killed_while_it_performs_and_the_other_does_the_rest_under_the_same_ids() {
    let test = "an_instance_is_killed_while_it_performs_and_the_other_does_the_rest_under_the_same_ids";
    let Some(keys) = fresh() else { return };
    let Some(room) = Room::new(test, &[]) else { return };
    let places = [Place::of_world(), Place::of_world()];
    let keys = keys.url();
    let [first, second] = places.each_ref().map(|it| room.serve(it, &["--keys", &keys]));
    room.publish(&with_cosell());
    room.outcomes(&[id(1), id(2), id(3)]);
    room.publish((0..CLAIMS).flat_map(upgraded).collect::<Vec<_>>().iter());
    let began = Instant::now();
    while sent(&places[0]).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(40), "it performs nothing");
        thread::sleep(Duration::from_millis(2));
    }
    first.kill();
    until_upgraded(&room, CLAIMS as usize);
    thread::sleep(SOME_READINGS);
    second.stop().ended(0);

    let [killed, other] = places.each_ref().map(sent);
    assert!(killed.len() < CLAIMS as usize, "{} were done: it was killed too late", killed.len());
    for sent in [&killed, &other] {
        assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), sent.len(), "twice by one of them");
    }
    let all: BTreeSet<&String> = killed.iter().chain(&other).collect();
    assert_eq!(all.len() as u64, CLAIMS * 2, "a referral and an upgrade each");
    // What was recorded when the other took the lead, it did not repeat.
    let late = decided_since_the_last_lead(&room);
    let repeated: Vec<&String> = killed.iter().filter(|it| other.contains(it)).collect();
    assert!(repeated.iter().all(|it| late.contains(&result(it))), "{repeated:?}");
    assert_eq!(room.observed(&room.told()), []);
}
