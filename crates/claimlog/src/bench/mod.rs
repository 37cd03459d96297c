//! Figures (CONTRACT §6): each beside a raw baseline that is measured in the same run, on the same disk.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use uuid::Uuid;

mod closed_loop;
mod durable;
mod flat;
mod half_load;
#[cfg(feature = "kafka")]
pub(crate) mod kafka;
mod load;
mod program;
mod replay;
mod view_rebuild;

/// Rounds of each, interleaved with those of its baseline; the median counts.
const ROUNDS: u32 = 5;

/// What is measured on this machine alone.
pub(crate) const ALONE: [&str; 10] = [
    "durable_64",
    "durable_1",
    "p99_half_load",
    "p99_snapshots",
    "replay",
    "view_rebuild",
    "apply_120k",
    "rss_20k_claims",
    "rss_1m_open_claims",
    "restart_1m_open_claims",
];
/// What takes ten minutes and 12 GB of disk, so it is measured only where it is named.
pub(crate) const LONG: [&str; 1] = ["flat_1e7"];

/// Measures one of [`ALONE`] or [`LONG`] in a new folder under `place`, which is removed.
///
/// # Errors
/// When the disk fails.
pub(crate) fn alone(name: &str, place: &Path, progress: &mut dyn FnMut()) -> Result<Vec<Figure>> {
    let folder = place.join(format!("claimlog-bench-{}", Uuid::new_v4()));
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let measured = match name {
        "apply_120k" => program::apply_120k(&folder, progress),
        "p99_snapshots" => half_load::snapshots(&folder, progress),
        name => one(name, &folder, progress).map(|it| vec![it]),
    };
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    measured
}

fn one(name: &str, folder: &Path, progress: &mut dyn FnMut()) -> Result<Figure> {
    match name {
        "durable_1" => durable::durable(folder, &durable::DURABLE_1, progress),
        "p99_half_load" => half_load::half_load(folder, progress),
        "replay" => replay::replay(folder, progress),
        "view_rebuild" => view_rebuild::view_rebuild(folder, progress),
        "rss_20k_claims" => program::rss_20k_claims(folder, progress),
        "rss_1m_open_claims" => program::rss_1m_open_claims(folder, progress),
        "restart_1m_open_claims" => program::restart_1m_open_claims(folder, progress),
        "flat_1e7" => flat::flat_1e7(folder, progress),
        _ => durable::durable(folder, &durable::DURABLE_64, progress),
    }
}

/// Measures ours and the baseline in turn; yields the middle of each, in items a second.
fn interleaved(
    items: usize,
    progress: &mut dyn FnMut(),
    mut ours: impl FnMut() -> Result<Duration>,
    mut raw: impl FnMut() -> Result<Duration>,
) -> Result<(u64, u64)> {
    let (mut our_rates, mut raw_rates) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        our_rates.push(closed_loop::per_second(items, ours()?));
        progress();
        raw_rates.push(closed_loop::per_second(items, raw()?));
        progress();
    }
    Ok((median(our_rates), median(raw_rates)))
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: u64,
    pub(crate) unit: &'static str,
    /// What it is compared with.
    pub(crate) baseline: &'static str,
    pub(crate) baseline_value: u64,
    /// Value to baseline, in thousandths, so that no float is needed before it is printed.
    #[serde(serialize_with = "thousandths")]
    pub(crate) ratio: u64,
    /// What the ratio is to be, in thousandths; none for what is printed beside another figure.
    #[serde(serialize_with = "some_thousandths")]
    pub(crate) goal: Option<u64>,
    /// Whether the goal is met.
    pub(crate) holds: Option<bool>,
}

impl Figure {
    /// A figure beside its baseline, without a goal.
    pub(crate) fn beside(
        name: &'static str,
        (value, unit): (u64, &'static str),
        (baseline_value, baseline): (u64, &'static str),
    ) -> Self {
        let ratio = value * 1000 / baseline_value.max(1);
        Self { name, value, unit, baseline, baseline_value, ratio, goal: None, holds: None }
    }

    /// The same, whose ratio is to be so many thousandths or more.
    pub(crate) fn at_least(self, goal: u64) -> Self {
        Self { goal: Some(goal), holds: Some(self.ratio >= goal), ..self }
    }

    /// The same, whose ratio is to be so many thousandths or less.
    pub(crate) fn at_most(self, goal: u64) -> Self {
        Self { goal: Some(goal), holds: Some(self.ratio <= goal), ..self }
    }
}

fn some_thousandths<S: serde::Serializer>(value: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => thousandths(value, serializer),
        None => serializer.serialize_none(),
    }
}

fn thousandths<S: serde::Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    let text = shown(*value);
    let number: serde_json::Number = text.parse().map_err(serde::ser::Error::custom)?;
    number.serialize(serializer)
}

/// Thousandths as a decimal.
pub(crate) fn shown(thousandths: u64) -> String {
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

/// The middle of an odd number of measurements.
pub(crate) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
