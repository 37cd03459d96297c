//! The reading commands over the sample: what they print, and with which status they end.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::journal::event_types;
use crate::place::{Place, claimlog};
use crate::sample::APPLIED;
use crate::world::{add, lines, program};

/// What a reading command prints on the sample, as one JSON value.
fn asked(args: &[&str]) -> Value {
    APPLIED.place.run(args.iter().chain(&["--json"])).ended(0).json().remove(0)
}

fn view(tab: &str, partner: &str, engagement: &str) -> Value {
    asked(&["view", tab, "--partner", partner, "--engagement", engagement, "--limit", "10000"])
}

const PARTNERS: [&str; 3] = ["p-contoso", "p-adatum", "p-litware"];
const ENGAGEMENTS: [&str; 3] = ["security-workshop-2026", "azure-assessment-2026", "devops-small-eu-2026"];

#[test] // issue 3 item 16
fn each_of_the_three_views_has_rows_and_no_customer_is_both_eligible_and_ineligible() {
    let mut counts = [0; 3];
    for partner in PARTNERS {
        for engagement in ENGAGEMENTS {
            let mut customers: Vec<BTreeSet<String>> = Vec::new();
            for (count, tab) in counts.iter_mut().zip(["eligible", "ineligible", "completed"]) {
                let page = view(tab, partner, engagement);
                let rows = page["rows"].as_array().unwrap();
                *count += rows.len();
                customers.push(rows.iter().map(|it| it["customer"].to_string()).collect());
                for row in rows {
                    match tab {
                        "ineligible" => assert!(!row["reasons"].as_array().unwrap().is_empty(), "{row}"),
                        "completed" => assert!(row["claim"].is_string(), "R-012: {row}"),
                        _ => assert!(!row["next_actions"].is_null(), "{row}"),
                    }
                }
            }
            assert!(customers[0].is_disjoint(&customers[1]), "{partner} {engagement}");
        }
    }
    assert!(counts.iter().all(|it| *it > 0), "{counts:?}");
}

#[test] // R-012, D-11, CONTRACT §4
fn a_claim_and_its_history_open_from_a_row() {
    let page = view("completed", "p-contoso", "security-workshop-2026");
    let row = &page["rows"][0];
    let id = row["claim"].as_str().unwrap();
    let claim = asked(&["claim", id]);
    assert_eq!(claim["friendly_name"], row["friendly_name"]);
    assert_eq!(claim["status"], row["status"]);
    let history = APPLIED.place.run(["history", id, "--json"]).ended(0).out;
    for part in ["AddCustomer", "SendConsent", "CustomerConsentReceived", "SubmitClaim"] {
        assert!(history.contains(part), "no {part} in {history}");
    }
    let people = APPLIED.place.run(["history", id]).ended(0).out;
    assert!(people.contains("SendConsent"), "{people}");
    let missing = APPLIED.place.run(["claim", "c000-00000000000000000000"]).ended(1);
    assert!(missing.err.contains("c000-00000000000000000000"), "{}", missing.err);
    APPLIED.place.run(["claim", "no-claim-id"]).ended(2);
}

#[test]
fn an_engagement_without_a_page_ends_with_1_and_its_code() {
    for engagement in ["no-such-engagement", "NOT-AN-ID"] {
        let args = ["view", "eligible", "--partner", "p-contoso", "--engagement", engagement];
        let run = APPLIED.place.run(args);
        let expected = if engagement == "NOT-AN-ID" { 2 } else { 1 };
        let run = run.ended(expected);
        assert!(run.err.contains("engagement"), "{}", run.err);
    }
}

