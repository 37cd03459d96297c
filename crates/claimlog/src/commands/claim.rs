//! `claim` and `history`: one claim now, and everything that ever happened to it.

use anyhow::{Result, anyhow};
use claim_domain::ids::ClaimId;
use claim_projector::{HistoryEntry, Occasion};
use claim_server::{Opener, shape};
use serde_json::{Value, json};

use crate::cli::Global;
use crate::exit::Status;
use crate::output;
use crate::reading::Reading;

/// Runs `claim`.
///
/// # Errors
/// When there is no such claim, or the views cannot be read.
pub(crate) fn now(global: &Global, id: ClaimId) -> Result<Status> {
    let reading = Reading::open(global)?;
    let snapshot = reading.snapshot()?;
    let opener = Opener::new(reading.keys.clone());
    let claim = shape::claim(&snapshot, &opener, id)?.ok_or_else(|| not_found(id))?;
    if global.json {
        output::json(&claim)?;
    } else {
        reading.announce(global);
        print(id, &claim)?;
    }
    Ok(Status::Done)
}

/// A claim for people.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn print(id: ClaimId, claim: &Value) -> Result<()> {
    let rows = claim.as_object().into_iter().flatten().filter(|(_, value)| !is_empty(value));
    let rows = rows.map(|(name, value)| [name.replace('_', " "), cell(value)]);
    output::text(&output::table(["CLAIM", &id.to_string()], rows))
}

/// Runs `history`.
///
/// # Errors
/// When nothing is known of such a claim, or the views cannot be read.
pub(crate) fn history(global: &Global, id: ClaimId) -> Result<Status> {
    let reading = Reading::open(global)?;
    let snapshot = reading.snapshot()?;
    let history = snapshot.history(id)?;
    if history.is_empty() {
        return Err(not_found(id));
    }
    let opener = Opener::new(reading.keys.clone());
    if global.json {
        shape::history(&opener, &history)?.iter().try_for_each(output::json)?;
    } else {
        reading.announce(global);
        let rows = history.iter().map(|entry| line(&opener, entry)).collect::<Result<Vec<_>>>()?;
        output::text(&output::table(["WHEN", "POSITION", "WHO", "ASKED", "WHAT CAME OF IT"], rows))?;
    }
    Ok(Status::Done)
}

fn not_found(id: ClaimId) -> anyhow::Error {
    anyhow!("claim_not_found: nothing is known of claim {id}")
}

/// One line of a history for people.
pub(crate) fn line(opener: &Opener, entry: &HistoryEntry<'_>) -> Result<[String; 5]> {
    let (who, asked) = match &entry.occasion {
        Occasion::Command(it) => {
            let asker = serde_json::to_value(&it.asker)?;
            let person =
                asker.get("user").and_then(Value::as_str).map_or_else(String::new, |it| format!(" {it}"));
            (format!("{}{person}", it.source), it.command_type.to_string())
        }
        Occasion::Deadline { kind, .. } => {
            ("the clock".to_owned(), format!("{} deadline", json!(kind).as_str().unwrap_or_default()))
        }
    };
    let what = match &entry.reason {
        Some(reason) => format!("refused: {}: {}", reason.refusal.code(), reason.refusal.message()),
        None if entry.events.is_empty() => "accepted, nothing new".to_owned(),
        None => {
            let shown_entry = opener.open_entry(entry)?;
            let events = shown_entry.get("events").and_then(Value::as_array).into_iter().flatten();
            events.map(event).collect::<Vec<_>>().join("\n")
        }
    };
    let position = format!("{}/{}", entry.position.partition, entry.position.sequence);
    Ok([output::minute(entry.judged_at), position, who, asked, what])
}

/// An event in a few words: its type and what a person would ask next.
fn event(event: &Value) -> String {
    let name = event.get("type").and_then(Value::as_str).unwrap_or_default();
    let telling =
        ["friendly_name", "text", "comment", "justification", "reference", "reason", "error", "link"];
    let said = telling.iter().filter_map(|field| event.get(*field)).map(|it| output::shown(Some(it))).next();
    let due = event.as_object().into_iter().flatten().find(|(field, _)| field.ends_with("due_at"));
    let due = due.and_then(|(_, at)| at.as_str()).and_then(|it| it.parse().ok()).map(output::minute);
    match (said, due) {
        (Some(said), _) => format!("{name} ({said})"),
        (None, Some(due)) => format!("{name} (due {due})"),
        (None, None) => name.to_owned(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(it) => it.is_empty(),
        Value::Object(it) => it.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join("\n"),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !is_empty(value));
            fields
                .map(|(name, value)| {
                    format!("{}: {}", name.replace('_', " "), cell(value).replace('\n', "; "))
                })
                .collect::<Vec<_>>()
                .join(", ")
        }
        other => other.to_string(),
    }
}
