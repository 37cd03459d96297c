//! The sample by a topic comes to the same as by files: every outcome, and every row of the views.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use claim_domain::time::Instant;
use claim_testkit::kafka::{Record, or_skip};
use claim_testkit::sample::{Expect, sample};
use serde_json::Value;

use super::room::Room;
use crate::http::Serving;
use crate::place::{Place, answer};
use crate::sample::paths;

/// How long the views of both may take to be the same.
const PATIENCE: Duration = Duration::from_secs(90);

/// The line without the time it brings, and that time; nothing of a line whose time is none.
fn without_time(line: &str) -> Option<(String, Option<i64>)> {
    let Some(begin) = line.find("\"received_at\":\"") else { return Some((line.to_owned(), None)) };
    let rest = &line[begin + 15..];
    let end = rest.find('"')?;
    let after = rest[end + 1..].strip_prefix(',').unwrap_or(&rest[end + 1..]);
    let at: Instant = rest[..end].parse().ok()?;
    Some((format!("{}{after}", &line[..begin]), Some(at.as_ms())))
}

/// Time is the broker's here: these problems cannot arise.
fn is_of_time(expect: &Expect) -> bool {
    matches!(expect, Expect::Problem(code) if code.starts_with("received_"))
}

/// The lines as records with the times that they bring, each with what must come of it.
fn records() -> Vec<(Record, Expect)> {
    let (mut all, mut now) = (Vec::new(), 0);
    for file in &sample().unwrap().files {
        for (line, expect) in
            file.lines.iter().filter(|(line, expect)| !is_of_time(expect) && !line.trim().is_empty())
        {
            let Some((line, at)) = without_time(line) else { continue };
            now = now.max(at.unwrap_or(now));
            all.push((Record { at_ms: Some(now), ..Record::new(0, line) }, *expect));
        }
    }
    all
}

/// What `expected` says in the words of [`answer`], where the outcomes on the topic are.
fn compare(room: &Room, sent: &[(Record, Expect)], offsets: &[u64]) {
    let mut of_id: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut problems: BTreeMap<u64, Value> = BTreeMap::new();
    for it in room.told() {
        if it["outcome"] == "problem" {
            problems.insert(it["input"].as_u64().unwrap(), it);
        } else {
            of_id.entry(it["command_id"].as_str().unwrap().to_owned()).or_default().push(it);
        }
    }
    let mut wrong = Vec::new();
    for ((record, expect), offset) in sent.iter().zip(offsets) {
        let id = serde_json::from_slice(&record.value)
            .ok()
            .and_then(|it: Value| it["id"].as_str().map(str::to_owned));
        let said: Vec<String> = match expect {
            Expect::Problem(_) => problems.remove(offset).iter().map(answer).collect(),
            _ => id.iter().flat_map(|id| of_id.get(id)).flatten().map(answer).collect(),
        };
        if !said.contains(&expect.to_string()) {
            wrong.push(format!("{expect} expected at {offset}: {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {:#?}", wrong.len(), sent.len(), &wrong[..wrong.len().min(10)]);
    assert!(problems.is_empty(), "where none was expected: {problems:?}");
}

/// The rows of every view of some partners, without where they stand on the log.
fn pages(serving: &Serving) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for partner in ["p-contoso", "p-fabrikam", "p-adatum"] {
        let list = serving.get(&format!("/v1/partners/{partner}/engagements")).is(200).json();
        for it in list["engagements"].as_array().unwrap() {
            let engagement = it["engagement"].as_str().or(it["id"].as_str()).unwrap();
            for tab in ["eligible", "ineligible", "completed"] {
                let path =
                    format!("/v1/partners/{partner}/engagements/{engagement}/customers?tab={tab}&limit=200");
                let mut rows = serving.get(&path).is(200).json()["rows"].take();
                rows.as_array_mut().unwrap().iter_mut().for_each(without_place);
                all.insert(format!("{partner} {engagement} {tab}"), rows);
            }
            all.insert(format!("{partner} {engagement} counts"), it["counts"].clone());
        }
    }
    all
}

fn without_place(row: &mut Value) {
    let fields = row.as_object_mut().unwrap();
    for name in ["position", "cursor"] {
        fields.remove(name);
    }
}

#[test] // issue 4, point 7
fn the_sample_by_a_topic_comes_to_the_same_outcomes_and_views_as_by_files() {
    let test = "the_sample_by_a_topic_comes_to_the_same_outcomes_and_views_as_by_files";
    if or_skip(test).is_none() {
        return;
    }
    let Some(room) = Room::new(test, &["--inbox-create-time"]) else { return };
    let (sent, place) = (records(), Place::of_sample());
    assert!(sent.len() > 3_900);
    let offsets = room.client.write(&room.topic("inbox.portal"), sent.iter().map(|(it, _)| it));
    let serving = room.serve(&place, &["--no-effects"]);

    // Meanwhile by files, on a log of its own. Served, both let deadlines fire up to now.
    let files = Place::of_sample();
    files.run(["apply", "--as-recorded", "--no-effects"].map(Into::into).into_iter().chain(paths())).ended(4);
    let reference = files.serve(&["--no-effects"]);

    let last = sent.iter().rev().find(|(_, expect)| matches!(expect, Expect::Accepted)).unwrap();
    let last: Value = serde_json::from_slice(&last.0.value).unwrap();
    room.outcomes(&[last["id"].as_str().unwrap().to_owned()]);
    let began = std::time::Instant::now();
    loop {
        let (ours, theirs) = (pages(&serving), pages(&reference));
        let differ: Vec<_> = theirs.iter().filter(|(name, rows)| ours.get(*name) != Some(rows)).collect();
        if differ.is_empty() && ours.len() == theirs.len() {
            assert!(theirs.values().filter(|it| it.as_array().is_some_and(|it| !it.is_empty())).count() > 10);
            break;
        }
        let ours = differ.first().map(|(name, _)| ours.get(*name));
        assert!(began.elapsed() < PATIENCE, "{} differ; {:?} is {ours:?}", differ.len(), differ.first());
        thread::sleep(Duration::from_millis(500));
    }
    compare(&room, &sent, &offsets);
    serving.stop().ended(0);
    reference.stop().ended(0);
    assert_eq!(room.observed(&room.told()), []);
}
