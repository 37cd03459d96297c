//! From inbox topics to outcomes, on a broker in memory: intake, engine and publisher as several processes run them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop where it fails")]

mod bad_input;
mod faults;
mod room;
mod sample;
