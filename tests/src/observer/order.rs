//! What must hold of the decisions of one partition among themselves: one each, in order, at the right time.

use std::collections::{BTreeMap, BTreeSet};

use super::complaint::Complaint;
use super::history::{Asking, Cause, Decision, History, Time};

/// All of this file.
#[must_use]
pub fn complaints(history: &History) -> Vec<Complaint> {
    let mut all = gapless(history);
    all.extend(decided_twice(history));
    all.extend(inputs_go_back(history));
    all.extend(times_go_back(history));
    all
}

/// I-04: sequences count 1, 2, 3, …, epochs grow by one.
#[must_use]
pub fn gapless(history: &History) -> Vec<Complaint> {
    let mut all = Vec::new();
    let places: Vec<u64> = history.decisions.iter().map(|it| it.sequence).collect();
    if history.bindings == 0 {
        for (sequence, expected) in places.iter().zip(1..) {
            if *sequence != expected {
                all.push(complaint(history, "I-04", *sequence, format!("it should have been {expected}")));
                break;
            }
        }
    }
    for (epoch, expected) in history.leads.iter().zip(1..) {
        if *epoch != expected {
            let what = format!("lead {expected} of the partition has epoch {epoch}");
            all.push(Complaint { invariant: "I-04", partition: history.partition, sequence: None, what });
            break;
        }
    }
    all
}

/// I-01: a command is decided once, a reuse of its id once for each other body, and a deadline fires once.
#[must_use]
pub fn decided_twice(history: &History) -> Vec<Complaint> {
    let mut all = Vec::new();
    let mut bodies: BTreeMap<&Asking, u64> = BTreeMap::new();
    let mut ids: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut deadlines: BTreeMap<(&str, &str, &Time), u64> = BTreeMap::new();
    for Decision { sequence, cause, .. } in &history.decisions {
        let before = match cause {
            Cause::Command { asking, reused, .. } => {
                let same = bodies.insert(asking, *sequence);
                let (source, id) = (asking.source.as_str(), asking.id.as_str());
                if *reused {
                    if !ids.contains_key(&(source, id)) {
                        let what = format!("{asking} is told that its id was used, but it was not");
                        all.push(complaint(history, "I-01", *sequence, what));
                    }
                    same
                } else {
                    ids.insert((source, id), *sequence).or(same)
                }
            }
            Cause::Deadline { claim, kind, due_at } => deadlines.insert((claim, kind, due_at), *sequence),
        };
        if let Some(before) = before {
            let what = format!("{} was decided before, at {before}", named(cause));
            all.push(complaint(history, "I-01", *sequence, what));
        }
    }
    all
}

/// I-03: inputs strictly increase, and either all commands have one or none has.
#[must_use]
pub fn inputs_go_back(history: &History) -> Vec<Complaint> {
    let mut all = Vec::new();
    let mut last: Option<Option<u64>> = None;
    for Decision { sequence, cause, .. } in &history.decisions {
        let Cause::Command { input, .. } = cause else { continue };
        match (last, input) {
            (None, _) | (Some(None), None) => {}
            (Some(Some(before)), Some(now)) if *now > before => {}
            (Some(before), now) => {
                let what = format!("its input is {}, after {}", place(*now), place(before));
                all.push(complaint(history, "I-03", *sequence, what));
            }
        }
        last = Some(*input);
    }
    all
}

/// I-12, I-10: the judged time of a customer never goes back, a deadline is judged at its due time, and fires before
/// any command that is judged then or later.
#[must_use]
pub fn times_go_back(history: &History) -> Vec<Complaint> {
    let mut all = Vec::new();
    let mut judged: BTreeMap<&str, &Time> = BTreeMap::new();
    let mut asked: BTreeMap<&str, &Time> = BTreeMap::new();
    for Decision { sequence, cause, customer, judged_at, .. } in &history.decisions {
        match cause {
            Cause::Deadline { due_at, .. } => {
                if due_at != judged_at {
                    let what = format!("{} is due at {due_at} and judged at {judged_at}", named(cause));
                    all.push(complaint(history, "I-10", *sequence, what));
                }
                let command = customer.as_deref().and_then(|it| asked.get(it));
                if let Some(command) = command.filter(|it| **it == due_at) {
                    let what = format!(
                        "{} is due at {due_at}, but a command was judged at {command} before it",
                        named(cause)
                    );
                    all.push(complaint(history, "I-10", *sequence, what));
                }
            }
            Cause::Command { received_at, .. } => {
                if judged_at < received_at {
                    let what = format!("judged at {judged_at}, before it was received at {received_at}");
                    all.push(complaint(history, "I-12", *sequence, what));
                }
                if let Some(customer) = customer {
                    asked.insert(customer, judged_at);
                }
            }
        }
        if let Some(customer) = customer
            && let Some(before) = judged.insert(customer, judged_at).filter(|it| *it > judged_at)
        {
            let what = format!("customer {customer} is judged at {judged_at}, after {before}");
            all.push(complaint(history, "I-12", *sequence, what));
        }
    }
    all
}

/// I-01 over several partitions: a command is decided in one of them only. Where the index of known ids lags behind, as
/// it may on a log of several machines, this lists what slipped through.
#[must_use]
pub fn decided_in_two_partitions<'a>(histories: impl IntoIterator<Item = &'a History>) -> Vec<Complaint> {
    let mut all = Vec::new();
    let mut seen: BTreeMap<(&str, &str), &History> = BTreeMap::new();
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    for history in histories {
        for Decision { sequence, cause, .. } in &history.decisions {
            let Cause::Command { asking, .. } = cause else { continue };
            let key = (asking.source.as_str(), asking.id.as_str());
            let first = *seen.entry(key).or_insert(history);
            if first.partition != history.partition && told.insert(key) {
                let what = format!("{asking} was decided in partition {} too", first.partition);
                all.push(complaint(history, "I-01", *sequence, what));
            }
        }
    }
    all
}

fn named(cause: &Cause) -> String {
    match cause {
        Cause::Command { asking, .. } => asking.to_string(),
        Cause::Deadline { claim, kind, .. } => format!("the {kind} deadline of {claim}"),
    }
}

fn place(input: Option<u64>) -> String {
    input.map_or_else(|| "none".to_owned(), |it| it.to_string())
}

fn complaint(history: &History, invariant: &'static str, sequence: u64, what: String) -> Complaint {
    Complaint { invariant, partition: history.partition, sequence: Some(sequence), what }
}
