//! What a move did.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::kafka::moves::stand::{Stand, Stands};
use crate::output;

/// What was moved; the target was read and is the same.
#[derive(Debug, Serialize)]
pub(crate) struct Moved {
    partitions: Vec<Stand>,
    /// How many identifiers are bound.
    bindings: u64,
    /// What was left behind since it has no effect, by cause.
    void: BTreeMap<&'static str, u64>,
}

impl Moved {
    /// Compares both sides.
    ///
    /// # Errors
    /// When the target is not what the source is.
    pub(crate) fn compared(source: Stands, target: &Stands, bindings: u64, read_back: u64) -> Result<Self> {
        for (partition, stand) in &source.partitions {
            let found = target.partitions.get(partition);
            if found != Some(stand) {
                bail!("partition {partition} is not what it was: {found:?} instead of {stand:?}");
            }
        }
        if target.partitions.len() != source.partitions.len() || bindings != read_back {
            bail!("the target has other partitions, or {read_back} bindings instead of {bindings}");
        }
        Ok(Self { partitions: source.partitions.into_values().collect(), bindings, void: source.void })
    }
}

/// The report for people.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn print(moved: &Moved) -> Result<()> {
    let rows = moved.partitions.iter().map(|it| {
        let head = it.head.map_or_else(String::new, |it| it.to_string());
        [it.partition.to_string(), it.records.to_string(), it.sequence.to_string(), head]
    });
    output::text(&output::table(["PARTITION", "RECORDS", "SEQUENCE", "HEAD"], rows))?;
    output::text(&format!("{} identifiers are bound", moved.bindings))?;
    for (code, count) in &moved.void {
        output::text(&format!("{count} records without effect were left behind: {code}"))?;
    }
    output::text("the target was read again: every count and every head is the source's")
}
