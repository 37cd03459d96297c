//! `bench`: figures, each beside its baseline.

use std::path::Path;

use anyhow::Result;

use crate::bench::{ALONE, Figure, LONG, alone, shown};
use crate::cli::{Bench, Global};
use crate::exit::{Status, UsageError};
use crate::kafka_options::KafkaOptions;
use crate::output;

/// The names of the figures that need brokers.
const ON_KAFKA: [&str; 5] = [
    "kafka_inbox_to_journal",
    "kafka_publisher",
    "kafka_added_latency",
    "kafka_two_instances",
    "kafka_takeover",
];

/// Runs `bench`.
///
/// # Errors
/// When there is no figure of a name, it needs brokers and none are named, or disk or brokers fail.
pub(crate) fn run(global: &Global, args: &Bench) -> Result<Status> {
    let all: Vec<&str> = ALONE.into_iter().chain(ON_KAFKA).collect();
    let there_are: Vec<&str> = all.iter().copied().chain(LONG).collect();
    if let Some(unknown) = args.names.iter().find(|it| !there_are.contains(&it.as_str())) {
        let there_are = there_are.join(", ");
        return Err(UsageError(format!("there is no figure {unknown}; there are: {there_are}")).into());
    }
    let named: Vec<&str> = args.names.iter().map(String::as_str).collect();
    let possible = |it: &&str| args.kafka.kafka.is_some() || !on_kafka(it);
    let names = if named.is_empty() { all.into_iter().filter(possible).collect() } else { named };
    if args.kafka.kafka.is_none()
        && let Some(name) = names.iter().find(|it| on_kafka(it))
    {
        return Err(
            UsageError(format!("{name} needs brokers: say where Kafka is with --kafka HOST:PORT")).into()
        );
    }
    for name in names {
        let bar = output::progress(name, None);
        let figures = measure(global, name, &args.kafka, || bar.inc(1));
        bar.finish_and_clear();
        for figure in figures? {
            if global.json { output::json(&figure)? } else { print(&figure)? }
        }
    }
    Ok(Status::Done)
}

fn on_kafka(name: &str) -> bool {
    ON_KAFKA.contains(&name)
}

fn measure(
    global: &Global,
    name: &str,
    kafka: &KafkaOptions,
    mut progress: impl FnMut(),
) -> Result<Vec<Figure>> {
    if on_kafka(name) {
        return measure_on_kafka(name, kafka, progress);
    }
    let place =
        global.data().parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    alone(name, place, &mut progress)
}

#[cfg(feature = "kafka")]
fn measure_on_kafka(name: &str, kafka: &KafkaOptions, progress: impl FnMut()) -> Result<Vec<Figure>> {
    match name {
        "kafka_inbox_to_journal" => crate::bench::kafka::inbox_to_journal(kafka, progress),
        "kafka_publisher" => crate::bench::kafka::publisher(kafka, progress),
        "kafka_two_instances" => crate::bench::kafka::two_instances(kafka, progress),
        "kafka_takeover" => crate::bench::kafka::takeover(kafka, progress),
        _ => crate::bench::kafka::added_latency(kafka, progress),
    }
}

#[cfg(not(feature = "kafka"))]
fn measure_on_kafka(_: &str, _: &KafkaOptions, _: impl FnMut()) -> Result<Vec<Figure>> {
    Err(crate::exit::without_kafka().into())
}

fn print(it: &Figure) -> Result<()> {
    let goal = it.goal.zip(it.holds).map_or_else(String::new, |(goal, holds)| {
        format!("{} {}", shown(goal), if holds { "met" } else { "not met" })
    });
    let row = [
        it.name.to_owned(),
        format!("{} {}", it.value, it.unit),
        it.baseline_value.to_string(),
        shown(it.ratio),
        goal,
        it.baseline.to_owned(),
    ];
    output::text(&output::table(["FIGURE", "VALUE", "RAW", "RATIO", "GOAL", "RAW IS"], [row]))
}
