//! No deadline fires before it is known that no command received earlier is still to come, but by touch (I-12).

use std::collections::{BTreeMap, BTreeSet};

use super::commands::{Commands, Forwarded, Route, Tick};
use super::complaint::Complaint;
use super::history::{Cause, Decision, History, Time};

/// W: the least over all inbox partitions of the newest list of the greatest promise heard of each.
#[derive(Clone, Debug, Default)]
struct Watermark {
    list: String,
    of: u64,
    heard: BTreeMap<(String, u64), Time>,
}

impl Watermark {
    fn hear(&mut self, tick: &Tick) {
        if self.list != tick.list {
            *self = Self { list: tick.list.clone(), of: tick.of, heard: BTreeMap::new() };
        }
        let heard = self.heard.entry((tick.topic.clone(), tick.partition)).or_insert_with(|| tick.w.clone());
        if *heard < tick.w {
            heard.clone_from(&tick.w);
        }
    }

    fn w(&self) -> Option<&Time> {
        let all = u64::try_from(self.heard.len()).is_ok_and(|heard| heard >= self.of);
        if all { self.heard.values().min() } else { None }
    }
}

/// Deadlines that fired above W and were not touched either.
///
/// A deadline that stands before the decision of input i was fired when nothing behind i had been looked at, so only ticks
/// in front of i can have released it; or the command at i touched it. Where retention has taken ticks, nothing is said
/// until every inbox partition was heard again.
#[must_use]
pub fn complaints(history: &History, commands: &Commands) -> Vec<Complaint> {
    let claims = claims(history);
    let greatest = greatest(commands);
    let mut all = Vec::new();
    // The command that comes next: backwards, since a deadline stands before what touched it.
    let mut next: Option<&Decision> = None;
    let last_input = history.decisions.iter().filter_map(input).max();
    for decision in history.decisions.iter().rev() {
        let Cause::Deadline { claim, kind, due_at } = &decision.cause else {
            next = Some(decision);
            continue;
        };
        let before = next.and_then(input);
        let w = greatest.range(..before.unwrap_or(u64::MAX)).next_back().map(|(_, w)| w);
        if w.is_none() && commands.begin() > 0 {
            continue;
        }
        let released = w.is_some_and(|w| due_at <= w);
        let touched = match next {
            Some(next) => next.customer == decision.customer && *due_at <= next.judged_at,
            None => touched_by_waiting(decision, due_at, &claims, commands, last_input),
        };
        if !released && !touched {
            let what = format!(
                "the {kind} deadline of {claim}, due at {due_at}, fired above W and no command touched it"
            );
            let (partition, sequence) = (history.partition, Some(decision.sequence));
            all.push(Complaint { invariant: "I-12", partition, sequence, what });
        }
    }
    all.reverse();
    all
}

fn input(decision: &Decision) -> Option<u64> {
    match decision.cause {
        Cause::Command { input, .. } => input,
        Cause::Deadline { .. } => None,
    }
}

/// The greatest W that there was up to each offset: what it releases stays released when the list of inboxes changes.
fn greatest(commands: &Commands) -> BTreeMap<u64, Time> {
    let mut watermark = Watermark::default();
    let mut greatest: Option<Time> = None;
    let mut all = BTreeMap::new();
    for (&offset, record) in &commands.records {
        let Forwarded::Tick(tick) = record else { continue };
        watermark.hear(tick);
        greatest = greatest.max(watermark.w().cloned());
        if let Some(w) = &greatest {
            all.insert(offset, w.clone());
        }
    }
    all
}

/// The claims of each customer.
fn claims(history: &History) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for decision in &history.decisions {
        if let Some(customer) = decision.customer.as_deref() {
            let known = all.entry(customer).or_default();
            known.extend(decision.claims.iter().map(String::as_str));
            if let Cause::Deadline { claim, .. } = &decision.cause {
                known.insert(claim);
            }
        }
    }
    all
}

/// Whether a command that was not decided yet may have touched a deadline: its leader ended between the two.
fn touched_by_waiting(
    fired: &Decision,
    due_at: &Time,
    claims: &BTreeMap<&str, BTreeSet<&str>>,
    commands: &Commands,
    last_input: Option<u64>,
) -> bool {
    let Some(customer) = fired.customer.as_deref() else { return false };
    let from = last_input.map_or(0, |it| it + 1);
    commands.records.range(from..).any(|(_, record)| match record {
        Forwarded::Command { route, received_at, .. } => {
            let same = match route {
                Route::Customer(it) => it == customer,
                Route::Claim(it) => claims.get(customer).is_some_and(|all| all.contains(it.as_str())),
                Route::Program => false,
            };
            same && due_at <= received_at
        }
        Forwarded::Tick(_) | Forwarded::Unreadable => false,
    })
}
