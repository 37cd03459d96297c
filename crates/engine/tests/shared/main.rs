//! Engines that share partitions, on a broker in memory that loses, holds and truncates as it is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop where it fails")]

#[path = "../engine/ask.rs"]
#[allow(dead_code, reason = "the other tests of the engine ask for more")]
mod ask;
mod deadlines;
mod faults;
mod observed;
mod planted;
mod room;
mod sharing;
mod stories;

#[path = "../../../domain/tests/decisions/model/mod.rs"]
mod model;
#[path = "../../../domain/tests/decisions/said.rs"]
mod said;
#[path = "../../../domain/tests/decisions/story/mod.rs"]
#[allow(dead_code, reason = "the tests of the rules tell other stories too")]
mod story;
#[path = "../engine/told.rs"]
mod told;
