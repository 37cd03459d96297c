//! Views and keys on a server instead of in the data directory: the same answers, and what is not there stays not there.

use std::fs;
use std::process::Command;

use claim_testkit::postgres::{Fresh, fresh};
use serde_json::Value;

use crate::place::{self, Place, Run};
use crate::world::{SCAN, accept, add, claim, lines, program, send_consent};

/// Three claims, one of which its customer agreed to.
fn commands() -> Vec<Value> {
    let claims = (0..3).map(|it| add(100 + it, it));
    let agreed = [send_consent(200, &claim(100)), accept(201, &claim(100))];
    program(30).into_iter().chain(claims).chain(agreed).collect()
}

const PAGE: [&str; 6] = ["view", "eligible", "--partner", "p-contoso", "--engagement", SCAN];

/// The program on this directory, with views and keys on a server.
fn claimlog(place: &Place, views: &Fresh, keys: &Fresh) -> Command {
    let mut command = place.claimlog();
    command.arg("--views").arg(views.url()).arg("--keys").arg(keys.url());
    command
}

fn run(command: &mut Command, args: &[&str], input: &[Value]) -> Run {
    place::run(command.args(args), lines(input).into_bytes())
}

#[test] // DESIGN §7, F-37
fn views_and_keys_on_a_server_answer_as_those_in_the_directory_do() {
    let (Some(views), Some(keys)) = (fresh(), fresh()) else { return };
    let (place, local) = (Place::of_world(), Place::of_world());
    let on_server = |args: &[&str], input: &[Value]| run(&mut claimlog(&place, &views, &keys), args, input);
    let told = on_server(&["apply", "-"], &commands()).ended(0);
    assert_eq!(told.answers(), local.apply(lines(&commands())).ended(0).answers());
    for file in ["views.sqlite", "keys.sqlite"] {
        assert!(!place.data().join(file).exists(), "{file}");
    }
    let rows = |run: Run| -> Vec<Value> {
        let page = run.ended(0).json().remove(0);
        let only = ["name", "claim", "customer", "friendly_name", "status", "next_actions"];
        let rows = page["rows"].as_array().unwrap().iter();
        rows.map(|row| only.iter().map(|it| row[*it].clone()).collect()).collect()
    };
    let page: Vec<_> = PAGE.into_iter().chain(["--json"]).collect();
    let shown = rows(on_server(&page, &[]));
    assert_eq!(shown.len(), 3);
    assert_eq!(shown, rows(local.run(&page)), "opened with the keys on the server");
    on_server(&["views", "verify"], &[]).ended(0);
    on_server(&["views", "rebuild"], &[]).ended(0);
    assert_eq!(rows(on_server(&page, &[])), shown);
    on_server(&["audit", "verify"], &[]).ended(0);
    views.client().execute("UPDATE eligible SET name = 'changed by hand'", &[]).unwrap();
    let differs = on_server(&["views", "verify"], &[]).ended(3);
    assert!(
        differs.out.contains("table eligible") && differs.out.contains("changed by hand"),
        "{}",
        differs.out
    );
}

#[test] // CONTRACT §4: --config FILE, every option also as CLAIMLOG_…
fn places_of_views_and_keys_stand_in_the_environment_and_in_a_file_too() {
    let (Some(views), Some(keys)) = (fresh(), fresh()) else { return };
    let place = Place::of_world();
    let file = place.beside("claimlog.toml");
    fs::write(&file, format!("views = {:?}\n", views.url())).unwrap();
    let mut command = place.claimlog();
    command.arg("--config").arg(&file).env("CLAIMLOG_KEYS", keys.url());
    run(&mut command, &["apply", "-"], &commands()).ended(0);
    let keys_there = keys.client().query_one("SELECT count(*) FROM person_key", &[]).unwrap();
    let claims_there = views.client().query_one("SELECT count(*) FROM eligible", &[]).unwrap();
    assert!(keys_there.get::<_, i64>(0) > 0);
    assert_eq!(claims_there.get::<_, i64>(0), 3);
}

#[test] // F-35
fn commands_are_decided_while_the_server_of_the_views_is_away() {
    let place = Place::of_world();
    let mut away = place.claimlog();
    away.args(["--views", "postgres://user:secret@127.0.0.1:1/claims"]);
    let told = run(&mut away, &["apply", "-"], &commands()).ended(1);
    assert_eq!(told.answers(), vec!["accepted"; commands().len()]);
    assert!(
        told.err.contains("opening postgres://127.0.0.1:1/claims?schema=claimlog failed"),
        "{}",
        told.err
    );
    assert!(!told.err.contains("secret"), "{}", told.err);
    let page = place.run(PAGE.into_iter().chain(["--json"])).ended(0).json().remove(0);
    assert_eq!(page["rows"].as_array().unwrap().len(), 3, "they come after");
}

#[test]
fn a_place_that_is_none_is_a_wrong_configuration_and_no_password_is_shown() {
    let place = Place::of_world();
    for option in ["--views", "--keys"] {
        for url in ["postgres://user:secret@host:port/claims", "postgres://user:secret@host/claims?schema=A"]
        {
            let mut command = place.claimlog();
            let refused = run(command.args([option, url]), &["apply", "-"], &[]).ended(2);
            assert!(refused.err.contains(option) && !refused.err.contains("secret"), "{}", refused.err);
        }
    }
    let mut command = place.claimlog();
    command.env("CLAIMLOG_VIEWS", "postgres://user:secret@host/claims");
    let help = run(&mut command, &["apply", "--help"], &[]).ended(0);
    assert!(help.out.contains("CLAIMLOG_VIEWS") && !help.out.contains("secret"), "{}", help.out);
}
