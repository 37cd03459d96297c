//! `erase`: who is erased can be read by nobody, anywhere, ever again; all else is as it was.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::http::Serving;
use crate::place::{Place, Run, answer};
use crate::search::{Search, forms};
use crate::world::{add, claim, comment, domain, id, lines, program};

/// How many persons are erased.
const PERSONS: u64 = 1_000;
/// What stands in every text about them, and nowhere else; letters that each encoding spells in its own way.
const NAME: &str = "Çanary-Þq7x";
/// The same for addresses, which are ASCII.
const ADDRESS: &str = "canary.q7x+";

fn address(person: u64) -> String {
    format!("{ADDRESS}{person}@{}", domain(person))
}

/// Adds a customer whose contact is a person with canaries in every text.
fn add_person(number: u64, person: u64) -> Value {
    let mut command = add(number, person);
    command["body"]["friendly_name"] = format!("A scan for {NAME} {person}").into();
    command["body"]["contacts"]["customer"] = json!({
        "first_name": NAME, "last_name": format!("{NAME}-{person}"), "email": address(person)
    });
    command
}

/// Outcomes, all of them accepted.
fn accepted(told: &Value) -> &[Value] {
    let told = told.as_array().unwrap();
    assert!(told.iter().all(|it| answer(it) == "accepted"), "{told:?}");
    told
}

/// The claim of an outcome.
fn claim_of(outcome: &Value) -> String {
    outcome["claims"][0].as_str().unwrap_or_else(|| panic!("{outcome}")).to_owned()
}

/// A claim by HTTP.
fn shown(serving: &Serving, claim: &str) -> Value {
    serving.until(&format!("/v1/claims/{claim}"), |it| it.status == 200).json()
}

fn erase(place: &Place, whom: impl Iterator<Item = String>, args: &[&str]) -> Run {
    let whom: String = whom.map(|it| it + "\n").collect();
    place.feed(["erase", "-"].iter().chain(args), whom)
}

