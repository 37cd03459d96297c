//! The JSON of claims, histories and pages, boxes opened: the same by HTTP and by `claimlog … --json`.

use claim_domain::claim::Status;
use claim_domain::ids::ClaimId;
use claim_projector::{HistoryEntry, Page, Query, QueryError, Row, Snapshot, StoreError, Tab};
use serde_json::{Value, json};

use crate::opening::Opener;

/// What was asked for could not be read or written down.
#[derive(Debug, thiserror::Error)]
pub enum ShapeError {
    /// The views could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A value could not be written as JSON.
    #[error("an answer could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// One claim now; none when there is no such claim.
///
/// # Errors
/// [`ShapeError`] when the views cannot be read.
pub fn claim(snapshot: &Snapshot<'_>, opener: &Opener, id: ClaimId) -> Result<Option<Value>, ShapeError> {
    let Some(file) = snapshot.claim(id)? else { return Ok(None) };
    let history = snapshot.history(id)?;
    let mut claim = serde_json::to_value(&file.claim)?;
    claim["customer"] = json!(file.customer);
    claim["friendly_name"] = opener.friendly_name(&history).unwrap_or(Value::Null);
    claim["contacts"] = opener.contacts(&history)?.unwrap_or(Value::Null);
    claim["organisation"] = json!(file.contacts.organisation);
    claim["position"] = json!(file.position);
    claim["next_actions"] = json!(file.claim.status.next_actions());
    claim["deadline"] = json!(file.claim.deadline());
    claim["cursor"] = json!(snapshot.cursor());
    Ok(Some(claim))
}

/// Everything that happened to a claim, oldest first.
///
/// # Errors
/// [`ShapeError`] when an entry cannot be JSON.
pub fn history(opener: &Opener, history: &[HistoryEntry<'_>]) -> Result<Vec<Value>, ShapeError> {
    Ok(history.iter().map(|entry| opener.open_entry(entry)).collect::<Result<_, _>>()?)
}

/// The rows of one of the three views.
///
/// # Errors
/// [`QueryError`] as the view says.
pub fn page(snapshot: &Snapshot<'_>, tab: Tab, query: &Query) -> Result<Page, QueryError> {
    match tab {
        Tab::Eligible => claim_projector_eligible::query(snapshot, query),
        Tab::Ineligible => claim_projector_ineligible::query(snapshot, query),
        Tab::Completed => claim_projector_completed::query(snapshot, query),
    }
}

/// The friendly name of the claim of each row of a page, opened.
///
/// # Errors
/// [`StoreError`] when the views cannot be read.
pub fn friendly_names(
    snapshot: &Snapshot<'_>,
    opener: &Opener,
    page: &Page,
) -> Result<Vec<Option<Value>>, StoreError> {
    let name = |row: &Row| match row.claim {
        Some(claim) => Ok(opener.friendly_name(&snapshot.history(claim)?)),
        None => Ok(None),
    };
    page.rows.iter().map(name).collect()
}

/// A page, with these friendly names in its rows.
///
/// # Errors
/// [`ShapeError`] when a row cannot be JSON.
pub fn page_with_names(page: &Page, names: &[Option<Value>]) -> Result<Value, ShapeError> {
    let mut value = serde_json::to_value(page)?;
    let rows = value.get_mut("rows").and_then(Value::as_array_mut).into_iter().flatten();
    for (row, name) in rows.zip(names) {
        row["friendly_name"] = name.clone().unwrap_or(Value::Null);
    }
    Ok(value)
}

/// The status of this name, as it is written in JSON.
///
/// # Errors
/// A sentence that lists the ones there are.
pub fn status(name: &str) -> Result<Status, String> {
    let known = Status::ALL.into_iter().find(|it| it.to_string() == name);
    let list = || Status::ALL.map(|it| it.to_string()).join(", ");
    known.ok_or_else(|| format!("no status {name}; there are: {}", list()))
}
