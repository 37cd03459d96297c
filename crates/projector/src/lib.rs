//! Folds the journal into SQL views: order, gaps, checkpoints, rebuild, the standing inputs.
//!
//! **Duty.** A [`Runner`] reads a log from the checkpoint on, judges every record by [`claim_journal::Chain`], folds each
//! decision once and in order into every view, and writes views and checkpoint in one transaction, so that a kill at
//! any moment loses nothing and doubles nothing. A view is a [`Projector`]: a name, a version, its tables and `apply`. The
//! *standing inputs* that every view may look at (customers, known ones, claims, history, outcomes, the catalog) are
//! folded here, beside them. A [`Snapshot`] reads all of it at one cursor; [`rebuild()`] and [`verify()`] fold the
//! journal afresh beside the live views; [`past()`] folds part of it, to read the views as they were.
//!
//! **Invariants.** All views of one store, a SQLite file or a schema of PostgreSQL, stand at the same vector of checkpoints. Nothing is skipped in silence: a gap,
//! a checkpoint off the chain, or an event this release does not know stops the runner with its position. Nothing here is
//! truth: every table can be folded again from the journal. What each event was folded to is recorded, and another program
//! that folds one otherwise is refused ([`Runner::admit`]).
//!
//! **Absent.** No rule of claims: what an event means for a claim is said by `claim_domain`, and read back from it. No
//! effect: folding, rebuilding and verifying send nothing. No clock: whoever asks a view says what time it is. No view
//! knows another.
//!
//! **Start** at [`Runner::catch_up`], then [`Projector`]; the shape of what views answer is in [`Row`] and [`Page`].

mod candidates;
mod claim_table;
mod compare;
mod database;
mod error;
#[cfg(feature = "fixtures")]
pub mod fixtures;
mod folds;
mod gate;
mod inputs;
mod page;
mod past;
mod planted;
mod program;
mod projector;
mod query;
mod reader;
mod rebuild;
mod row;
mod runner;
mod snapshot;
mod stored;
mod trace;
mod verify;
mod views;

pub use candidates::{Candidate, candidates};
pub use claim_table::ClaimTable;
pub use compare::{Difference, DifferenceKind};
pub use database::{Columns, FromValue, SqlError, Value, column, instant, integer, position};
pub use error::{ProjectError, QueryError, StoreError};
pub use inputs::{Answered, Asking, ClaimFile, HistoryEntry, INPUTS, Occasion};
pub use page::Page;
pub use past::past;
pub use planted::{Planted, PlantedFault};
pub use program::Program;
pub use projector::{Definition, Fact, Projector, Schema, Tables};
pub use query::{Filter, Note, Query, Sort, Tab, published};
pub use rebuild::rebuild;
pub use row::{Row, RowReason};
pub use runner::{AcceptVoid, Progress, Runner};
pub use snapshot::{Acquaintance, Snapshot};
pub use stored::{read_json, read_text, write_json};
pub use verify::{Verified, verify};
pub use views::{Checkpoints, Location, Views};
