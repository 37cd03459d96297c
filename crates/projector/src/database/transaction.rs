//! All or nothing, and one moment.

use super::Database;
use crate::error::StoreError;

/// A transaction; what was written in it is undone unless it is committed.
#[derive(Debug)]
pub(crate) struct Transaction<'d> {
    database: &'d Database,
    open: bool,
}

impl Database {
    /// Begins to write. On SQLite nobody else writes until it ends; on PostgreSQL only who asks for the same rows waits.
    pub(crate) fn begin(&self, doing: &str) -> Result<Transaction<'_>, StoreError> {
        match self {
            Self::Sqlite(_) => self.batch(doing, "BEGIN IMMEDIATE")?,
            Self::Postgres(session) => session.borrow_mut().begin("BEGIN").map_err(StoreError::sql(doing))?,
        }
        Ok(Transaction { database: self, open: true })
    }

    /// Begins to read at one moment, which the first question fixes.
    ///
    /// On PostgreSQL tables that are exchanged do not keep their past, so an exchange waits for all who read, and who
    /// comes later waits for the exchange: the lock is taken before the moment is fixed.
    pub(crate) fn begin_reading(&self, doing: &str) -> Result<Transaction<'_>, StoreError> {
        match self {
            Self::Sqlite(_) => self.batch(doing, "BEGIN DEFERRED")?,
            Self::Postgres(session) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                session.borrow_mut().begin(begin).map_err(StoreError::sql(doing))?;
            }
        }
        let begun = Transaction { database: self, open: true };
        if let Self::Postgres(_) = self {
            self.batch(doing, "LOCK TABLE views IN ACCESS SHARE MODE")?;
        }
        Ok(begun)
    }

    /// Waits for all who read at one moment, and lets nobody begin to until the transaction ends.
    pub(crate) fn keep_readers_out(&self, doing: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => self.batch(doing, "LOCK TABLE views IN ACCESS EXCLUSIVE MODE"),
        }
    }

    fn end(&self, doing: &str, sql: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.batch(doing, sql),
            Self::Postgres(session) => session.borrow_mut().end(sql).map_err(StoreError::sql(doing)),
        }
    }

    /// The end of a query whose rows nobody else may change until the transaction ends.
    pub(crate) fn for_update(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "", // a transaction that writes holds the whole file
            Self::Postgres(_) => " FOR UPDATE",
        }
    }
}

impl Transaction<'_> {
    /// Makes all of it so.
    pub(crate) fn commit(mut self, doing: &str) -> Result<(), StoreError> {
        self.database.end(doing, "COMMIT")?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.open
            && let Err(error) = self.database.end("undoing what was begun", "ROLLBACK")
        {
            tracing::debug!(%error, "nothing was undone: the transaction had ended, or its connection was lost");
        }
    }
}
