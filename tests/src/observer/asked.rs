//! Each command has its one decision, and each decision its command (I-01, I-02).

use std::collections::BTreeMap;

use super::commands::{Commands, Forwarded};
use super::complaint::Complaint;
use super::history::{Asking, Cause, Decision, History};

/// Both directions, once all commands were decided.
#[must_use]
pub fn complaints(history: &History, commands: &Commands) -> Vec<Complaint> {
    let mut all = unasked(history, commands);
    all.extend(undecided(history, commands));
    all
}

/// I-02: decisions without their command, and those that name another record than the first of their command. What
/// retention has taken cannot be compared.
#[must_use]
pub fn unasked(history: &History, commands: &Commands) -> Vec<Complaint> {
    let mut all = Vec::new();
    let first = commands.first();
    for Decision { sequence, cause, .. } in &history.decisions {
        let Cause::Command { asking, input, received_at, .. } = cause else { continue };
        let mut complain = |what: String| {
            let partition = history.partition;
            all.push(Complaint { invariant: "I-02", partition, sequence: Some(*sequence), what });
        };
        let Some(input) = *input else {
            complain(format!("{asking} was decided without an input"));
            continue;
        };
        if input < commands.begin() {
            continue;
        }
        match commands.records.get(&input) {
            Some(Forwarded::Command { asking: sent, received_at: sent_at, .. }) if sent == asking => {
                if sent_at != received_at {
                    complain(format!("{asking} was received at {sent_at}, not at {received_at}"));
                }
                if let Some(first) = first.get(asking).filter(|it| **it != input) {
                    complain(format!("{asking} was decided for its record {input}, not for {first}"));
                }
            }
            Some(Forwarded::Command { asking: sent, .. }) => {
                complain(format!("{asking} was decided for record {input}, which is {sent}"));
            }
            Some(Forwarded::Tick(_) | Forwarded::Unreadable) | None => {
                complain(format!("{asking} was decided for record {input}, which is no command"));
            }
        }
    }
    all
}

/// I-01: commands without a decision. Only for a run that has ended: a command may still be on its way.
#[must_use]
pub fn undecided(history: &History, commands: &Commands) -> Vec<Complaint> {
    let decided: BTreeMap<&Asking, u64> = history
        .decisions
        .iter()
        .filter_map(|it| match &it.cause {
            Cause::Command { asking, .. } => Some((asking, it.sequence)),
            Cause::Deadline { .. } => None,
        })
        .collect();
    let first = commands.first().into_iter().filter(|(asking, _)| !decided.contains_key(asking));
    first
        .map(|(asking, offset)| {
            let what = format!("{asking}, at {offset} of the commands, was never decided");
            Complaint { invariant: "I-01", partition: history.partition, sequence: None, what }
        })
        .collect()
}
