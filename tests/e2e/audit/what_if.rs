//! `audit what-if`: held against a directory on which the changed terms were really published.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use crate::journal::{decisions, segments};
use crate::place::Place;
use crate::sample::APPLIED;
use crate::seed::Chance;
use crate::world::{
    DAY_MS, SCAN, accept, add, at, claim, command, comment, lines, operator, program, received, send_consent,
    terms,
};

/// Publishes changed terms under an id of its own.
fn publish(number: u64, terms: &Value) -> Value {
    command(number, "PublishEngagement", operator(), json!({"engagement": SCAN, "terms": terms}))
}

/// Terms with these fields changed.
fn changed(changes: Value) -> Value {
    let mut terms = terms(30);
    terms.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    terms
}

/// Some claims of a few customers, each asked for consent and answered at random times or never, in the order of time.
fn story(chance: &mut Chance) -> Vec<(i64, Value)> {
    let mut all = Vec::new();
    for number in 0..60 {
        let (id, customer) = (1_000 + number * 10, chance.below(25));
        let mut day = i64::try_from(chance.below(120)).unwrap();
        all.push((day, add(id, customer)));
        let claim = claim(id);
        let steps = [
            comment(id + 1, &claim),
            send_consent(id + 2, &claim),
            accept(id + 3, &claim),
            comment(id + 4, &claim),
        ];
        for step in steps.into_iter().take(usize::try_from(chance.below(5)).unwrap()) {
            day += i64::try_from(chance.below(25)).unwrap();
            all.push((day, step));
        }
    }
    // References must have been routed: the order of days, and of one day that in which they were made up.
    all.sort_by_key(|(day, _)| *day);
    all.into_iter().map(|(day, it)| (day * DAY_MS, it)).collect()
}

/// A directory on which all this came, with a last command that tells the time.
fn place(begin: Vec<Value>, story: &[(i64, Value)], inserted: Option<(i64, Value)>) -> Place {
    let mut all: Vec<_> = begin.into_iter().map(|it| (0, it)).collect();
    all.extend(story.iter().cloned());
    all.push((300 * DAY_MS, add(9_000, 1_999)));
    let (before, after): (Vec<_>, Vec<_>) = match &inserted {
        Some((at, _)) => all.into_iter().partition(|(ms, _)| ms < at),
        None => (all, Vec::new()),
    };
    let all = before.into_iter().chain(inserted).chain(after);
    let input = lines(&all.map(|(ms, it)| received(it, ms)).collect::<Vec<_>>());
    let place = Place::of_world();
    place.feed(["apply", "--as-recorded", "--simulated", "--no-effects", "-"], input).ended(0);
    place
}

/// What a claim pays, its status, and until when it stands so.
type Claim = (Value, Value, Value);

/// Every claim, folded here from the events that this story can lead to.
fn claims(place: &Place) -> BTreeMap<String, Claim> {
    let mut all: BTreeMap<String, Claim> = BTreeMap::new();
    for decision in decisions(&place.data()) {
        for event in decision["body"]["outcome"]["accepted"].as_array().into_iter().flatten() {
            let Some(id) = event["claim"].as_str() else { continue };
            let claim = all.entry(id.to_owned()).or_default();
            match event["type"].as_str().unwrap() {
                "CustomerAdded" => {
                    let status = json!("CustomerClaimed");
                    *claim = (event["payout"]["cents"].clone(), status, event["consent_due_at"].clone());
                }
                "ConsentRequested" => claim.1 = "AwaitingConsent".into(),
                "CustomerConsentReceived" => {
                    (claim.1, claim.2) = ("ConsentReceived".into(), event["submit_due_at"].clone());
                }
                "CustomerConsentExpired" => (claim.1, claim.2) = ("ConsentExpired".into(), Value::Null),
                "ClaimNotSubmittedExpired" => {
                    (claim.1, claim.2) = ("NotSubmittedExpired".into(), Value::Null);
                }
                "CommentAdded" => {}
                other => panic!("{other} is not of this story"),
            }
        }
    }
    all
}

fn what_if(place: &Place, terms: &Value, more: &[&str]) -> Value {
    let file = place.beside("changed.json");
    fs::write(&file, json!({"engagement": SCAN, "terms": terms}).to_string()).unwrap();
    let args = ["audit", "what-if", "--json", "--limit", "1000", "--terms", file.to_str().unwrap()];
    place.run(args.iter().chain(more)).ended(0).json().remove(0)
}

