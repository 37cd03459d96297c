//! claimlog on Kafka: which cluster, which topics, and what one instance among several runs.

mod answers;
mod cluster;
mod door;
mod effects;
mod gauges;
mod instance;
pub(crate) mod moves;
mod parts;
mod problems;

pub(crate) use cluster::Cluster;
pub(crate) use instance::serve;
