//! What a view is: a fold with a name, a version and tables of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;

use claim_domain::claim::Claim;
use claim_domain::customer::Stamp;
use claim_domain::event::Event;
use claim_domain::ids::CustomerId;
use claim_journal::Position;

use crate::database::{Database, Value};
use crate::error::StoreError;
use crate::trace::Shared;

/// A view. Order, duplicates, gaps, checkpoints and storage are the runner's, so no projector can get them wrong.
pub trait Projector {
    /// Its name, as in `claimlog views rebuild NAME`.
    const NAME: &'static str;
    /// Raise it when `apply` or the tables change: the runner folds it afresh beside the live one, then swaps.
    const VERSION: u32;
    /// The statements that create its tables, each table `STRICT`, of `TEXT` and `INTEGER`, and with a primary key;
    /// PostgreSQL is given the same without `STRICT`.
    const DDL: &'static str;
    /// The names of these tables.
    const TABLES: &'static [&'static str];

    /// Applies one event. The standing inputs have seen it already.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be written; an event is never refused.
    fn apply(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError>;
}

/// One event with what an event does not say of itself.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// The position of its decision.
    pub position: Position,
    /// Which of the decision's events it is, from 0.
    pub number: usize,
    /// When it was judged, and whether it is imported history.
    pub stamp: Stamp,
    /// The customer; none for the program.
    pub customer: Option<CustomerId>,
    /// The event.
    pub event: &'a Event,
    /// The claim it is about, after it.
    pub claim: Option<&'a Claim>,
}

/// Write access for `apply`, within the runner's transaction.
#[derive(Debug)]
pub struct Tables<'c> {
    database: &'c Database,
    trace: &'c Shared,
    /// What is written at the end of the batch, by table and row.
    waiting: RefCell<BTreeMap<(&'static str, String), Waiting>>,
}

/// A statement that waits, and its parameters.
type Waiting = (String, Vec<Value<'static>>);

impl<'c> Tables<'c> {
    pub(crate) fn new(database: &'c Database, trace: &'c Shared) -> Self {
        Self { database, trace, waiting: RefCell::default() }
    }

    /// Where what is written leaves its trace.
    pub(crate) fn trace(&self) -> &'c Shared {
        self.trace
    }

    /// Runs one statement, which is prepared only once, with [`params!`](crate::params); answers how many rows changed.
    /// It is written in the SQL that SQLite and PostgreSQL share: a conflict names its key, and in `DO UPDATE` a column
    /// is named with its table.
    ///
    /// # Errors
    /// [`StoreError::Sql`] when the store refuses.
    pub fn write<'a>(&self, sql: &str, params: impl AsRef<[Value<'a>]>) -> Result<u64, StoreError> {
        self.trace.borrow_mut().statement(sql, params.as_ref());
        self.database.execute("writing a view", sql, params)
    }

    /// As [`Tables::write`], but at the end of the batch, and only what was last said of a row: a claim changes several times
    /// in a batch, and what nobody can read in between need not be written. For statements that set the same columns of one
    /// row each time; whatever else writes that row says so by [`Tables::overtake`] first.
    pub fn write_last(
        &self,
        table: &'static str,
        row: String,
        sql: &str,
        params: impl Into<Vec<Value<'static>>>,
    ) {
        let params = params.into();
        self.trace.borrow_mut().statement(sql, &params);
        self.waiting.borrow_mut().insert((table, row), (sql.to_owned(), params));
    }

    /// Forgets what waits for a row, because it is written or deleted as a whole now.
    pub fn overtake(&self, table: &'static str, row: String) {
        self.waiting.borrow_mut().remove(&(table, row));
    }

    /// Writes what waits.
    pub(crate) fn write_waiting(&self) -> Result<(), StoreError> {
        for (sql, params) in self.waiting.take().into_values() {
            self.database.execute("writing a view", &sql, params)?;
        }
        Ok(())
    }
}

/// Name, version and tables of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// The statements that create its tables.
    pub ddl: &'static str,
    /// The names of its tables.
    pub tables: &'static [&'static str],
}

type Apply = fn(&Tables<'_>, &Fact<'_>) -> Result<(), StoreError>;

/// A view as the runner holds it: one line in the binary for each.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    pub(crate) schema: Schema,
    pub(crate) apply: Option<Apply>,
}

impl Definition {
    /// The view that `P` folds.
    #[must_use]
    pub fn of<P: Projector>() -> Self {
        let schema = Schema { name: P::NAME, version: P::VERSION, ddl: P::DDL, tables: P::TABLES };
        Self { schema, apply: Some(P::apply) }
    }

    /// A view that folds nothing of its own: it is computed from the standing inputs whenever it is read. Rebuilding
    /// or verifying it means them.
    #[must_use]
    pub fn computed(name: &'static str, version: u32) -> Self {
        Self { schema: Schema { name, version, ddl: "", tables: &[] }, apply: None }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.schema.name
    }
}
