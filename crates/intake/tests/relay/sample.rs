//! The same decisions by topics as from files: the sample, line by line.

use std::collections::BTreeMap;

use claim_domain::time::Instant;
use claim_testkit::sample::{Expect, sample};
use serde_json::Value;

use crate::room::{Room, until};

/// The line without the time it brings, and that time; nothing of a line whose time is none.
fn without_time(line: &str) -> Option<(String, Option<Instant>)> {
    let Some(begin) = line.find("\"received_at\":\"") else { return Some((line.to_owned(), None)) };
    let rest = &line[begin + 15..];
    let end = rest.find('"')?;
    let after = rest[end + 1..].strip_prefix(',').unwrap_or(&rest[end + 1..]);
    Some((format!("{}{after}", &line[..begin]), Some(rest[..end].parse().ok()?)))
}

/// Time is the broker's here: these problems cannot arise.
fn is_of_time(expect: &Expect) -> bool {
    matches!(expect, Expect::Problem(code) if code.starts_with("received_"))
}

#[test] // issue 4, point 7
fn the_sample_comes_to_the_same_by_a_topic() {
    let all = sample().unwrap();
    let room = Room::new(&all.directory);
    let (mut expected, mut now) = (Vec::new(), Instant::default());
    for file in &all.files {
        for (line, expect) in &file.lines {
            if is_of_time(expect) || line.trim().is_empty() {
                continue;
            }
            let Some((line, at)) = without_time(line) else { continue };
            now = now.max(at.unwrap_or(now));
            room.broker.set_time(now.as_ms());
            expected.push((room.send("inbox.portal", 0, Vec::new(), Some(line.as_bytes())), *expect, line));
        }
    }
    assert!(expected.len() > 3_900);
    let engine = room.engine();
    let intake = room.intake(true);
    let publisher = room.publisher();
    let ids = |it: &Value| it["command_id"].as_str().map(str::to_owned);
    let wanted: usize = expected.iter().filter(|(_, expect, _)| matches!(expect, Expect::Problem(_))).count();
    let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let last = expected.iter().rev().find_map(|(_, expect, line)| {
        let it: Value = serde_json::from_str(line).ok()?;
        matches!(expect, Expect::Accepted).then(|| it["id"].as_str().unwrap().to_owned())
    });
    until("the last outcome", || room.outcomes().iter().any(|(_, it)| ids(it) == last));
    std::thread::sleep(std::time::Duration::from_millis(1000));
    for (_, it) in room.outcomes() {
        if let Some(id) = ids(&it) {
            told.entry(id).or_default().push(it);
        }
    }
    let problems: BTreeMap<u64, Value> =
        room.values("outcomes", 3).into_iter().map(|it| (it["input"].as_u64().unwrap(), it)).collect();
    let mut wrong = Vec::new();
    for (offset, expect, line) in &expected {
        let of_id = || {
            let id = serde_json::from_str::<Value>(line).ok()?["id"].as_str()?.to_owned();
            told.get(&id)
        };
        let fits = match expect {
            Expect::Problem(code) => problems.get(offset).is_some_and(|it| it["reason"]["code"] == **code),
            Expect::Accepted => of_id().is_some_and(|all| all.iter().any(|it| it["outcome"] == "accepted")),
            Expect::Refused(code) => {
                of_id().is_some_and(|all| all.iter().any(|it| it["reason"]["code"] == **code))
            }
        };
        if !fits {
            wrong.push(format!("{expect:?}: {line}: {:?} {:?}", of_id(), problems.get(offset)));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        expected.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
    assert_eq!(problems.len(), wanted, "a problem where none was expected");
    drop((intake, publisher));
    engine.close();
}
