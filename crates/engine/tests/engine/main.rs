//! The engine on an embedded log of its own: what it recalls, in which order it writes, when it tells, and what is left
//! when deciding or the log fails.
//! Start reading in `answers`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod answers;
mod ask;
mod deadlines;
mod faults;
mod gate;
mod room;
mod stories;
mod told;

#[path = "../../../domain/tests/decisions/model/mod.rs"]
mod model;
#[path = "../../../domain/tests/decisions/said.rs"]
mod said;
#[path = "../../../domain/tests/decisions/story/mod.rs"]
#[allow(dead_code, reason = "the tests of the rules tell other stories too")]
mod story;
