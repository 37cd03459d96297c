//! `p99_half_load`: from when a command was due to be sent until its decision is durable, at half the rate that is possible,
//! beside raw group-committed appends of the same bytes at the same rate; `p99_snapshots`: the same while snapshots are taken.

use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use uuid::Uuid;

use super::durable::{self, QUIET, Running, long_ago};
use super::{Figure, ROUNDS, closed_loop, load, median};

/// Customers a round; each gives seven commands.
const CUSTOMERS: u32 = 3_000;
/// In flight while it is measured what is possible.
const IN_FLIGHT: usize = 64;
/// Twice that of raw.
const GOAL: u64 = 2_000;
/// Customers a round where snapshots are taken.
const MANY_CUSTOMERS: u32 = 12_000;
/// How much of the log is behind a snapshot: so little that several are taken, though the log is busy.
const SNAPSHOT_EVERY: u64 = 4 << 20;
/// Commands a second that are steady, and seldom met: 130 million a day.
const STEADY: u64 = 1_500;
/// Customers a round at that load: half a minute, in which one snapshot is taken or two.
const STEADY_CUSTOMERS: u32 = 6_400;
/// How much of the log is behind a snapshot there, as of `serve` if nothing else is said.
const STEADY_EVERY: u64 = 32 << 20;
/// A fifth more than without.
const SNAPSHOTS_GOAL: u64 = 1_200;

/// Measures it in a folder.
///
/// # Errors
/// When the disk fails.
pub(crate) fn half_load(folder: &Path, progress: &mut dyn FnMut()) -> Result<Figure> {
    let possible = durable::fill(&folder.join("possible"), CUSTOMERS, IN_FLIGHT)?.0;
    let rate = closed_loop::per_second(load::commands(CUSTOMERS), possible) / 2;
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let data = folder.join(Uuid::new_v4().to_string());
        let (took, from) = decided(&data, CUSTOMERS, rate, None)?;
        ours.push(p99(took));
        let lines = durable::written(&data, from)?;
        progress();
        let file = folder.join(Uuid::new_v4().to_string());
        raw.push(p99(durable::appending(&file, |append| paced(lines, rate, append))?));
        progress();
    }
    let baseline = (median(raw), "raw group-committed appends of the same bytes at the same rate");
    Ok(Figure::beside("p99_half_load", (median(ours), "µs"), baseline).at_most(GOAL))
}

/// Measures the same while snapshots are taken, beside the same without, in a folder: at a steady load with snapshots as `serve`
/// takes them, and at half of what is possible with snapshots that do not wait until the log is quiet.
///
/// # Errors
/// When the disk fails.
pub(crate) fn snapshots(folder: &Path, progress: &mut dyn FnMut()) -> Result<Vec<Figure>> {
    let possible = durable::fill(&folder.join("possible"), CUSTOMERS, IN_FLIGHT)?.0;
    let half = closed_loop::per_second(load::commands(CUSTOMERS), possible) / 2;
    let loads = [
        ("p99_snapshots, 1,500 commands/s", STEADY_CUSTOMERS, STEADY, STEADY_EVERY),
        ("p99_snapshots", MANY_CUSTOMERS, half, SNAPSHOT_EVERY),
    ];
    let mut figures = Vec::new();
    for (name, customers, rate, step) in loads {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            for (every, p99s) in [(Some(step), &mut with), (None, &mut without)] {
                let data = folder.join(Uuid::new_v4().to_string());
                p99s.push(p99(decided(&data, customers, rate, every)?.0));
                fs::remove_dir_all(&data)?;
                progress();
            }
        }
        let baseline = (median(without), "the same without snapshots");
        figures.push(Figure::beside(name, (median(with), "µs"), baseline).at_most(SNAPSHOTS_GOAL));
    }
    Ok(figures)
}

/// The real engine over the real log, with a snapshot every so many bytes; yields how long each took, and where the first
/// stands.
fn decided(folder: &Path, customers: u32, rate: u64, every: Option<u64>) -> Result<(Vec<Duration>, u64)> {
    let running = Running::begin_kept(folder, long_ago()?, every)?;
    let commands = running.commands(0..customers, load::STEPS).collect::<Result<Vec<_>>>()?;
    let from = running.log.end();
    thread::sleep(QUIET);
    let took = paced(commands, rate, |routed, done| running.send(routed, done));
    running.close()?;
    Ok((took, from))
}

/// Sends items at a rate, whatever comes back; yields how long each took from when it was due.
///
/// Whoever is late for one is late for those behind it too, which a closed loop would hide (coordinated omission).
fn paced<T>(items: Vec<T>, rate: u64, mut send: impl FnMut(T, Box<dyn FnOnce() + Send>)) -> Vec<Duration> {
    let count = items.len();
    let (tell, told) = channel();
    let begun = Instant::now();
    for (item, number) in items.into_iter().zip(0_u64..) {
        let due = begun + Duration::from_nanos(number * 1_000_000_000 / rate.max(1));
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let tell = tell.clone();
        send(
            item,
            Box::new(move || {
                let _ = tell.send(due.elapsed());
            }),
        );
    }
    told.iter().take(count).collect()
}

/// The time that all but one in a hundred took at most, in microseconds.
fn p99(mut took: Vec<Duration>) -> u64 {
    took.sort_unstable();
    let at = took.len() * 99 / 100;
    took.get(at).map_or(0, |it| u64::try_from(it.as_micros()).unwrap_or(u64::MAX))
}
