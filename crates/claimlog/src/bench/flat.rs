//! `flat_1e7`: processor time a command with ten million decisions behind it, beside that with ten thousand.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::durable::{FILLING, Running, long_ago};
use super::{Figure, ROUNDS, load, median};

/// Customers whose seven commands each are the long past, and the short one.
const PAST: [u32; 2] = [10_000_000 / load::STEPS, 10_000 / load::STEPS];
/// Customers of a round.
const CUSTOMERS: u32 = 2_000;
/// At most 1.2 of the short past.
const GOAL: u64 = 1_200;

/// Measures it in a folder: two engines, one with a long past, in turn.
///
/// # Errors
/// When the disk fails.
pub(crate) fn flat_1e7(folder: &Path, progress: &mut dyn FnMut()) -> Result<Figure> {
    let mut engines = Vec::new();
    for (past, name) in PAST.into_iter().zip(["long", "short"]) {
        let running = Running::begin(&folder.join(name), long_ago()?)?;
        running.fill(past, load::STEPS)?;
        engines.push((running, past, Vec::new()));
        progress();
    }
    for round in 0..ROUNDS {
        for (running, past, costs) in &mut engines {
            let from = *past + round * CUSTOMERS;
            let commands =
                running.commands(from..from + CUSTOMERS, load::STEPS).collect::<Result<Vec<_>>>()?;
            let before = processor_time()?;
            running.run(commands, FILLING);
            costs.push((processor_time()? - before) / load::commands(CUSTOMERS) as u64);
            progress();
        }
    }
    let mut middles = Vec::new();
    for (running, _, costs) in engines {
        running.close()?;
        middles.push(median(costs));
    }
    let (long, short) = (middles.first().copied().unwrap_or(0), middles.get(1).copied().unwrap_or(0));
    let baseline = (short, "the same with 10,000 decisions in the past");
    Ok(Figure::beside("flat_1e7", (long, "ns of processor time a command"), baseline).at_most(GOAL))
}

/// What the threads of this process used, in nanoseconds; those that are measured live all the while.
fn processor_time() -> Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir("/proc/self/task").context("reading the threads of this process")? {
        let path = thread?.path().join("schedstat");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        sum += text.split_ascii_whitespace().next().and_then(|it| it.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(sum)
}
