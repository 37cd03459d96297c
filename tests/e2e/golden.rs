//! Journals that earlier releases wrote, under `tests/golden`: they verify, decide and fold as they did then, for ever.
//!
//! Each folder there is a data directory as one release left it (`log/`, the keys as SQL, the list of erasures), the commands
//! that made it, and what that release told of it (`told/`). The commands are those of the sample about few customers that show
//! all it shows (`commands.ndjson`), and one for which the outside systems changed (`moved.ndjson`, `moved.json`). A new one is
//! made of the commands that stand there by `GOLDEN=tests/golden/NAME cargo test -p claimlog --test e2e golden`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::json;

use crate::journal::{decisions, records};
use crate::place::{self, Place, Run, root, sample_directory};

const LIST: &str = "data-erasures.ndjson";

/// Every golden journal.
fn golden() -> Vec<PathBuf> {
    let folders = fs::read_dir(root().join("tests/golden")).unwrap().map(|it| it.unwrap().path());
    folders.filter(|it| it.join("told").is_dir()).collect()
}

/// A fresh data directory with a golden journal in it.
fn restored(golden: &Path) -> Place {
    let place = Place::of_sample();
    let log = place.data().join("log");
    fs::create_dir_all(&log).unwrap();
    for segment in fs::read_dir(golden.join("log")).unwrap() {
        let segment = segment.unwrap();
        fs::copy(segment.path(), log.join(segment.file_name())).unwrap();
    }
    let keys = Connection::open(place.data().join("keys.sqlite")).unwrap();
    keys.execute_batch(&fs::read_to_string(golden.join("keys.sql")).unwrap()).unwrap();
    fs::copy(golden.join("erasures.ndjson"), place.beside(LIST)).unwrap();
    place
}

/// Everything that the program tells of a directory, by the name of the file it is kept in.
fn told(place: &Place) -> BTreeMap<&'static str, String> {
    let decisions = decisions(&place.data());
    let (mut claims, mut engagements, mut partners) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for decision in &decisions {
        let body = &decision["body"];
        if let Some(partner) = body["cause"]["asked"]["asker"]["partner"].as_str() {
            partners.insert(partner.to_owned());
        }
        for event in body["outcome"]["accepted"].as_array().into_iter().flatten() {
            claims.extend(event["claim"].as_str().map(str::to_owned));
            if event["type"] == "EngagementPublished" {
                engagements.insert(event["engagement"].as_str().unwrap().to_owned());
            }
        }
    }
    let run = |args: &[&str]| place.run(args).ended(0).out;
    let histories = claims.iter().map(|it| run(&["claim", it, "--json"]) + &run(&["history", it, "--json"]));
    let histories = histories.collect();
    let mut pages = String::new();
    let tabs = ["eligible", "ineligible", "completed"];
    for (tab, partner) in tabs.iter().flat_map(|tab| partners.iter().map(move |it| (tab, it))) {
        for engagement in &engagements {
            let args =
                ["view", tab, "--partner", partner, "--engagement", engagement, "--limit", "10000", "--json"];
            // An engagement that has no such page for a partner is told so.
            let page = place.run(args);
            pages += &format!("{}\n", json!({"args": args, "status": page.status, "told": page.out}));
        }
    }
    BTreeMap::from([
        ("claims.ndjson", histories),
        ("events.ndjson", run(&["events"])),
        ("effects.ndjson", run(&["effects", "list", "--json"])),
        ("views.ndjson", pages),
    ])
}

/// Applies the commands that made a golden journal.
fn applied(golden: &Path, place: &Place) -> Run {
    let mut told = String::new();
    for (commands, directory) in
        [("commands.ndjson", sample_directory()), ("moved.ndjson", golden.join("moved.json"))]
    {
        let mut command = place::claimlog();
        command.arg("--data").arg(place.data()).arg("--directory").arg(directory);
        command.args(["apply", "--as-recorded", "--simulated", "--no-effects", "-"]);
        let run = place::run(&mut command, fs::read(golden.join(commands)).unwrap()).ended(0);
        told += &run.out;
    }
    Run { status: Some(0), out: told, err: String::new() }
}

