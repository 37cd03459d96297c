//! How values of the domain stand in columns: ids as text, instants as milliseconds, what is deep as JSON.

use claim_domain::time::Instant;
use claim_journal::Position;
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

/// A whole number as SQLite keeps it; offsets and sequences are below 2^53 (DESIGN §5).
#[must_use]
pub fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A value as JSON.
///
/// # Errors
/// [`StoreError::Unreadable`] when the type cannot be JSON.
pub fn write_json<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::unreadable(what))
}

/// A value from the JSON it was stored as.
///
/// # Errors
/// [`StoreError::Unreadable`] when it is not a `T`.
pub fn read_json<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(StoreError::unreadable(what))
}

/// A value from the text it was stored as.
///
/// # Errors
/// [`StoreError::Unreadable`] when it is not a `T`.
pub fn read_text<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, StoreError>
where
    T::Err: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    text.parse().map_err(StoreError::unreadable(what))
}

/// The columns `partition` and `sequence`.
///
/// # Errors
/// [`StoreError`] when they are missing or name no partition.
pub fn position(row: &Row<'_>) -> Result<Position, StoreError> {
    let partition: String = column(row, "partition")?;
    let sequence: i64 = column(row, "sequence")?;
    Ok(Position {
        partition: read_text("a partition", &partition)?,
        sequence: u64::try_from(sequence).unwrap_or(0),
    })
}

/// A column of milliseconds.
///
/// # Errors
/// [`StoreError`] when it is missing.
pub fn instant(row: &Row<'_>, name: &str) -> Result<Instant, StoreError> {
    column(row, name).map(Instant::from_ms)
}

/// Any column.
///
/// # Errors
/// [`StoreError`] when it is missing or holds another type.
pub fn column<T: rusqlite::types::FromSql>(row: &Row<'_>, name: &str) -> Result<T, StoreError> {
    row.get(name).map_err(StoreError::sql(format!("reading column {name}")))
}

/// Says what was being done when SQLite refused.
pub fn sql_failed(doing: &str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    StoreError::sql(doing)
}
