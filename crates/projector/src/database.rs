//! The SQL store under the views: SQLite or PostgreSQL, asked in the SQL that both speak.
//!
//! Statements are written once. What they may use is small: `TEXT` and `INTEGER` columns, parameters `?1`, `?2`, …,
//! `INSERT … ON CONFLICT (key) DO UPDATE`, and in DDL `STRICT` and `WITHOUT ROWID`, which mean nothing to PostgreSQL.
//! Texts sort by their bytes on both.

mod columns;
mod postgres;
mod sqlite;
mod transaction;
mod value;

use std::cell::RefCell;

use claim_postgres::{Session, SessionError};
use rusqlite::Connection;

use crate::error::StoreError;

pub use columns::{Columns, FromValue, column, instant, position};
pub(crate) use transaction::Transaction;
pub use value::{Value, integer};

/// One connection to where the views are.
#[derive(Debug)]
pub(crate) enum Database {
    /// A file of this machine, which needs no service.
    Sqlite(Connection),
    /// A server, which many machines share.
    Postgres(Box<RefCell<Session>>),
}

/// How a store refused.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// SQLite did.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL did, or it is gone.
    #[error(transparent)]
    Postgres(#[from] SessionError),
}

impl Database {
    /// Runs one statement, which is prepared only once; answers how many rows changed. `doing` is what an error says.
    pub(crate) fn execute<'a>(
        &self,
        doing: &str,
        sql: &str,
        params: impl AsRef<[Value<'a>]>,
    ) -> Result<u64, StoreError> {
        let params = params.as_ref();
        let done = match self {
            Self::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Self::Postgres(session) => postgres::execute(&mut session.borrow_mut(), sql, params),
        };
        done.map_err(StoreError::sql(doing))
    }

    /// Runs one statement once for each of these rows, in their order.
    pub(crate) fn execute_each<'a>(
        &self,
        doing: &str,
        sql: &str,
        rows: &[impl AsRef<[Value<'a>]>],
    ) -> Result<(), StoreError> {
        let mut rows = rows.iter().map(AsRef::as_ref);
        let done = match self {
            Self::Sqlite(connection) => sqlite::execute_each(connection, sql, rows),
            Self::Postgres(session) => {
                let session = &mut session.borrow_mut();
                rows.try_for_each(|row| postgres::execute(session, sql, row).map(drop))
            }
        };
        done.map_err(StoreError::sql(doing))
    }

    /// Runs one query, which is prepared only once, and reads each row that it finds.
    pub(crate) fn query<'a, T>(
        &self,
        doing: &str,
        sql: &str,
        params: impl AsRef<[Value<'a>]>,
        mut read: impl FnMut(&Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let params = params.as_ref();
        match self {
            Self::Sqlite(connection) => sqlite::query(connection, doing, sql, params, read),
            Self::Postgres(session) => {
                // All rows are here before the first is read, so `read` may ask more.
                let rows = postgres::query(&mut session.borrow_mut(), sql, params);
                let rows = rows.map_err(StoreError::sql(doing))?;
                rows.iter().map(|row| read(&Columns::Postgres(row))).collect()
            }
        }
    }

    /// Runs a query that finds one row or none.
    pub(crate) fn find<'a, T>(
        &self,
        doing: &str,
        sql: &str,
        params: impl AsRef<[Value<'a>]>,
        read: impl FnMut(&Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.query(doing, sql, params, read)?.into_iter().next())
    }

    /// Runs statements without parameters, one after another.
    pub(crate) fn batch(&self, doing: &str, sql: &str) -> Result<(), StoreError> {
        let done = match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).map_err(SqlError::from),
            Self::Postgres(session) => session.borrow_mut().batch(sql).map_err(SqlError::from),
        };
        done.map_err(StoreError::sql(doing))
    }

    /// Creates tables, as a view spells them.
    pub(crate) fn create(&self, doing: &str, ddl: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.batch(doing, ddl),
            Self::Postgres(_) => self.batch(doing, &postgres::ddl(ddl)),
        }
    }
}
