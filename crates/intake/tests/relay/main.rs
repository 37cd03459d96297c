//! From inbox topics to outcomes, on a broker in memory: intake, engine and publisher as several processes run them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop where it fails")]

mod bad_input;
mod faults;
#[path = "../../../engine/tests/shared/observed.rs"]
mod observed;
mod room;
mod sample;
mod weeks;
#[path = "../../../../tests/e2e/world.rs"]
#[allow(dead_code, reason = "the tests of the program ask for more")]
mod world;
