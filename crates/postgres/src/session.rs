//! One connection that prepares each statement once.

use std::collections::HashMap;
use std::time::Duration;

use postgres::types::ToSql;
use postgres::{Client, NoTls, Row, Statement};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::address::Address;

/// How long to wait for a server, and for a lock that another session holds.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How many prepared statements to keep; there are fewer.
const STATEMENTS: usize = 256;

/// A connection to an [`Address`]; its schema is the one that unqualified names mean. When it is lost, whatever is asked next
/// connects again, unless it belongs to a transaction that was lost with it.
pub struct Session {
    address: Address,
    setup: &'static str,
    /// None once the connection is lost.
    client: Option<Client>,
    /// Whether a transaction is open; a lost connection took it along.
    open: bool,
    statements: HashMap<Box<str>, Statement>,
}

impl Session {
    /// Connects, and runs `setup` there.
    ///
    /// # Errors
    /// [`SessionError::Sql`] when the server cannot be reached, refuses us or refuses `setup`.
    pub fn open(address: &Address, setup: &'static str) -> Result<Self, SessionError> {
        let client = waiting(|| connect(address, setup))?;
        Ok(Self {
            address: address.clone(),
            setup,
            client: Some(client),
            open: false,
            statements: HashMap::new(),
        })
    }

    /// Where it goes.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Begins a transaction with this statement.
    ///
    /// # Errors
    /// [`SessionError`] when the server refuses or is gone.
    pub fn begin(&mut self, sql: &str) -> Result<(), SessionError> {
        self.batch(sql)?;
        self.open = true;
        Ok(())
    }

    /// Ends the transaction with this statement.
    ///
    /// # Errors
    /// [`SessionError`] when the server refuses or is gone; a commit may have been done all the same.
    pub fn end(&mut self, sql: &str) -> Result<(), SessionError> {
        let ended = self.batch(sql);
        self.open = false;
        ended
    }

    /// Runs statements without parameters, one after another.
    ///
    /// # Errors
    /// [`SessionError`] when the server refuses or is gone.
    pub fn batch(&mut self, sql: &str) -> Result<(), SessionError> {
        self.revive()?;
        let client = self.client.as_mut().ok_or(SessionError::Closed)?;
        Ok(waiting(|| client.batch_execute(sql))?)
    }

    /// Runs one statement, whose parameters are `?1`, `?2`, …; answers how many rows changed.
    ///
    /// # Errors
    /// [`SessionError`] when the server refuses or is gone.
    pub fn execute(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, SessionError> {
        self.run(sql, |client, statement| client.execute(statement, params))
    }

    /// Runs one query, whose parameters are `?1`, `?2`, …
    ///
    /// # Errors
    /// [`SessionError`] when the server refuses or is gone.
    pub fn query(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, SessionError> {
        self.run(sql, |client, statement| client.query(statement, params))
    }

    fn run<T>(
        &mut self,
        sql: &str,
        run: impl FnOnce(&mut Client, &Statement) -> Result<T, postgres::Error>,
    ) -> Result<T, SessionError> {
        self.revive()?;
        let client = self.client.as_mut().ok_or(SessionError::Closed)?;
        let statement = match self.statements.get(sql) {
            Some(known) => known.clone(),
            None => {
                let statement = waiting(|| client.prepare(&sql.replace('?', "$")))?;
                if self.statements.len() >= STATEMENTS {
                    waiting(|| self.statements.clear());
                }
                self.statements.insert(sql.into(), statement.clone());
                statement
            }
        };
        Ok(waiting(|| run(client, &statement))?)
    }

    /// Connects again if the connection was lost, unless a transaction was lost with it: that is told first.
    fn revive(&mut self) -> Result<(), SessionError> {
        if !self.open && self.client.as_ref().is_none_or(Client::is_closed) {
            self.close();
            self.client = Some(waiting(|| connect(&self.address, self.setup))?);
        }
        Ok(())
    }

    fn close(&mut self) {
        waiting(|| {
            self.statements.clear();
            drop(self.client.take());
        });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Session").field(&self.address).finish()
    }
}

fn connect(address: &Address, setup: &str) -> Result<Client, postgres::Error> {
    let mut config = address.config().clone();
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    let mut client = config.connect(NoTls)?;
    let ours = format!(
        "SET client_min_messages = warning; SET search_path = {}; SET lock_timeout = '{}s'; {setup}",
        address.schema(),
        PATIENCE.as_secs(),
    );
    client.batch_execute(&ours)?;
    Ok(client)
}

/// Runs what waits for the server. On a thread of a multi-threaded runtime its tasks are moved elsewhere meanwhile; a
/// runtime of one thread cannot do that, so sessions are not for those.
fn waiting<T>(run: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|it| it.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(run),
        Ok(_) | Err(_) => run(),
    }
}

/// Why a session gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The server refused, or was lost while it was asked: what was asked may have been done.
    #[error(transparent)]
    Sql(#[from] postgres::Error),
    /// The connection was lost before.
    #[error("the connection to the database was lost")]
    Closed,
}
