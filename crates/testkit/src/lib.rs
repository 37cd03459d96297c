//! What tests share: the sample, with what the rules demand of each of its lines, and a broker in memory.
//!
//! **Duty.** One place that writes `deploy/sample/` and knows the outcome of every line, for the example that writes
//! the files and for the tests that check the program against them. With the feature `postgres` also a real PostgreSQL,
//! and fresh places in each store that views and keys can stand in.
//!
//! [`broker::MemoryBroker`] is a log with topics and faults, for tests of what runs on brokers.
//!
//! **Absent.** Everything that decides: no engine, no intake, no clock, no randomness. Nothing outside tests knows it.
//!
//! **Start** at [`sample::sample`]; for a broker, with the feature `kafka`, at `kafka::or_skip`.

pub mod broker;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sample;
mod skip;
#[cfg(feature = "postgres")]
pub mod stores;

pub use skip::skipped;