/// Compares what is told with what came of it on the other directory.
fn compare(told: &Value, recorded: &Place, really: &Place) {
    let (then, now) = (claims(recorded), claims(really));
    let all: BTreeSet<_> = then.keys().chain(now.keys()).collect();
    let differ: BTreeSet<String> =
        all.into_iter().filter(|it| then.get(*it) != now.get(*it)).cloned().collect();
    let first = told["first"].as_array().unwrap();
    let listed: BTreeMap<String, &Value> =
        first.iter().map(|it| (it["claim"].as_str().unwrap().to_owned(), it)).collect();
    assert!(!differ.is_empty());
    for id in &differ {
        let it = listed
            .get(id)
            .unwrap_or_else(|| panic!("{id} is not told: {:?} {:?}", then.get(id), now.get(id)));
        let (then, now) = (then.get(id), now.get(id));
        let pays = |it: Option<&Claim>| it.map_or(Value::Null, |it| it.0.clone());
        let stands = |it: Option<&Claim>| it.map_or(json!([null, null]), |it| json!([it.1, it.2]));
        let (payout, view) = (&it["payout"], &it["view"]);
        assert_eq!(payout.is_object(), pays(then) != pays(now), "{it}");
        assert_eq!(view.is_object(), stands(then) != stands(now), "{it}");
        for (side, world) in [("then", then), ("now", now)] {
            assert!(payout.is_null() || payout[side]["cents"] == pays(world), "{side}: {it}");
            let told = json!([view[side]["status"], view[side]["next_due_at"]]);
            assert!(view.is_null() || told == stands(world), "{side}: {it}");
        }
    }
    // Who is told without differing in the end differs in what a command came to.
    for (id, it) in listed.iter().filter(|(id, _)| !differ.contains(*id)) {
        assert!(it["outcome"].is_object() && it["view"].is_null() && it["payout"].is_null(), "{id}: {it}");
    }
    let positions: Vec<_> = first.iter().filter_map(|it| it["first"]["judged_at"].as_str()).collect();
    assert!(positions.is_sorted(), "the first difference comes first");
    let counted: u64 = told["counts"].as_array().unwrap().iter().filter_map(|it| it["count"].as_u64()).sum();
    assert!(counted >= told["differing"].as_u64().unwrap());
}

#[test] // the item 14: as if the terms had always been these
fn what_is_told_is_what_comes_of_it_when_the_terms_are_published_so() {
    let mut chance = Chance::new("what_is_told_is_what_comes_of_it");
    let story = story(&mut chance);
    let recorded = place(program(30), &story, None);
    let log = fs::read(&segments(&recorded.data())[0]).unwrap();
    let days = |consent| json!({"consent": consent, "submit": 60, "review": 90, "dispute": 30, "dispute_review": 30});
    for change in [
        json!({"limit": 1, "payout": {"fixed_cents": 400_000, "currency": "USD"}}),
        json!({"days": days(4)}),
        json!({"days": days(90), "limit": 9}),
        json!({"id_kinds": ["tenant_id"]}),
    ] {
        let terms = changed(change);
        let mut begin = program(30);
        begin[0]["body"]["terms"] = terms.clone();
        let really = place(begin, &story, None);
        let told = what_if(&recorded, &terms, &[]);
        compare(&told, &recorded, &really);
        let of_program = |it: &Value| it["envelope"]["partition"] == "program";
        let decisions = decisions(&recorded.data()).into_iter().filter(|it| !of_program(it));
        let commands = decisions.filter(|it| it["body"]["cause"]["asked"].is_object()).count();
        assert_eq!(told["commands"], commands);
    }
    assert_eq!(fs::read(&segments(&recorded.data())[0]).unwrap(), log, "the log is as it was");
    let same = what_if(&recorded, &terms(30), &[]);
    assert_eq!((&same["differing"], &same["first"], &same["counts"]), (&json!(0), &json!([]), &json!([])));
}

#[test] // changed from a time on is as if published then
fn terms_changed_from_a_time_on_are_as_if_published_then() {
    let mut chance = Chance::new("terms_changed_from_a_time_on");
    let story = story(&mut chance);
    let recorded = place(program(30), &story, None);
    let terms = changed(
        json!({"limit": 1, "days": {"consent": 6, "submit": 60, "review": 90, "dispute": 30, "dispute_review": 30},
        "payout": {"fixed_cents": 450_000, "currency": "USD"}}),
    );
    let from = 60 * DAY_MS;
    let really = place(program(30), &story, Some((from, publish(8_000, &terms))));
    compare(&what_if(&recorded, &terms, &["--from", &at(from)]), &recorded, &really);
}

#[test] // A-77, CONTRACT §4: statuses, and what people read
fn wrong_terms_are_refused_and_people_get_a_table_with_the_rate() {
    let published = fs::read_to_string(crate::place::root().join("deploy/sample/01-program.ndjson")).unwrap();
    let mut found = published.lines().map(|it| serde_json::from_str::<Value>(it).unwrap());
    let mut command = found.find(|it| it["body"]["engagement"] == "security-workshop-2026").unwrap();
    let file = APPLIED.place.beside("terms.json");
    let run = |text: String, status: i32| {
        fs::write(&file, text).unwrap();
        APPLIED.place.run(["audit", "what-if", "--terms", file.to_str().unwrap()]).ended(status)
    };
    command["body"]["terms"]["limit"] = 1.into();
    let told = run(command.to_string(), 0);
    for part in ["commands decided again in", "a second on", "claim_limit_reached", "differ"] {
        assert!(told.out.contains(part), "no {part} in {}", told.out);
    }
    command["body"]["terms"]["limit"] = 0.into();
    assert!(run(command.to_string(), 2).err.contains("limit is less than 1"));
    command["body"]["terms"]["limit"] = 1.into();
    command["body"]["engagement"] = "never-published".into();
    assert!(run(command.to_string(), 1).err.contains("engagement_not_found"));
    assert!(run("{}".to_owned(), 2).err.contains("PublishEngagement"));
    assert!(run(String::new(), 2).err.contains("there are none"));
}
