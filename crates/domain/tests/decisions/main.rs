//! Decisions over long histories, through the crate's public door: they agree with a second model, they are a function,
//! and what must not matter does not.
//!
//! Start at `agreement`, then `model` for what is expected and `story` for what comes. `chance` says how a
//! longer run is made, and a failing one repeated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod agreement;
mod chance;
mod function;
mod model;
mod said;
mod story;
mod what_does_not_matter;
mod world;
