//! Asking PostgreSQL.

use claim_postgres::postgres::Row;
use claim_postgres::postgres::types::ToSql;
use claim_postgres::{Session, SessionError};

use super::{SqlError, Value};

pub(super) fn execute(session: &mut Session, sql: &str, params: &[Value<'_>]) -> Result<u64, SqlError> {
    Ok(session.execute(sql, &references(params))?)
}

pub(super) fn query(session: &mut Session, sql: &str, params: &[Value<'_>]) -> Result<Vec<Row>, SqlError> {
    Ok(session.query(sql, &references(params))?)
}

pub(super) fn value<'r>(row: &'r Row, name: &str) -> Result<Value<'r>, SqlError> {
    Ok(row.try_get(name).map_err(SessionError::from)?)
}

fn references<'a>(params: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|it| it as &(dyn ToSql + Sync)).collect()
}

/// The DDL of a view as PostgreSQL takes it. Texts sort by their bytes, as they do in SQLite.
pub(super) fn ddl(ddl: &str) -> String {
    ddl.replace(" STRICT, WITHOUT ROWID", "")
        .replace(" STRICT", "")
        .replace(" INTEGER", " BIGINT")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ddl_is_written_once() {
        let ours = "CREATE TABLE a (b TEXT PRIMARY KEY, c INTEGER NOT NULL) STRICT, WITHOUT ROWID;\nCREATE TABLE d (e TEXT) STRICT;";
        let theirs = "CREATE TABLE a (b TEXT COLLATE \"C\" PRIMARY KEY, c BIGINT NOT NULL);\nCREATE TABLE d (e TEXT COLLATE \"C\");";
        assert_eq!(ddl(ours), theirs);
    }
}
