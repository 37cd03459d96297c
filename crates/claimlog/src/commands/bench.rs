//! `bench`: figures, each beside its baseline.

use std::path::Path;

use anyhow::Result;

use crate::bench::{Figure, durable_64, shown};
use crate::cli::{Bench, Global};
use crate::exit::{Status, UsageError};
use crate::output;

/// The names of the figures that this release measures.
const NAMES: [&str; 1] = ["durable_64"];

/// Runs `bench`.
///
/// # Errors
/// When there is no figure of a name, or the disk fails.
pub(crate) fn run(global: &Global, args: &Bench) -> Result<Status> {
    if let Some(unknown) = args.names.iter().find(|it| !NAMES.contains(&it.as_str())) {
        return Err(
            UsageError(format!("there is no figure {unknown}; there are: {}", NAMES.join(", "))).into()
        );
    }
    let place =
        global.data().parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let bar = output::progress("durable_64", Some(10));
    let figure = durable_64(place, || bar.inc(1));
    bar.finish_and_clear();
    let figure = figure?;
    if global.json {
        output::json(&figure)?;
    } else {
        print(&figure)?;
    }
    Ok(Status::Done)
}

fn print(it: &Figure) -> Result<()> {
    let goal = if it.holds { "met" } else { "not met" };
    let row = [
        it.name.to_owned(),
        format!("{} {}", it.value, it.unit),
        it.baseline_value.to_string(),
        shown(it.ratio),
        format!("{} {goal}", shown(it.goal)),
        it.baseline.to_owned(),
    ];
    output::text(&output::table(["FIGURE", "VALUE", "RAW", "RATIO", "GOAL", "RAW IS"], [row]))
}
