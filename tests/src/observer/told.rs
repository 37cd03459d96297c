//! Whatever an asker was told stands in the history, with equal content (I-05): nothing acknowledged is lost.

use std::collections::BTreeMap;

use serde_json::Value;

use super::complaint::Complaint;
use super::envelope::Partition;
use super::history::History;

/// Compares what was told about the partitions of these histories with them.
///
/// An outcome is what the contract shapes; of it at least `command_id`, `position` and `outcome` must have been kept, and
/// whatever else was kept must be equal too. Problems answer what never became a command: they are passed over.
#[must_use]
pub fn complaints<'a>(histories: &[History], told: impl IntoIterator<Item = &'a Value>) -> Vec<Complaint> {
    let known: BTreeMap<(Partition, u64), &Value> = histories
        .iter()
        .flat_map(|history| history.decisions.iter().map(move |it| (history.partition, it)))
        .filter_map(|(partition, it)| Some(((partition, it.sequence), it.outcome.as_ref()?)))
        .collect();
    let mut all = Vec::new();
    for outcome in told.into_iter().filter(|it| word(it) != Some("problem")) {
        let Some((partition, sequence)) = position(outcome) else {
            all.push(complaint(Partition::Program, None, format!("told without a position: {outcome}")));
            continue;
        };
        match known.get(&(partition, sequence)) {
            None => {
                let what = format!("{} was told {:?}, which is not there", id(outcome), word(outcome));
                all.push(complaint(partition, Some(sequence), what));
            }
            Some(kept) => {
                let differs = differences(outcome, kept);
                if !differs.is_empty() {
                    let what = format!("{} was told another {}", id(outcome), differs.join(", "));
                    all.push(complaint(partition, Some(sequence), what));
                }
            }
        }
    }
    all
}

/// The names of the fields that were told and are not what the history says, and of those that must be told and were not.
fn differences(told: &Value, kept: &Value) -> Vec<String> {
    let fields = told.as_object().into_iter().flatten();
    let mut names: Vec<String> =
        fields.filter(|(name, value)| kept.get(name) != Some(value)).map(|(name, _)| name.clone()).collect();
    names.extend(
        ["command_id", "outcome"].iter().filter(|name| told.get(**name).is_none()).map(|it| (*it).to_owned()),
    );
    names
}

fn word(outcome: &Value) -> Option<&str> {
    outcome.get("outcome")?.as_str()
}

fn id(outcome: &Value) -> String {
    let id = outcome.get("command_id").and_then(Value::as_str);
    id.map_or_else(|| "a command without id".to_owned(), |it| format!("command {it}"))
}

fn position(outcome: &Value) -> Option<(Partition, u64)> {
    let partition = Partition::of(outcome.pointer("/position/partition")?)?;
    Some((partition, outcome.pointer("/position/sequence")?.as_u64()?))
}

fn complaint(partition: Partition, sequence: Option<u64>, what: String) -> Complaint {
    Complaint { invariant: "I-05", partition, sequence, what }
}
