//! Snapshots: each is the fold of the log up to its position, whoever starts from one decides as if there were none, and
//! whatever is wrong with one costs time and nothing else (I-28, F-79).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use claim_log_embedded::EmbeddedReader;
use claim_snapshot::{Cut, Keeper, Snapshot};
use serde_json::Value;
use tempfile::TempDir;

use crate::damage::copy;
use crate::journal;
use crate::place::{Place, Run};
use crate::sample::{APPLIED, paths};
use crate::seed::Chance;
use crate::world::{accept, add, claim, comment, lines, program, send_consent};

/// So little of the log that every start finds a snapshot, and nearly everything was forgotten.
const OFTEN: &str = "4KiB";
/// How often a snapshot is damaged.
const ROUNDS: u64 = 64;

/// Folds the log of a data directory into a new snapshot, in steps of so many bytes; the store is opened anew for each
/// when `again`.
fn folded(data: &Path, step: u64, again: bool) -> (TempDir, Cut, Snapshot) {
    let log = EmbeddedReader::open(data).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("snapshot");
    loop {
        let opened = Snapshot::open(&dir).unwrap();
        assert_eq!(opened.discarded, None);
        let snapshot = Arc::new(opened.snapshot);
        let mut keeper = Keeper::new(Arc::clone(&snapshot), opened.cut);
        let mut steps = 0;
        keeper
            .catch_up(&log, step, |_| {
                steps += 1;
                !again
            })
            .unwrap();
        let cut = keeper.cut().clone();
        drop(keeper);
        if !again || steps == 0 {
            return (folder, cut, Arc::into_inner(snapshot).unwrap());
        }
    }
}

#[test] // I-28
fn i_28_a_snapshot_is_the_fold_of_the_log_in_whatever_steps_it_was_made() {
    let data = APPLIED.place.data();
    let (_folder, whole, snapshot) = folded(&data, u64::MAX / 2, false);
    assert!(whole.records > 4_000, "{whole:?}");
    assert_eq!(snapshot.hash().unwrap(), whole.fold, "the rows are those that were hashed");
    let steps = [(whole.end / 3, false), (whole.end / 40, false), (whole.end / 9, true)];
    for (step, again) in steps {
        let (_folder, cut, snapshot) = folded(&data, step, again);
        assert_eq!(serde_json::to_value(&cut).unwrap(), serde_json::to_value(&whole).unwrap(), "{step}");
        assert_eq!(snapshot.hash().unwrap(), cut.fold, "{step}");
    }
}

fn apply_recorded(place: &Place, every: &str, input: &str) -> Run {
    let options = ["--as-recorded", "--simulated", "--no-effects", "--snapshot-every", every, "-"];
    place.feed(["apply"].iter().chain(&options), input)
}

