//! `kafka_inbox_to_journal`: how many commands a second go from an inbox through relay and engine to the journal, until
//! each is read back as valid.

use std::time::Instant;

use anyhow::Result;

use crate::bench::closed_loop::per_second;
use crate::bench::kafka::PARTITIONS;
use crate::bench::kafka::commands::claims;
use crate::bench::kafka::raw::{Sizes, TwoHops, mean_size};
use crate::bench::kafka::rig::Rig;
use crate::bench::{Figure, median};
use crate::kafka_options::KafkaOptions;

/// Customers a round.
const CUSTOMERS: u32 = 6_000;
/// Customers before anything is timed, until processes have the memory that they work in: its first touch can cost more than
/// the work.
const WARM: u32 = 3_000;
/// Rounds of each, interleaved; the median counts.
const ROUNDS: usize = 3;
/// 0.5 of raw.
const GOAL: u64 = 500;

/// The roles that decide, and all of them.
const DECIDING: &str = "intake,engine";
const EVERYTHING: &str = "intake,engine,projector,publisher,api";

/// Measures it, and apart from it the same with views, publisher and API at work.
///
/// # Errors
/// When a broker fails.
pub(crate) fn inbox_to_journal(options: &KafkaOptions, mut progress: impl FnMut()) -> Result<Vec<Figure>> {
    let (mut ours, mut raw, mut everything) = (Vec::new(), Vec::new(), Vec::new());
    let load = claims(WARM, WARM + CUSTOMERS, PARTITIONS);
    for _ in 0..ROUNDS {
        let (rate, sizes) = decided(options, &load, DECIDING)?;
        ours.push(rate);
        progress();
        raw.push(relayed(options, &load, sizes)?);
        progress();
        everything.push(decided(options, &load, EVERYTHING)?.0);
        progress();
    }
    let raw = (median(raw), "reading and sending the same sizes through as many topics");
    let ours = (median(ours), "commands/s");
    let everything = (median(everything), "commands/s");
    Ok(vec![
        Figure::beside("kafka_inbox_to_journal", ours, raw).at_least(GOAL),
        Figure::beside("kafka_inbox_to_journal_everything_on", everything, raw),
    ])
}

fn decided(options: &KafkaOptions, load: &[(u32, Vec<u8>)], roles: &str) -> Result<(u64, Sizes)> {
    let mut rig = Rig::start(options, WARM + CUSTOMERS, &[roles])?;
    let warm = claims(0, WARM, PARTITIONS);
    rig.send(&warm)?;
    rig.observer.until(warm.len(), |_, _, _| {})?;
    let began = Instant::now();
    rig.send(load)?;
    let ended = rig.observer.until(load.len(), |_, _, _| {})?;
    let topics = &rig.topics.cluster.topics;
    let command = mean_size(&rig.topics, &topics.commands())?;
    let record = mean_size(&rig.topics, &topics.journal())?;
    Ok((per_second(load.len(), ended - began), Sizes { command, record }))
}

fn relayed(options: &KafkaOptions, load: &[(u32, Vec<u8>)], sizes: Sizes) -> Result<u64> {
    let mut hops = TwoHops::start(options, sizes)?;
    let began = Instant::now();
    hops.send(load)?;
    let ended = hops.until(load.len(), |_, _| {})?;
    Ok(per_second(load.len(), ended - began))
}
