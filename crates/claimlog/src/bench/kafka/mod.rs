//! Figures on Kafka (CONTRACT §6): real instances of this program over real brokers, each beside plain reading and sending
//! of the same sizes on the same brokers in the same run. Every rig has topics of its own, which it deletes.

mod commands;
mod instances;
mod latency;
mod node;
mod observer;
mod publishing;
mod raw;
mod rig;
mod takeover;
mod throughput;

pub(crate) use instances::two_instances;
pub(crate) use latency::added_latency;
pub(crate) use publishing::publisher;
pub(crate) use takeover::takeover;
pub(crate) use throughput::inbox_to_journal;

/// How many partitions inbox and journal have.
const PARTITIONS: u16 = 8;
