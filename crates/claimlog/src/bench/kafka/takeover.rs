//! `kafka_takeover`: how long the partitions of an instance that was killed stay without a decision, from when the other
//! instance learns that they are its own. How long the group takes to notice (its session time-out) is printed apart.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use claim_engine::Instance;
use claim_journal::PartitionId;

use crate::bench::kafka::PARTITIONS;
use crate::bench::kafka::commands::{comment, customer_of, open_claims};
use crate::bench::kafka::observer::id_in;
use crate::bench::kafka::rig::Rig;
use crate::bench::{Figure, median};
use crate::kafka_options::KafkaOptions;

/// Open claims, each of a customer of its own.
const OPEN: u32 = 100_000;
/// How often an instance is killed.
const KILLS: u32 = 30;
/// The worst may take 2 s.
const MOST_MS: u64 = 2_000;
/// How long instances may take to share the partitions.
const SHARED_WITHIN: Duration = Duration::from_secs(60);
/// How long between two looks at how the survivor stands.
const LOOK: Duration = Duration::from_millis(10);

/// Measures it.
///
/// # Errors
/// When a broker fails.
pub(crate) fn takeover(options: &KafkaOptions, mut progress: impl FnMut()) -> Result<Vec<Figure>> {
    let mut rig = Rig::start(options, OPEN, &["intake,engine"])?;
    let load = open_claims(OPEN, PARTITIONS);
    rig.send(&load)?;
    let mut somebody = BTreeMap::new();
    rig.observer.until(load.len(), |partition, body, _| {
        if let Some(customer) = id_in(body).and_then(customer_of) {
            somebody.entry(partition).or_insert(customer);
        }
    })?;
    // From here on intake has a process of its own, and the engine that survives is in this one.
    rig.nodes.clear();
    rig.nodes.push(rig.another("intake")?);
    let survivor = Instance::start(&rig.topics.cluster.engine_parts(&rig.log)?)?;
    let mut probes = Probes { customers: somebody, sent: 0 };
    progress();
    let (mut detected, mut taken) = (Vec::new(), Vec::new());
    for _ in 0..KILLS {
        let (noticed, decided) = kill_one(&mut rig, &survivor, &mut probes)?;
        detected.push(noticed);
        taken.push(decided);
        progress();
    }
    let most = (MOST_MS, "the most that the worst may take");
    let worst = taken.iter().copied().max().unwrap_or_default();
    Ok(vec![
        Figure::beside("kafka_takeover_median", (median(taken), "ms"), most),
        Figure::beside("kafka_takeover_worst", (worst, "ms"), most).at_most(1_000),
        Figure::beside(
            "kafka_takeover_detection",
            (median(detected), "ms"),
            (6_000, "the session time-out of the group"),
        ),
    ])
}

/// Commands that show that a partition decides.
struct Probes {
    /// A customer of each partition.
    customers: BTreeMap<PartitionId, u32>,
    sent: u32,
}

impl Probes {
    /// One command for each of these partitions.
    fn of(&mut self, partitions: &[PartitionId]) -> Vec<(u32, Vec<u8>)> {
        self.sent += 1;
        let customers = partitions.iter().filter_map(|it| self.customers.get(it));
        customers.map(|customer| comment(*customer, self.sent, PARTITIONS)).collect()
    }
}

/// Lets another instance take its share, kills it, and waits until each of its partitions decided again. Yields how long it
/// took until the survivor knew, and how long from then until the last partition decided, in milliseconds.
fn kill_one(rig: &mut Rig, survivor: &Instance, probes: &mut Probes) -> Result<(u64, u64)> {
    until(survivor, <[PartitionId]>::is_empty)?;
    let victim = rig.another("engine")?;
    until(survivor, |elsewhere| !elsewhere.is_empty())?;
    let all: Vec<PartitionId> = probes.customers.keys().copied().collect();
    let everywhere = probes.of(&all);
    rig.send(&everywhere)?;
    rig.observer.until(everywhere.len(), |_, _, _| {})?;
    rig.observer.quiet(Duration::from_secs(1))?;
    let lost = elsewhere(survivor);
    drop(victim);
    let killed = Instant::now();
    let waiting = probes.of(&lost);
    rig.send(&waiting)?;
    let mut last = BTreeMap::new();
    rig.observer.until(waiting.len(), |partition, _, at| last.extend([(partition, at)]))?;
    let status = survivor.status();
    let (mut noticed, mut decided) = (Duration::ZERO, Duration::ZERO);
    for (partition, at) in last {
        let Some(ordered) = status.get(&partition).and_then(|it| it.ordered_at) else {
            bail!("partition {partition} decided, and nobody was ordered to lead it");
        };
        noticed = noticed.max(ordered.saturating_duration_since(killed));
        decided = decided.max(at.saturating_duration_since(ordered));
    }
    let millis = |it: Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
    Ok((millis(noticed), millis(decided)))
}

/// The numbered partitions that an instance does not lead.
fn elsewhere(survivor: &Instance) -> Vec<PartitionId> {
    let status = survivor.status().into_iter();
    let numbered = status.filter(|(id, _)| matches!(id, PartitionId::Number(_)));
    numbered.filter(|(_, it)| !it.leading).map(|(id, _)| id).collect()
}

/// Waits until that is true of the partitions that the survivor does not lead.
fn until(survivor: &Instance, is_so: impl Fn(&[PartitionId]) -> bool) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < SHARED_WITHIN {
        if is_so(&elsewhere(survivor)) {
            return Ok(());
        }
        thread::sleep(LOOK);
    }
    bail!("the instances did not share the partitions within {} s", SHARED_WITHIN.as_secs())
}
