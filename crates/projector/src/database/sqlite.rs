//! Asking SQLite.

use rusqlite::types::{FromSqlError, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

use super::{Columns, SqlError, Value};
use crate::error::StoreError;

pub(super) fn execute(connection: &Connection, sql: &str, params: &[Value<'_>]) -> Result<u64, SqlError> {
    Ok(connection.prepare_cached(sql)?.execute(params_from_iter(params))? as u64)
}

pub(super) fn execute_each<'p, 'v: 'p>(
    connection: &Connection,
    sql: &str,
    rows: impl Iterator<Item = &'p [Value<'v>]>,
) -> Result<(), SqlError> {
    let mut statement = connection.prepare_cached(sql)?;
    for row in rows {
        statement.execute(params_from_iter(row))?;
    }
    Ok(())
}

/// Reads each row as it is found.
pub(super) fn query<T>(
    connection: &Connection,
    doing: &str,
    sql: &str,
    params: &[Value<'_>],
    mut read: impl FnMut(&Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(StoreError::sql(doing))?;
    let mut rows = statement.query(params_from_iter(params)).map_err(StoreError::sql(doing))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(StoreError::sql(doing))? {
        found.push(read(&Columns::Sqlite(row))?);
    }
    Ok(found)
}

pub(super) fn value<'r>(row: &'r Row<'_>, name: &str) -> Result<Value<'r>, SqlError> {
    let of_another_type =
        |kind| rusqlite::Error::FromSqlConversionFailure(0, kind, FromSqlError::InvalidType.into());
    match row.get_ref(name)? {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(rusqlite::Error::from)?;
            Ok(Value::from(text))
        }
        other @ (ValueRef::Real(_) | ValueRef::Blob(_)) => Err(of_another_type(other.data_type()).into()),
    }
}
