//! The observer sees what it must: every row of the rule, every spelling, every complaint; and where the engine's own
//! reader judges, both judge the same.
//!
//! Start reading in `rule`; `pen` writes the records that the others spoil.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod agreement;
mod bytes;
mod faults;
mod feed;
mod pen;
mod rule;
