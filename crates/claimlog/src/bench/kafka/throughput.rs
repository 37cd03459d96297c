//! `kafka_inbox_to_journal`: how many commands a second go from an inbox through relay and engine to the journal, until
//! each is read back as valid.

use std::time::Instant;

use anyhow::Result;

use crate::bench::closed_loop::per_second;
use crate::bench::kafka::PARTITIONS;
use crate::bench::kafka::commands::{claims, directory};
use crate::bench::kafka::raw::{Sizes, TwoHops, mean_size};
use crate::bench::kafka::rig::Rig;
use crate::bench::{Figure, median};
use crate::kafka_options::KafkaOptions;

/// Customers a round.
const CUSTOMERS: u32 = 3_000;
/// Customers before anything is timed.
const WARM: u32 = 256;
/// Rounds of each, interleaved; the median counts.
const ROUNDS: usize = 3;
/// 0.5 of raw.
const GOAL: u64 = 500;

/// Measures it, and apart from it the same with the publisher at work.
///
/// # Errors
/// When a broker fails.
pub(crate) fn inbox_to_journal(options: &KafkaOptions, mut progress: impl FnMut()) -> Result<Vec<Figure>> {
    let (mut ours, mut raw, mut published) = (Vec::new(), Vec::new(), Vec::new());
    let load = claims(WARM, WARM + CUSTOMERS, PARTITIONS);
    for _ in 0..ROUNDS {
        let (rate, sizes) = decided(options, &load, false)?;
        ours.push(rate);
        progress();
        raw.push(relayed(options, &load, sizes)?);
        progress();
        published.push(decided(options, &load, true)?.0);
        progress();
    }
    let raw = median(raw);
    let figure = |name, value: u64| {
        let ratio = value * 1000 / raw.max(1);
        let baseline = "reading and sending the same sizes through as many topics";
        let holds = ratio >= GOAL;
        Figure { name, value, unit: "commands/s", baseline, baseline_value: raw, ratio, goal: GOAL, holds }
    };
    Ok(vec![
        figure("kafka_inbox_to_journal", median(ours)),
        figure("kafka_inbox_to_journal_published", median(published)),
    ])
}

fn decided(options: &KafkaOptions, load: &[(u32, Vec<u8>)], publish: bool) -> Result<(u64, Sizes)> {
    let mut rig = Rig::start(options, directory(WARM + CUSTOMERS)?)?;
    if publish {
        rig.publish()?;
    }
    let warm = claims(0, WARM, PARTITIONS);
    rig.send(&warm)?;
    rig.observer.until(warm.len(), |_, _| {})?;
    let began = Instant::now();
    rig.send(load)?;
    let ended = rig.observer.until(load.len(), |_, _| {})?;
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
