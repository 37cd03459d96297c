//! Decisions over long histories, through the crate's public door: they agree with a second model, and they are a
//! function.
//!
//! Start at `agreement`, then `model` for what is expected and `story` for what comes. `chance` says how a
//! longer run is made, and a failing one repeated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod agreement;
mod chance;
mod function;
mod model;
mod story;
mod world;
