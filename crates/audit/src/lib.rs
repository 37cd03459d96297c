//! The audit: what can be said of a journal without asking the engine that wrote it.
//!
//! **Duty.** [`verify()`] reads a log once, from its first record to its last, and folds it by itself. It checks the
//! chain and the order of every partition, that each first lead says the same settings, that identifiers keep their
//! first customer, that every command has one answer, that times follow from the times before them, that deadlines
//! fired before what they had to come before, and it decides every decision again and compares it with what stands on
//! the log, byte for byte but for the sentence `message` (DESIGN rule 6, §5; I-01 … I-17, I-26, I-29). [`as_of()`] tells
//! claims and views as they were. [`explain()`] tells why a claim is what it is, and [`what_if()`] what would be
//! otherwise under other terms, both by deciding again. [`export`] writes decisions, events and claims as Parquet. [`prove`] signs what a journal is, proves to others what stands in
//! it, and names the record that was changed since (I-25).
//!
//! **Invariants.** A finding names its place. A finding about a decision ends nothing: the fold goes on with what the
//! log says. Where a chain halts, that partition is read no further, as every other reader would do; whoever can only tell
//! of a sound journal stops there with the place. Memory grows with what is folded (customers, answered ids, program
//! positions, 48 bytes a leaf), never with the length of the text.
//!
//! **Absent.** No engine, no writing, no clock but the one that measures the run, no randomness: keys are given. No view of
//! its own: [`as_of()`] folds those it is given. Torn tails and the exact byte of damage are the log's own to tell;
//! [`Report::add`] takes such findings, and those of views, from whoever looked. That a deadline fired no earlier than its
//! log's clock allowed stands on no log and is not checked.
//!
//! **Start** at [`verify()`]; then `decisions.rs`, the checks of one decision in their order; `what_if/worker.rs` for the two
//! worlds, `prove/merkle.rs` for the tree.

mod again;
mod answers;
mod as_of;
mod bindings;
mod decisions;
mod explain;
pub mod export;
mod known;
mod moment;
mod program;
pub mod prove;
mod records;
mod report;
mod rows;
mod sound;
mod verify;
mod what_if;

pub use as_of::{AsOfError, Past, as_of};
pub use explain::{CameTo, Explanation, FactsUsed, Otherwise, Running, Step, TermsUsed, explain};
pub use moment::{Moment, NotAMoment};
pub use report::{Checked, Finding, Listed, Report, What};
pub use rows::moves;
pub use sound::AuditError;
pub use verify::{Options, verify};
pub use what_if::{
    Both, Changes, Count, Differing, OutcomeDiffers, Place, Seen, Totals, WhatIf, WhatIfError, what_if,
};
