//! Snapshots: the fold of a journal up to a position, kept in an embedded store.
//!
//! **Duty.** A [`Keeper`] follows the log and folds what is durable into a [`Snapshot`]: customers with their claims, running
//! deadlines, answered ids, bindings, the program. Engine and intake keep in memory ([`Layers`]) only what is newer than
//! the snapshot, and read the rest from it, so that a start reads the log from the snapshot's position on, and memory
//! does not grow with the years (DESIGN §4, "State").
//!
//! **Invariants.** A snapshot at n is the fold of 1 … n and nothing else (I-28): every [`Cut`] is committed as one with its
//! rows. It carries position, chain heads, the `rules` number and a hash of the fold. A wrong, foreign, newer or missing one
//! costs time, never truth (F-79): it is thrown away and made again from the log.
//!
//! **Absent.** No deciding, no judging: the log's writer judged what is read here. Nothing personal: what is sealed stands in
//! the log alone. No format for ever: the layout has a number, and another number is made again.
//!
//! **Start** at [`Keeper::catch_up`]; `rows.rs` says what the store holds.

mod cut;
mod error;
mod hash;
mod keeper;
mod known;
mod layers;
mod newer;
mod rows;
mod store;

pub use cut::Cut;
pub use error::{KeepError, Unreadable};
pub use hash::FoldHash;
pub use keeper::Keeper;
pub use known::{Change, Known};
pub use layers::{Forgotten, Layers, free};
pub use newer::{Newer, Releases};
pub use rows::{Answers, route, takes};
pub use store::{Discarded, Opened, Snapshot};
