//! Engines that share partitions, on a broker in memory that loses, holds and truncates as it is told.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop where it fails")]

#[path = "../engine/ask.rs"]
#[allow(dead_code, reason = "the other tests of the engine ask for more")]
mod ask;
mod deadlines;
mod faults;
mod observed;
mod planted;
mod room;
mod sharing;