/// The keys of persons in a file, as bytes.
fn keys_in(file: &Path) -> Vec<Vec<u8>> {
    let keys = rusqlite::Connection::open(file).unwrap();
    let mut rows = keys.prepare("SELECT secret FROM person_key WHERE secret IS NOT NULL").unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn copied(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}

#[test] // issue 5, point 17; I-24, F-85, F-88
fn a_thousand_persons_erased_under_load_stand_nowhere_any_more_and_no_backup_brings_them_back() {
    let place = Place::of_world();
    let mut serving = place.serve(&["--no-effects"]);
    accepted(&serving.post(&json!(program(30)).to_string()).is(200).json());
    let (mut claims, mut customers) = (Vec::new(), BTreeSet::new());
    for from in (0..PERSONS).step_by(100) {
        let commands: Vec<_> = (from..from + 100).map(|it| add_person(10_000 + it, it)).collect();
        let told = serving.post(&json!(commands).to_string()).is(200).json();
        for outcome in accepted(&told) {
            claims.push(claim_of(outcome));
            customers.insert(format!("customer:{}", outcome["customer"].as_str().unwrap()));
        }
    }
    assert_eq!(customers.len() as u64, PERSONS);
    let before = shown(&serving, &claims[7]);
    assert_eq!(before["friendly_name"], format!("A scan for {NAME} 7"));
    assert_eq!(before["contacts"]["customer"]["email"], address(7));
    serving.stop().ended(0);
    let backup = place.beside("backup");
    copied(&place.data(), &backup);

    // Erased while commands come in, about them too.
    serving = place.serve(&["--no-effects"]);
    let (stop, posted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let load = {
        let (client, stop, posted) = (serving.client(), Arc::clone(&stop), Arc::clone(&posted));
        thread::spawn(move || {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let about_them = comment(20_000 + 2 * number, &claim(10_000 + number % PERSONS));
                let about_others = add(20_001 + 2 * number, PERSONS + number % (PERSONS - 1));
                let told = client(&json!([about_them, about_others]).to_string()).unwrap().is(200).json();
                if number < PERSONS {
                    accepted(&told);
                }
                posted.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    while posted.load(Ordering::Relaxed) < 20 {
        thread::yield_now();
    }
    let contacts = (0..PERSONS).map(|it| format!("contact:p-contoso/{}", address(it)));
    let receipt = erase(&place, contacts.chain(customers.clone()), &["--reason", "GDPR-2211", "--json"]);
    let receipt = receipt.ended(0).json().remove(0);
    let begun = posted.load(Ordering::Relaxed);
    while posted.load(Ordering::Relaxed) < begun + 20 {
        thread::yield_now();
    }
    stop.store(true, Ordering::Relaxed);
    load.join().unwrap();
    let persons = receipt["persons"].as_array().unwrap();
    assert_eq!(persons.len() as u64, 2 * PERSONS);
    assert!(persons.iter().all(|it| it["state"] == "erased" && !it["keys"].as_array().unwrap().is_empty()));

    // The running server shows nobody of them, and everybody else.
    for claim in &claims {
        is_erased(&shown(&serving, claim));
    }
    let other = serving.post(&json!([add(90_000, 2 * PERSONS - 1)]).to_string()).is(200).json();
    let other = shown(&serving, &claim_of(&accepted(&other)[0]));
    assert_eq!(
        (&other["friendly_name"], &other["contacts"]["customer"]["first_name"]),
        (&json!("A scan"), &json!("Ada"))
    );
    let history = serving.get(&format!("/v1/claims/{}/history", claims[0])).is(200).body;
    assert!(history.contains("\"erased\""), "{history}");
    let last = comment(90_001, &claim(10_000));
    serving.post(&last.to_string()).is(200);
    let history = format!("/v1/claims/{}/history", claims[0]);
    let later = serving.until(&history, |it| it.body.contains("A comment.")).body;
    assert!(later.contains("\"erased\""), "F-85: what comes later has a key of its own: {later}");
    serving.stop().ended(0);
    place.run(["audit", "verify"]).ended(0);

    // Every byte of every file.
    let keys = keys_in(&backup.join("keys.sqlite"));
    let alive: BTreeSet<_> = keys_in(&place.data().join("keys.sqlite")).into_iter().collect();
    let destroyed: Vec<_> = keys.iter().filter(|it| !alive.contains(*it)).collect();
    assert_eq!(destroyed.len() as u64, 2 * PERSONS, "all but the partner's own contact");
    let canaries = [("name", NAME.as_bytes()), ("address", ADDRESS.as_bytes())];
    let texts = Search::of(canaries);
    let keys = Search::of(destroyed.iter().map(|it| ("key", it.as_slice())));
    assert!(keys.under(&backup).contains_key("key raw"), "this check can find a key");
    let (list, moved) = (place.beside("data-erasures.ndjson"), place.beside("elsewhere"));
    assert_eq!(fs::read_to_string(&list).unwrap().lines().count() as u64, 2 * PERSONS);
    let everything = list.parent().unwrap();
    assert_eq!(texts.under(everything).len(), 0, "{:?}", texts.under(everything));
    fs::rename(&backup, &moved).unwrap();
    let searched = place.beside("searched");
    fs::create_dir(&searched).unwrap();
    fs::rename(place.data(), searched.join("data")).unwrap();
    fs::copy(&list, searched.join("list")).unwrap();
    assert_eq!(keys.under(&searched).len(), 0, "{:?}", keys.under(&searched));
    for (name, secret) in canaries {
        for (form, leaked) in forms(secret) {
            fs::write(searched.join("leak"), leaked).unwrap();
            assert!(
                texts.under(&searched).contains_key(&format!("{name} {form}")),
                "this check finds {name} {form}"
            );
        }
    }

    // The backup from before comes back: first read, then served.
    fs::rename(&moved, place.data()).unwrap();
    is_erased(&place.run(["claim", &claims[7], "--json"]).ended(0).json()[0]);
    assert!(keys.under(&place.data()).contains_key("key raw"), "who only reads changes nothing");
    serving = place.serve(&["--no-effects"]);
    for claim in &claims {
        is_erased(&shown(&serving, claim));
    }
    serving.stop().ended(0);
    assert_eq!(keys.under(&place.data()).len(), 0, "{:?}", keys.under(&place.data()));
}

fn is_erased(claim: &Value) {
    let erased = json!({"sealed": "erased"});
    assert_eq!((&claim["friendly_name"], &claim["contacts"]["customer"]), (&erased, &erased), "{claim}");
    assert_eq!(claim["contacts"]["partner"]["first_name"], "Bo", "{claim}");
}

#[test] // issue 5, point 17
fn who_is_erased_and_who_is_not_is_said_of_each() {
    let place = Place::of_world();
    let commands: Vec<_> = program(30).into_iter().chain([add_person(100, 1)]).collect();
    place.apply(lines(&commands)).ended(0);
    let contact = || [format!("contact:p-contoso/{}", address(1)), id(5)].into_iter();
    let told = erase(&place, contact(), &["--reason", "GDPR-2211"]).ended(1);
    let said: Vec<_> = told.out.lines().skip(1).map(|it| it.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!((said[0][0], said[0][2], said[0][3]), ("contact", "1", "erased"), "{}", told.out);
    assert_eq!((said[1][0], said[1][1], said[1][3]), ("person", id(5).as_str(), "unknown"), "{}", told.out);
    assert!(
        told.err.contains("1 erased, 0 already erased, 1 unknown")
            && told.err.contains("data-erasures.ndjson")
    );
    assert!(!format!("{}{}", told.out, told.err).contains(ADDRESS), "no address is repeated");

    let person = said[0][1].to_owned();
    let again =
        erase(&place, [person].into_iter(), &["--reason", "GDPR-2211", "--json"]).ended(0).json().remove(0);
    assert_eq!(
        (&again["persons"][0]["state"], &again["persons"][0]["keys"]),
        (&json!("already_erased"), &json!([]))
    );
    let gone =
        erase(&place, contact().take(1), &["--reason", "GDPR-2211", "--json"]).ended(1).json().remove(0);
    assert_eq!(gone["persons"][0], json!({"state": "unknown", "keys": []}));
}

#[test] // F-60: wrong usage says what is wrong, changes nothing, and repeats no address
fn what_names_nobody_or_gives_no_reason_is_wrong_usage() {
    let place = Place::of_world();
    let commands: Vec<_> = program(30).into_iter().chain([add_person(100, 1)]).collect();
    place.apply(lines(&commands)).ended(0);
    let contact = format!("contact:p-contoso/{}", address(1));
    for (args, input, said) in [
        (vec!["erase", &contact], "", "--reason"),
        (vec!["erase", "--reason", "GDPR-1"], "", "PERSON"),
        (vec!["erase", &contact, "--reason", "she asked us to"], "", "one word, such as the ticket"),
        (vec!["erase", "mina", "--reason", "GDPR-1"], "", "customer:ID"),
        (vec!["erase", "-", "--reason", "GDPR-1"], "\n", "names nobody"),
        (vec!["erase", "-", "--reason", "GDPR-1"], "\nmina@c1.example\n", "stdin, line 2"),
    ] {
        let refused = place.feed(&args, input).ended(2);
        assert!(refused.err.contains(said), "{args:?}: {}", refused.err);
        assert!(!refused.err.contains("mina@c1"), "{}", refused.err);
    }
    assert!(!place.beside("data-erasures.ndjson").exists());
    let nowhere = Place::of_world();
    let refused = nowhere.run(["erase", &contact, "--reason", "GDPR-1"]).ended(1);
    assert!(refused.err.contains("key store"), "{}", refused.err);
    assert!(!nowhere.data().exists(), "nothing is made");
}

#[test] // F-86, F-88
fn with_a_damaged_list_nothing_opens_personal_data() {
    let place = Place::of_world();
    let commands: Vec<_> = program(30).into_iter().chain([add_person(100, 1)]).collect();
    let told = place.apply(lines(&commands)).ended(0).json();
    fs::write(place.beside("data-erasures.ndjson"), "{\"person\":\n").unwrap();
    let claim = claim_of(&told[3]);
    for args in [vec!["claim", &claim], vec!["apply", "-"], vec!["serve", "--listen", "127.0.0.1:0"]] {
        let refused = place.run(&args).ended(1);
        assert!(
            refused.err.contains("data-erasures.ndjson is damaged at line 1"),
            "{args:?}: {}",
            refused.err
        );
    }
}
