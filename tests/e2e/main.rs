//! End to end: what an upstream service, an auditor or a script sees of the program, and what faults leave of it.
//!
//! Everything here runs the real binary on a directory of its own, through its files, its standard input and output, and
//! its exit status; the log is read as any reader may read it, line by line. Nothing here knows a crate from inside,
//! but for the list of refusals.
//! Start reading in `sample`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod audit;
mod bad_input;
mod chain;
mod commands;
mod damage;
mod deadlines;
mod effects;
mod erasure;
mod full_disk;
mod golden;
mod http;
mod journal;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "kafka")]
mod kafka_moves;
mod kill;
mod mutated;
mod observer;
mod place;
mod python;
mod sample;
mod search;
mod seed;
mod serve;
mod snapshots;
mod stores;
mod trace;
mod views;
mod world;