#[test] // CONTRACT §4
fn choices_names_each_engagement_once_and_records_nothing() {
    let before = fs::metadata(crate::journal::segments(&APPLIED.place.data()).remove(0)).unwrap().len();
    let choices =
        asked(&["choices", "--partner", "p-contoso", "--customer", "domain_name=amber-bakery.example"]);
    let names = |list: &str| -> BTreeSet<String> {
        choices[list].as_array().unwrap().iter().map(|it| it["engagement"].to_string()).collect()
    };
    let (eligible, ineligible) = (names("eligible"), names("ineligible"));
    assert!(!eligible.is_empty() && !ineligible.is_empty() && eligible.is_disjoint(&ineligible));
    for it in choices["ineligible"].as_array().unwrap() {
        assert!(!it["reasons"].as_array().unwrap().is_empty(), "{it}");
    }
    let nobody = ["choices", "--partner", "p-contoso", "--customer", "domain_name=nowhere.example"];
    assert!(APPLIED.place.run(nobody).ended(1).err.contains("tenant"));
    let after = fs::metadata(crate::journal::segments(&APPLIED.place.data()).remove(0)).unwrap().len();
    assert_eq!(before, after);
}

#[test] // CONTRACT §4
fn events_are_all_there_once_and_go_on_after_a_cursor() {
    let all = APPLIED.place.run(["events"]).ended(0).json();
    let expected: usize = event_types(&APPLIED.place.data()).values().sum();
    assert_eq!(all.len(), expected);
    let ids: BTreeSet<String> = all.iter().map(|it| it["id"].to_string()).collect();
    assert_eq!(ids.len(), expected, "each id once");
    // Going on from any event loses none, and repeats at most its own decision.
    let ids = |events: &[Value]| events.iter().map(|it| it["id"].to_string()).collect::<BTreeSet<_>>();
    let decision = |event: &Value| (event["partition"].to_string(), event["sequence"].to_string());
    let half = all.len() / 2;
    for middle in half..half + 8 {
        let rest =
            APPLIED.place.run(["events", "--from", all[middle]["cursor"].as_str().unwrap()]).ended(0).json();
        let behind = ids(&all[middle + 1..]);
        assert!(ids(&rest).is_superset(&behind), "none is lost");
        let again = rest.iter().filter(|it| !behind.contains(&it["id"].to_string()));
        again.for_each(|it| assert_eq!(decision(it), decision(&all[middle])));
    }
    APPLIED.place.run(["events", "--from", "not-a-cursor"]).ended(2);
}

#[test] // I-20, I-21, issue 3 item 13
fn views_rebuilt_from_zero_are_the_same_and_verify_says_so() {
    let before = view("eligible", "p-contoso", "security-workshop-2026");
    APPLIED.place.run(["views", "rebuild"]).ended(0);
    APPLIED.place.run(["views", "verify"]).ended(0);
    assert_eq!(view("eligible", "p-contoso", "security-workshop-2026"), before);
    let run = APPLIED.place.run(["audit", "verify"]).ended(0);
    assert!(run.out.contains("sound"), "{}", run.out);
    APPLIED.place.run(["views", "rebuild", "no-such-view"]).ended(1);
}

