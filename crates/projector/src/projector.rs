//! What a view is: a fold with a name, a version and tables of its own.

use std::cell::RefCell;

use claim_domain::claim::Claim;
use claim_domain::customer::Stamp;
use claim_domain::event::Event;
use claim_domain::ids::CustomerId;
use claim_journal::Position;

use crate::claim_table::Rows;
use crate::database::{Database, Value};
use crate::error::StoreError;
use crate::inputs::NewClaims;
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
    /// The claims that are new in this batch.
    pub(crate) new_claims: RefCell<NewClaims>,
    /// The rows of claim tables that changed in this batch.
    pub(crate) rows: RefCell<Rows>,
}

impl<'c> Tables<'c> {
    pub(crate) fn new(database: &'c Database, trace: &'c Shared) -> Self {
        Self { database, trace, new_claims: RefCell::default(), rows: RefCell::default() }
    }

    /// Where what is written leaves its trace.
    pub(crate) fn trace(&self) -> &'c Shared {
        self.trace
    }

    /// Runs one statement, which is prepared only once, with [`params!`](crate::params); answers how many rows changed.
    /// It is written in the SQL that SQLite and PostgreSQL share: a conflict names its key, and in `DO UPDATE` a column
    /// is named with its table. Customers, claims, and rows of a [`ClaimTable`](crate::ClaimTable) are written at the end of a
    /// batch, so it reads none of these.
    ///
    /// # Errors
    /// [`StoreError::Sql`] when the store refuses.
    pub fn write<'a>(&self, sql: &'static str, params: impl AsRef<[Value<'a>]>) -> Result<u64, StoreError> {
        self.trace.borrow_mut().statement(sql, params.as_ref());
        self.database.execute("writing a view", sql, params)
    }

    /// Takes a statement into the trace whose effect is written at the end of the batch: what nobody can read in between
    /// need not be written.
    pub(crate) fn note(&self, sql: &'static str, params: &[Value<'_>]) {
        self.trace.borrow_mut().statement(sql, params);
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
