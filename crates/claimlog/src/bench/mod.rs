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
    #[cfg(feature = "kafka")]
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
