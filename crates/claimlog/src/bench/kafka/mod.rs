//! Figures on Kafka (CONTRACT §6): the real relay, engine and publisher over real brokers, each beside plain reading and
//! sending of the same sizes on the same brokers in the same run. Every rig has topics of its own, which it deletes.

mod commands;
mod latency;
mod observer;
mod publishing;
mod raw;
mod rig;
mod throughput;

pub(crate) use latency::added_latency;
pub(crate) use publishing::publisher;
pub(crate) use throughput::inbox_to_journal;

/// How many partitions inbox and journal have.
const PARTITIONS: u16 = 8;
