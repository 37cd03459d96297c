//! Figures (CONTRACT §6): each beside a raw baseline that is measured in the same run, on the same disk.

use anyhow::Result;
use serde::Serialize;

mod closed_loop;
mod durable;
#[cfg(feature = "kafka")]
pub(crate) mod kafka;
mod load;

pub(crate) use durable::durable_64;

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
    #[serde(serialize_with = "thousandths")]
    pub(crate) goal: u64,
    /// Whether the goal is met.
    pub(crate) holds: bool,
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
