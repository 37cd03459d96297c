//! The one history as somebody sees it who shares no code with the program: nothing told is lost, nothing decided twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use claim_tests::observer::chain::Offsets;
use claim_tests::observer::order::decided_in_two_partitions;
use claim_tests::observer::{Complaint, History, Partition, complaints, told};
use serde_json::Value;

use crate::journal::{decisions, records, segments};
use crate::place::Place;
use crate::sample::APPLIED;
use crate::world::{add, claim, comment, lines, program};

/// The histories of a data directory, one for each partition: each line is given to the one that it says it is of.
fn histories(data: &Path) -> Vec<History> {
    let log: Vec<u8> = segments(data).into_iter().flat_map(|it| fs::read(it).unwrap()).collect();
    let mut partitions: BTreeMap<Partition, Vec<(u64, &[u8])>> = BTreeMap::new();
    let mut offset = 0;
    for line in log.split_inclusive(|it| *it == b'\n') {
        let line_alone = line.strip_suffix(b"\n").expect("every line ends");
        let record: Value = serde_json::from_slice(line_alone).unwrap();
        let partition = Partition::of(&record["envelope"]["partition"]).unwrap();
        partitions.entry(partition).or_default().push((offset, line_alone));
        offset += line.len() as u64;
    }
    let read = |(partition, lines)| History::read(partition, Offsets::Places, lines);
    partitions.into_iter().map(read).collect()
}

/// Everything that an observer complains about.
fn observed(histories: &[History], told: &[Value]) -> Vec<Complaint> {
    let mut all: Vec<Complaint> = histories.iter().flat_map(complaints).collect();
    all.extend(decided_in_two_partitions(histories));
    all.extend(told::complaints(histories, told));
    all
}

#[test] // I-01, I-03, I-04, I-05, I-10, I-12, I-26
fn an_observer_agrees_with_the_sample_and_with_whatever_it_was_told() {
    let (data, told) = (APPLIED.place.data(), APPLIED.run.json());
    let histories = histories(&data);
    assert_eq!(observed(&histories, &told), []);
    assert_eq!(histories.len(), 10, "eight of customers, the program's, the identifiers'");
    let count = |of: fn(&History) -> usize| histories.iter().map(of).sum::<usize>();
    assert_eq!(count(|it| it.decisions.len()), decisions(&data).len());
    let read = count(|it| it.decisions.len() + it.leads.len()) + count(|it| it.bindings as usize);
    assert_eq!(read, records(&data).len());
    assert_eq!(count(|it| it.voids.len()), 0, "nothing void can arise on the embedded log");
}

#[test] // I-01, I-05, F-14
fn an_observer_agrees_over_several_runs_and_notices_a_lost_answer() {
    let place = Place::of_world();
    let opened: Vec<Value> = (0..8).map(|it| add(100 + it, it)).collect();
    let mut told = place.apply(lines(&program(30)) + &lines(&opened)).ended(0).json();
    // The same again, and more.
    let more: Vec<Value> = (0..8).map(|it| comment(200 + it, &claim(100 + it))).collect();
    told.extend(place.apply(lines(&opened) + &lines(&more)).ended(0).json());
    let mut histories = histories(&place.data());
    assert_eq!(observed(&histories, &told), []);
    assert!(histories.iter().any(|it| it.leads.len() == 2), "some partition was led twice");
    // The newest decision of the newest command is lost: somebody was told of it.
    let last = told.last().unwrap()["command_id"].clone();
    for history in &mut histories {
        history.decisions.retain(|it| it.outcome.as_ref().is_none_or(|it| it["command_id"] != last));
    }
    let found = observed(&histories, &told);
    assert!(matches!(&found[..], [only] if only.invariant == "I-05"), "{found:#?}");
}
