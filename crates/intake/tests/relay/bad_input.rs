//! Bad records lose nothing: a problem or a note in the quarantine, with position and reason, and the partition goes on.

use std::path::Path;

use serde_json::{Value, json};

use crate::room::{Room, until};

fn directory() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/sample/directory.json");
    std::fs::read_to_string(path).unwrap()
}

/// A command of the operator that changes nothing but is decided.
fn retire(number: u128) -> Vec<u8> {
    let id = uuid::Uuid::from_u128(number);
    let asker = json!({"kind": "program_operator", "user": "op-1"});
    let body = json!({"engagement": "no-such"});
    json!({"id": id, "type": "RetireEngagement", "version": 1, "asker": asker, "body": body})
        .to_string()
        .into_bytes()
}

#[test] // F-28, F-31, issue 4 point 17
fn every_bad_record_is_told_and_noted_and_the_partition_goes_on() {
    let room = Room::new(&directory());
    let engine = room.engine();
    let (intake, publisher) = (room.intake(false), room.publisher());
    let wrong_version = String::from_utf8(retire(2)).unwrap().replace("\"version\":1", "\"version\":9");
    let wrong_type = String::from_utf8(retire(3)).unwrap().replace("RetireEngagement", "Retire");
    let bad: Vec<(Option<Vec<u8>>, &str)> = vec![
        (None, "not_json"),
        (Some(Vec::new()), "not_json"),
        (Some(b"\xff\xfe".to_vec()), "not_json"),
        (Some(b"{".to_vec()), "not_json"),
        (Some(vec![b'['; 5_000]), "malformed"),
        (Some(format!("\"{}\"", "x".repeat(900_000)).into_bytes()), "too_large"),
        (Some(wrong_version.into_bytes()), "unsupported_version"),
        (Some(wrong_type.into_bytes()), "unknown_type"),
        (Some(b"{}".to_vec()), "malformed"),
    ];
    for (value, _) in &bad {
        room.send("inbox.portal", 0, vec![("trace".into(), b"7".to_vec())], value.as_deref());
    }
    let twice = vec![("a".to_owned(), b"1".to_vec()), ("a".to_owned(), b"2".to_vec())];
    room.send("inbox.portal", 0, twice, Some(&retire(4)));
    room.send("inbox.portal", 0, vec![("order".into(), b"17".to_vec())], Some(&retire(1)));
    let is_of = |it: &Value, number: u128| it["command_id"] == uuid::Uuid::from_u128(number).to_string();
    until("the good one", || room.outcomes().iter().any(|(_, it)| is_of(it, 1)));
    until("every problem", || room.values("outcomes", 3).len() > bad.len());
    until("every note", || room.values("quarantine", 0).len() >= 10);
    let problems = room.values("outcomes", 3);
    let codes: Vec<_> = problems.iter().map(|it| it["reason"]["code"].as_str().unwrap()).collect();
    let mut wanted: Vec<_> = bad.iter().map(|it| it.1).chain(["malformed"]).collect();
    let mut found = codes.clone();
    wanted.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, wanted);
    assert!(problems.iter().all(|it| it["inbox"] == "inbox.portal[0]"));
    let noted = room.values("quarantine", 0);
    assert_eq!(noted.len(), 10, "all of these were unreadable");
    assert!(noted.iter().all(|it| it["topic"] == "inbox.portal" && it["offset"].is_u64()));
    let (record, _) = room.outcomes().into_iter().find(|(_, it)| is_of(it, 1)).unwrap();
    assert!(record.headers.contains(&("order".to_owned(), b"17".to_vec())), "headers are handed back");
    drop((intake, publisher));
    engine.close();
}

#[test] // DESIGN §6: source_not_allowed
fn a_topic_carries_only_the_sources_it_may() {
    let room = Room::new(&directory());
    let engine = room.engine();
    let intake = room.intake(false);
    room.send("inbox.crm", 1, Vec::new(), Some(&retire(1)));
    until("the problem", || !room.values("outcomes", 3).is_empty());
    let problem = room.values("outcomes", 3).remove(0);
    assert_eq!(problem["reason"]["code"], "source_not_allowed");
    assert!(room.values("quarantine", 0).is_empty(), "it could be read");
    drop(intake);
    engine.close();
}
