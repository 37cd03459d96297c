//! `replay`: from the files of a log to the fold of everything decided, as every start makes it, beside reading, parsing and
//! hashing the same lines on both cores.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use claim_engine::Replay;
use claim_intake::Remembered;
use claim_journal::Digest;
use claim_log_embedded::{EmbeddedLog, Options};
use serde_json::Value;

use super::{Figure, durable, interleaved, load};
use crate::node;

/// Customers on the log; each gave seven commands.
const CUSTOMERS: u32 = 6_000;
/// On how many threads the baseline runs.
const THREADS: usize = 2;
/// 0.5 of raw.
const GOAL: u64 = 500;

/// Measures it in a folder.
///
/// # Errors
/// When the disk fails.
pub(crate) fn replay(folder: &Path, progress: &mut dyn FnMut()) -> Result<Figure> {
    let data = folder.join("data");
    durable::fill(&data, CUSTOMERS, durable::FILLING)?;
    let rates = interleaved(load::commands(CUSTOMERS), progress, || opened(&data), || parsed(&data))?;
    let baseline = (rates.1, "reading, parsing and hashing the same lines, on two threads");
    Ok(Figure::beside("replay", (rates.0, "decisions/s"), baseline).at_least(GOAL))
}

fn opened(data: &Path) -> Result<Duration> {
    let begun = Instant::now();
    let (log, _) = EmbeddedLog::open(data, &Options::default())?;
    node::fold(&*log, 0, &mut Replay::default(), &mut Remembered::default())?;
    let took = begun.elapsed();
    log.close()?;
    Ok(took)
}

fn parsed(data: &Path) -> Result<Duration> {
    let begun = Instant::now();
    for entry in fs::read_dir(data.join("log"))? {
        let path = entry?.path();
        if path.extension() != Some(OsStr::new("ndjson")) {
            continue;
        }
        let bytes = fs::read(path)?;
        let lines: Vec<&[u8]> = bytes.split(|it| *it == b'\n').filter(|it| !it.is_empty()).collect();
        let share = lines.len().div_ceil(THREADS).max(1);
        thread::scope(|scope| {
            let parts: Vec<_> = lines.chunks(share).map(|part| scope.spawn(|| parse(part))).collect();
            parts.into_iter().try_for_each(|it| it.join().map_err(|_| anyhow!("the baseline panicked"))?)
        })?;
    }
    Ok(begun.elapsed())
}

/// Both are made and neither may be left out.
fn parse(lines: &[&[u8]]) -> Result<()> {
    for line in lines {
        let value: Value = serde_json::from_slice(line)?;
        std::hint::black_box((Digest::of(line), value));
    }
    Ok(())
}
