//! `kafka_two_instances`: what a command costs two instances together, beside what it costs one.

use std::time::Duration;

use anyhow::Result;

use crate::bench::kafka::PARTITIONS;
use crate::bench::kafka::commands::claims;
use crate::bench::kafka::rig::Rig;
use crate::bench::{Figure, median};
use crate::kafka_options::KafkaOptions;

/// Customers a round.
const CUSTOMERS: u32 = 6_000;
/// Customers before anything is counted.
const WARM: u32 = 3_000;
/// Rounds of each, interleaved; the median counts.
const ROUNDS: usize = 3;
/// 1.15 times one.
const GOAL: u64 = 1_150;
/// What each instance does.
const ROLES: &str = "intake,engine";

/// Measures it.
///
/// # Errors
/// When a broker fails.
pub(crate) fn two_instances(options: &KafkaOptions, mut progress: impl FnMut()) -> Result<Vec<Figure>> {
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(cost(options, &[ROLES])?);
        progress();
        two.push(cost(options, &[ROLES, ROLES])?);
        progress();
    }
    let baseline = (median(one), "the same commands with one instance");
    let two = (median(two), "ns of processor time a command");
    Ok(vec![Figure::beside("kafka_two_instances", two, baseline).at_most(GOAL)])
}

/// The processor time of a command, in nanoseconds.
fn cost(options: &KafkaOptions, roles: &[&str]) -> Result<u64> {
    let mut rig = Rig::start(options, WARM + CUSTOMERS, roles)?;
    let (warm, load) = (claims(0, WARM, PARTITIONS), claims(WARM, WARM + CUSTOMERS, PARTITIONS));
    rig.send(&warm)?;
    rig.observer.until(warm.len(), |_, _, _| {})?;
    let before = rig.processor_time()?;
    rig.send(&load)?;
    rig.observer.until(load.len(), |_, _, _| {})?;
    let used: Duration = rig.processor_time()? - before;
    Ok(u64::try_from(used.as_nanos()).unwrap_or(u64::MAX) / load.len() as u64)
}