#[test] // issue 5, point 12
fn what_an_earlier_release_wrote_verifies_decides_and_folds_as_it_did_then() {
    if let Some(new) = std::env::var_os("GOLDEN") {
        make(&root().join(new));
    }
    let all = golden();
    assert!(!all.is_empty());
    for golden in all {
        let place = restored(&golden);
        place.run(["audit", "verify"]).ended(0);
        for (name, text) in told(&place) {
            let then = fs::read_to_string(golden.join("told").join(name)).unwrap();
            let differs = text.lines().zip(then.lines()).find(|(now, then)| now != then);
            assert_eq!(differs, None, "{}: {name}", golden.display());
            assert_eq!(text.len(), then.len(), "{}: {name}", golden.display());
        }
        // Answers are final, and this release goes on where that one stopped.
        let again = applied(&golden, &place);
        assert_eq!(again.out, fs::read_to_string(golden.join("told/outcomes.ndjson")).unwrap());
        place.run(["audit", "verify"]).ended(0);
    }
}

#[test] // issue 5, point 12: no shape is released that no golden journal holds
fn golden_journals_hold_every_shape_there_is() {
    let mut held = BTreeSet::new();
    for golden in golden() {
        for record in records(&golden) {
            let kind = record["envelope"]["kind"].as_str().unwrap().to_owned();
            held.insert(format!("{kind} {}", record["envelope"]["body_version"]));
            held.insert(format!("envelope {}", record["envelope"]["format"]));
            let body = &record["body"];
            if let Some(command) = body["cause"]["asked"]["content"].get("command") {
                held.insert(format!("command {} {}", command["type"].as_str().unwrap(), command["version"]));
            }
            for event in body["outcome"]["accepted"].as_array().into_iter().flatten() {
                held.insert(format!("event {} {}", event["type"].as_str().unwrap(), event["version"]));
            }
            held.extend(body["cause"]["deadline"]["kind"].as_str().map(|it| format!("deadline {it}")));
            held.extend(body["outcome"]["refused"]["code"].as_str().map(|it| format!("refused {it}")));
        }
    }
    let frozen = fs::read_to_string(root().join("tests/golden/shapes.txt")).unwrap();
    let shapes = frozen.lines().filter_map(|it| it.rsplit_once(' ')).map(|(name, _)| name);
    // What is told is not on the log.
    let missing: Vec<_> =
        shapes.filter(|it| !held.contains(*it) && !["outcome 1", "cloud-event 1"].contains(it)).collect();
    assert_eq!(missing, [""; 0]);
    for deadline in ["consent", "submit", "review", "dispute", "dispute_review"] {
        assert!(held.contains(&format!("deadline {deadline}")), "{deadline}: {held:?}");
    }
    assert!(held.iter().filter(|it| it.starts_with("refused ")).count() > 40, "{held:?}");
}

/// Makes a golden journal of the commands in a folder.
fn make(golden: &Path) {
    let place = Place::of_sample();
    let outcomes = applied(golden, &place);
    let erased = outcomes
        .json()
        .iter()
        .find_map(|it| it["events"][0]["contacts"]["customer"]["person"].as_str().map(str::to_owned));
    place.run(["erase", &erased.unwrap(), "--reason", "GOLDEN-1"]).ended(0);
    let write = |name: &str, text: &str| {
        let path = golden.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("keys.sql", &as_sql(&place.data().join("keys.sqlite")));
    write("erasures.ndjson", &fs::read_to_string(place.beside(LIST)).unwrap());
    write("told/outcomes.ndjson", &outcomes.out);
    for segment in fs::read_dir(place.data().join("log")).unwrap() {
        let segment = segment.unwrap();
        write(
            &format!("log/{}", segment.file_name().display()),
            &fs::read_to_string(segment.path()).unwrap(),
        );
    }
    told(&place).iter().for_each(|(name, text)| write(&format!("told/{name}"), text));
}

/// A key store as statements, for a file that can be read and compared.
fn as_sql(file: &Path) -> String {
    let keys = Connection::open(file).unwrap();
    let lines = |sql: &str| -> Vec<String> {
        let mut rows = keys.prepare(sql).unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let number = |name: &str| keys.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    let mut sql =
        lines("SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name");
    sql.extend(lines("SELECT 'INSERT INTO node VALUES (' || id || ', ' || quote(secret) || ');' FROM node"));
    sql.extend(lines(
        "SELECT 'INSERT INTO person_key VALUES (' || quote(key) || ', ' || quote(person) || ', ' || quote(lookup) || ', ' \
         || quote(secret) || ');' FROM person_key ORDER BY key",
    ));
    for pragma in ["application_id", "user_version"] {
        sql.push(format!("PRAGMA {pragma} = {};", number(pragma)));
    }
    sql.join("\n") + "\n"
}