#[test] // I-28, F-79, issue 3 item 16
fn i_28_the_sample_applied_in_parts_from_snapshots_is_decided_as_without_any() {
    let place = Place::of_sample();
    let input: Vec<String> = paths()
        .iter()
        .flat_map(|it| fs::read_to_string(it).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut told = String::new();
    for part in input.chunks(input.len() / 12 + 1) {
        let run = apply_recorded(&place, OFTEN, &(part.join("\n") + "\n"));
        assert!(!run.err.contains("made again"), "{}", run.err);
        told += &run.out;
    }
    assert!(journal::told(&place.data()) == journal::told(&APPLIED.place.data()), "another history");
    assert_eq!(told.lines().count(), APPLIED.run.out.lines().count());
    place.run(["audit", "verify"]).ended(0);
    place.run(["views", "verify"]).ended(0);
}

/// A directory with a snapshot, what was asked, and what was told.
fn kept() -> (Place, String, String) {
    let place = Place::of_world();
    let mut input = lines(&program(30));
    for number in 0..40 {
        let opened = 100 + number * 10;
        let claim = claim(opened);
        input +=
            &lines([&add(opened, number), &send_consent(opened + 1, &claim), &comment(opened + 2, &claim)]);
    }
    let run = apply(&place, &input);
    // A start brings a snapshot that is far behind to the end.
    let again = apply(&place, &input);
    assert_eq!(again.out, run.out);
    assert!(snapshot(&place).is_dir());
    (place, input, run.out)
}

fn run_once(place: &Place, input: &str) -> Run {
    place.feed(["apply", "--no-effects", "--snapshot-every", OFTEN, "-"], input)
}

fn apply(place: &Place, input: &str) -> Run {
    run_once(place, input).ended(0)
}

fn snapshot(place: &Place) -> PathBuf {
    place.data().join("snapshot")
}

/// Everything is answered as before, and what is new is decided.
fn is_well(place: &Place, input: &str, told: &str, round: u64) -> Run {
    let run = apply(place, input);
    assert_eq!(run.out, told);
    let number = 100 + (round % 40) * 10;
    let fresh =
        apply(place, &lines([&accept(5_000 + round, &claim(number)), &add(7_000 + round, 500 + round)]));
    let answers = fresh.answers();
    assert_eq!(answers[1], "accepted", "{}", fresh.out);
    assert!(answers[0] == "accepted" || round >= 40, "{}", fresh.out);
    run
}

#[test] // F-79
fn f_79_a_snapshot_that_is_missing_foreign_or_ahead_of_the_log_is_made_again() {
    let (place, input, told) = kept();
    assert_eq!(is_well(&place, &input, &told, 0).err.matches("made again").count(), 0);

    fs::remove_dir_all(snapshot(&place)).unwrap();
    is_well(&place, &input, &told, 1);
    assert!(snapshot(&place).is_dir(), "it is made again");

    let older = place.beside("older");
    copy(&place.data(), &older);
    is_well(&place, &input, &told, 2);
    is_well(&place, &input, &told, 3);
    // The older log comes back, and the snapshot stays: it knows more than there is.
    for part in ["log", "log-end", "views.sqlite", "keys.sqlite"] {
        let (from, to) = (older.join(part), place.data().join(part));
        if from.is_dir() {
            fs::remove_dir_all(&to).unwrap();
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
    let run = is_well(&place, &input, &told, 2);
    assert!(run.err.contains("made again from the log, since the log ends at"), "{}", run.err);

    let (other, ..) = kept();
    fs::remove_dir_all(snapshot(&place)).unwrap();
    copy(&snapshot(&other), &snapshot(&place));
    let run = is_well(&place, &input, &told, 4);
    assert!(run.err.contains("made again from the log"), "{}", run.err);
    place.run(["audit", "verify"]).ended(0);
}

#[test] // I-28, DESIGN rule 3
fn i_28_what_a_running_server_forgot_is_answered_as_before_and_can_be_referred_to() {
    let place = Place::of_world();
    place.apply(lines(&program(30))).ended(0);
    let serving = place.serve(&["--no-effects"]);
    let client = serving.client();
    let ask = |command: &Value| client(&command.to_string()).unwrap().is(200).body;
    let mut told: Vec<(Value, String)> = Vec::new();
    for round in 0..5 {
        for customer in round * 20..round * 20 + 20 {
            let opened = 100 + customer * 10;
            for command in [add(opened, customer), comment(opened + 1, &claim(opened))] {
                let answer = ask(&command);
                told.push((command, answer));
            }
        }
        // No snapshot holds these yet.
        for customer in round * 20..round * 20 + 20 {
            let opened = 100 + customer * 10;
            let command = comment(opened + 4, &claim(opened));
            let answer = ask(&command);
            told.push((command, answer));
        }
        // So that a snapshot is taken, and the next round finds that it may forget.
        thread::sleep(Duration::from_millis(500));
    }
    for (command, answer) in &told {
        assert_eq!(ask(command), *answer);
    }
    for customer in 0..100 {
        let opened = 100 + customer * 10;
        let outcome = ask(&send_consent(opened + 2, &claim(opened)));
        assert!(outcome.contains("\"accepted\""), "{outcome}");
        // The same customer in another claim: its facts are known, and it is the same one.
        let outcome = ask(&add(opened + 3, customer));
        assert!(outcome.contains("\"refused\""), "{outcome}");
        let outcome = ask(&comment(opened, &claim(opened)));
        assert!(outcome.contains("command_id_reused"), "{outcome}");
    }
    drop(serving);
    assert!(snapshot(&place).is_dir());
    place.run(["audit", "verify"]).ended(0);
}

/// The files of a snapshot, those in its directories too.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if fs::metadata(&path).unwrap().len() > 0 {
            all.push(path);
        }
    }
    all.sort();
    all
}

#[test] // F-79, issue 5 item 6
fn f_79_a_flipped_bit_a_missing_end_or_a_missing_file_of_a_snapshot_costs_time_only() {
    let mut chance = Chance::new("f_79_snapshots");
    let (place, input, told) = kept();
    let whole = place.beside("whole");
    copy(&snapshot(&place), &whole);
    let names: Vec<_> = files(&whole).iter().map(|it| it.strip_prefix(&whole).unwrap().to_owned()).collect();
    assert!(names.len() > 3, "{names:?}");
    let mut found = BTreeSet::new();
    for round in 0..ROUNDS {
        let name = &names[chance.below(names.len() as u64) as usize];
        fs::remove_dir_all(snapshot(&place)).unwrap();
        copy(&whole, &snapshot(&place));
        let path = snapshot(&place).join(name);
        let mut bytes = fs::read(&path).unwrap();
        let at = chance.below(bytes.len() as u64) as usize;
        match round % 4 {
            0 | 1 => bytes[at] ^= 1 << chance.below(8),
            2 => bytes.truncate(at),
            _ => bytes.clear(),
        }
        fs::write(&path, &bytes).unwrap();
        if round % 8 == 7 {
            fs::remove_file(&path).unwrap();
        }
        // Damage may show only while it is read: then the program says so and ends, and the next start makes it again.
        let first = run_once(&place, &input);
        let mut answers = first.out.lines().zip(told.lines());
        let same = |(now, then): (&str, &str)| now == then || now.contains("\"log_unavailable\"");
        assert!(answers.all(same), "{name:?}: {}", first.out);
        if first.status == Some(0) {
            assert_eq!(first.out, told, "{name:?}");
        } else {
            found.insert("while it was read");
        }
        if first.err.contains("made again from the log") {
            found.insert("at the start");
        }
        assert_eq!(apply(&place, &input).out, told, "{name:?}");
    }
    assert!(found.contains("at the start"), "nothing was found in {names:?}");
    place.run(["audit", "verify"]).ended(0);
}