#[test] // pages
fn pages_follow_one_another_without_gap_or_repeat() {
    let whole = view("ineligible", "p-contoso", "security-workshop-2026");
    let mut rows = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut args =
            vec!["view", "ineligible", "--partner", "p-contoso", "--engagement", "security-workshop-2026"];
        args.extend(["--limit", "7"]);
        if let Some(after) = &after {
            args.extend(["--after", after]);
        }
        let page = asked(&args);
        rows.extend(page["rows"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert!(rows.len() > 14);
    assert_eq!(Value::from(rows), whole["rows"]);
}

#[test] // CONTRACT §4
fn schemas_and_completions_are_printed_without_a_directory() {
    for args in
        [&["schema"][..], &["schema", "refusals"], &["completions", "bash"], &["--help"], &["--version"]]
    {
        let run = crate::place::run(claimlog().args(args), Vec::new()).ended(0);
        assert!(!run.out.is_empty(), "{args:?}");
    }
    crate::place::run(claimlog().args(["schema", "no-such-schema"]), Vec::new()).ended(2);
}

#[test] // CONTRACT §4
fn a_reader_of_stdout_that_goes_away_is_no_failure() {
    for args in [
        &["events"][..],
        &["schema", "refusals"],
        &[
            "view",
            "ineligible",
            "--partner",
            "p-contoso",
            "--engagement",
            "security-workshop-2026",
            "--limit",
            "10000",
        ],
    ] {
        let mut child = APPLIED
            .place
            .claimlog()
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test] // issue 3 item 15
fn a_directory_without_a_log_is_told_apart_by_every_reading_command() {
    let place = Place::of_sample();
    for args in [
        &["view", "eligible", "--partner", "p-contoso", "--engagement", "quick-scan-2026"][..],
        &["claim", "c000-00000000000000000000"],
        &["events"],
        &["audit", "verify"],
        &["views", "verify"],
        &["effects", "list"],
    ] {
        let run = place.run(args).ended(1);
        assert!(run.err.contains("there is no directory"), "{args:?}: {}", run.err);
        assert!(!place.data().exists(), "{args:?}: reading makes nothing");
    }
}

#[test] // issue 3 item 17
fn the_demo_shows_views_history_refusals_effects_and_a_sound_log() {
    let run = crate::place::run(claimlog().arg("demo"), Vec::new()).ended(0);
    for part in ["Eligible", "Ineligible", "Completed", "claim_limit_reached", "sound"] {
        assert!(run.out.to_lowercase().contains(&part.to_lowercase()), "no {part} in {}", run.out);
    }
}

#[test] // CONTRACT §4: --config FILE, every option also as CLAIMLOG_…
fn options_stand_in_a_file_and_the_environment_and_the_command_line_win() {
    let place = Place::of_sample();
    let file = place.beside("claimlog.toml");
    let data = APPLIED.place.data();
    fs::write(&file, format!("data = {:?}\njson = true\n[view]\nlimit = 1\n", data.to_str().unwrap()))
        .unwrap();
    let rows = |change: &dyn Fn(&mut Command)| {
        let mut command = claimlog();
        command.arg("--config").arg(&file).args(["view", "completed"]);
        command.args(["--partner", "p-contoso", "--engagement", "security-workshop-2026"]);
        change(&mut command);
        let run = crate::place::run(&mut command, Vec::new()).ended(0);
        run.json()[0]["rows"].as_array().unwrap().len()
    };
    assert_eq!(rows(&|_| {}), 1);
    assert_eq!(
        rows(&|it| {
            it.env("CLAIMLOG_LIMIT", "2");
        }),
        2
    );
    assert_eq!(
        rows(&|it| {
            it.env("CLAIMLOG_LIMIT", "2").args(["--limit", "3"]);
        }),
        3
    );
    for wrong in
        ["colour = 'red'", "[paint]\ncolour = 'red'", "[view]\ncolour = 'red'", "data = [1]", "data ="]
    {
        fs::write(&file, wrong).unwrap();
        let run =
            crate::place::run(claimlog().arg("--config").arg(&file).args(["effects", "list"]), Vec::new());
        assert!(run.ended(2).err.contains("claimlog.toml"), "{wrong}");
    }
}

#[test] // CONTRACT §4: events --follow
fn who_follows_events_gets_those_that_are_yet_to_come() {
    let place = Place::of_world();
    place.apply(lines(&program(30))).ended(0);
    let known = place.run(["events"]).ended(0).json().len();
    let mut following = place
        .claimlog()
        .args(["events", "--follow"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(following.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(told.by_ref().take(known).count(), known);
    place.apply(lines(&[add(100, 0)])).ended(0);
    let next: Value = serde_json::from_str(&told.next().unwrap()).unwrap();
    following.kill().unwrap();
    following.wait().unwrap();
    assert_eq!(next["type"], "claimlog.CustomerAdded");
}
