//! One row of a table, read by the names of its columns.

use claim_domain::time::Instant;
use claim_journal::Position;

use super::Value;
use crate::error::StoreError;
use crate::stored::read_text;

/// A row that a query found.
#[derive(Debug)]
pub enum Columns<'r> {
    /// Of SQLite.
    #[doc(hidden)]
    Sqlite(&'r rusqlite::Row<'r>),
    /// Of PostgreSQL.
    #[doc(hidden)]
    Postgres(&'r claim_postgres::postgres::Row),
}

impl Columns<'_> {
    /// What stands in a column.
    ///
    /// # Errors
    /// [`StoreError`] when there is no such column, or it holds neither whole number nor text.
    pub(crate) fn value(&self, name: &str) -> Result<Value<'_>, StoreError> {
        match self {
            Self::Sqlite(row) => super::sqlite::value(row, name).map_err(StoreError::sql(reading(name))),
            Self::Postgres(row) => super::postgres::value(row, name).map_err(StoreError::sql(reading(name))),
        }
    }
}

fn reading(name: &str) -> String {
    format!("reading column {name}")
}

/// A type that a column can hold.
pub trait FromValue: Sized {
    /// The value as this type; none when it is of another.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(number),
            Value::Null | Value::Text(_) => None,
        }
    }
}

impl FromValue for u32 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value).and_then(|it| it.try_into().ok())
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value).map(|it| it != 0)
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.into_owned()),
            Value::Null | Value::Integer(_) => None,
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            Value::Integer(_) | Value::Text(_) => T::from_value(value).map(Some),
        }
    }
}

/// Any column.
///
/// # Errors
/// [`StoreError`] when it is missing or holds another type.
pub fn column<T: FromValue>(row: &Columns<'_>, name: &str) -> Result<T, StoreError> {
    let value = row.value(name)?;
    T::from_value(value).ok_or_else(|| {
        StoreError::unreadable(format!("column {name}"))(format!(
            "it holds no {}",
            std::any::type_name::<T>()
        ))
    })
}

/// A column of milliseconds.
///
/// # Errors
/// [`StoreError`] when it is missing.
pub fn instant(row: &Columns<'_>, name: &str) -> Result<Instant, StoreError> {
    column(row, name).map(Instant::from_ms)
}

/// The columns `partition` and `sequence`.
///
/// # Errors
/// [`StoreError`] when they are missing or name no partition.
pub fn position(row: &Columns<'_>) -> Result<Position, StoreError> {
    let partition: String = column(row, "partition")?;
    let sequence: i64 = column(row, "sequence")?;
    Ok(Position {
        partition: read_text("a partition", &partition)?,
        sequence: u64::try_from(sequence).unwrap_or(0),
    })
}
