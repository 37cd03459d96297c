//! The log on Kafka, and the topics around it.
//!
//! **Duty.** [`KafkaLog`] keeps each partition of the journal in a partition of a topic; [`KafkaTopics`] is how commands
//! arrive, how processes share them, and how events leave (DESIGN §6). [`create`] and [`check`] see to the settings
//! that all of it rests on. Nobody else knows the client library.
//!
//! **Invariants.** A reign has a producer of its own, so that nothing an earlier one left on its way follows its lead.
//! Receipts of a partition are told in the order of its appends, and after an unclear one all are, until a lead. A reader
//! says that it is at the end only when it has reached an end that was asked for after the question.
//!
//! **Absent.** No transactions: which records count the chain says (DESIGN rule 2), so an append is never fenced here. No
//! consumer group reads: membership only tells who should work. No offset is ever reset in silence.
//!
//! **Start** at [`KafkaLog::open`]; `courier.rs` is the way in, `fetch.rs` the way out.

mod asking;
mod connection;
mod courier;
mod error;
mod fetch;
mod group;
mod heard;
mod lane;
mod log;
mod names;
mod reading;
mod remove;
mod retire;
mod settings;
mod spare;
mod teller;
mod topics;
mod upkeep;
mod wait;

pub use connection::Connection;
pub use log::KafkaLog;
pub use names::Topics;
pub use remove::{discard, remove};
pub use settings::{InboxTopic, Settings, Wrong};
pub use topics::KafkaTopics;
pub use upkeep::{check, create};
