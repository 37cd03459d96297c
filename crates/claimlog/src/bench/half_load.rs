//! `p99_half_load`: from when a command was due to be sent until its decision is durable, at half the rate that is possible,
//! beside raw group-committed appends of the same bytes at the same rate.

use std::cell::Cell;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use uuid::Uuid;

use super::durable::{self, Running, long_ago};
use super::{Figure, ROUNDS, closed_loop, load, median};

/// Customers a round; each gives seven commands.
const CUSTOMERS: u32 = 3_000;
/// In flight while it is measured what is possible.
const IN_FLIGHT: usize = 64;
/// Twice that of raw.
const GOAL: u64 = 2_000;

/// Measures it in a folder.
///
/// # Errors
/// When the disk fails.
pub(crate) fn half_load(folder: &Path, progress: &mut dyn FnMut()) -> Result<Figure> {
    let count = load::commands(CUSTOMERS);
    let possible = durable::fill(&folder.join("possible"), CUSTOMERS, IN_FLIGHT)?.0;
    let rate = closed_loop::per_second(count, possible) / 2;
    let lines = Cell::default();
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(p99(decided(&folder.join(Uuid::new_v4().to_string()), rate, &lines)?));
        progress();
        let file = folder.join(Uuid::new_v4().to_string());
        raw.push(p99(durable::appending(&file, |append| paced(lines.take(), rate, append))?));
        progress();
    }
    let baseline = (median(raw), "raw group-committed appends of the same bytes at the same rate");
    Ok(Figure::beside("p99_half_load", (median(ours), "µs"), baseline).at_most(GOAL))
}

/// The real engine over the real log.
fn decided(folder: &Path, rate: u64, lines: &Cell<Vec<Vec<u8>>>) -> Result<Vec<Duration>> {
    let running = Running::begin(folder, long_ago()?)?;
    let commands = running.commands(0..CUSTOMERS, load::STEPS).collect::<Result<Vec<_>>>()?;
    let from = running.log.end();
    let took = paced(commands, rate, |routed, done| running.send(routed, done));
    running.close()?;
    lines.set(durable::written(folder, from)?);
    Ok(took)
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
