//! `durable_64`: from a routed command to its fsync'd decision with 64 in flight, beside raw group-committed appends of
//! the same bytes.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use claim_domain::ids::SLOTS;
use claim_engine::{Engine, Replay};
use claim_journal::{JournalId, ProgramPosition, Routed, Settings};
use claim_log::{Feed, Log, ReadLog, Start};
use claim_log_embedded::{EmbeddedLog, Options};
use uuid::Uuid;

use super::closed_loop::{per_second, run};
use super::{Figure, load, median};
use crate::node::{RELEASE, schemas};

/// How many are in flight.
const IN_FLIGHT: usize = 64;
/// Customers a round; each gives seven commands.
const CUSTOMERS: u32 = 1_500;
/// Rounds of each, interleaved; the median counts.
const ROUNDS: u32 = 5;
/// 0.5 of raw.
const GOAL: u64 = 500;

/// Measures it in a new folder under `place`, which is removed.
///
/// # Errors
/// When the disk fails.
pub(crate) fn durable_64(place: &Path, mut progress: impl FnMut()) -> Result<Figure> {
    let folder = place.join(format!("claimlog-bench-{}", Uuid::new_v4()));
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let measured = rounds(&folder, &mut progress);
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    let (ours, raw) = measured?;
    let (value, baseline_value) = (median(ours), median(raw));
    let baseline = (baseline_value, "raw group-committed appends of the same bytes, 64 in flight");
    Ok(Figure::beside("durable_64", (value, "commands/s"), baseline).at_least(GOAL))
}

fn rounds(folder: &Path, progress: &mut impl FnMut()) -> Result<(Vec<u64>, Vec<u64>)> {
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (rate, lines) = decided(&folder.join(format!("log-{round}")))?;
        ours.push(rate);
        progress();
        raw.push(appended(&folder.join(format!("raw-{round}")), lines)?);
        progress();
    }
    Ok((ours, raw))
}

/// The real engine over the real log; yields the rate and the lines that it wrote.
fn decided(folder: &Path) -> Result<(u64, Vec<Vec<u8>>)> {
    let (log, _) = EmbeddedLog::open(folder, &Options::default())?;
    let settings = Settings { slots: SLOTS, partitions: 8, simulated: false, schemas: schemas()? };
    let writer: Arc<dyn Log> = log.clone();
    let journal = JournalId(Uuid::new_v4());
    let engine = Engine::start(
        Arc::clone(&writer),
        journal,
        &settings,
        Default::default(),
        Replay::default(),
        RELEASE,
    )?;
    let program = set_up(&engine)?;
    let before = log.end();
    let commands = load::claims(CUSTOMERS, program)?;
    let count = commands.len();
    let took = run(commands, IN_FLIGHT, |routed, done| engine.send(routed, Box::new(move |_| done())));
    engine.close()?;
    let mut lines = Vec::with_capacity(count);
    let mut records = log.read(&Start::others_at(before))?;
    while let Some(stored) = records.next()? {
        let mut line = stored.line;
        line.push(b'\n');
        lines.push(line);
    }
    drop(records);
    log.close()?;
    if lines.len() != count {
        return Err(anyhow!("{count} commands gave {} records", lines.len()));
    }
    Ok((per_second(count, took), lines))
}

/// Publishes the engagement and enrolls the location; yields the position that the claims name.
fn set_up(engine: &Engine) -> Result<ProgramPosition> {
    let mut position = engine.program();
    for routed in load::program()? {
        let (tell, told) = channel();
        engine.send(Routed { program: position, ..routed }, Box::new(move |it| drop(tell.send(it))));
        let told = told.recv()??;
        position = told.program.context("a program command told no position")?;
    }
    Ok(position)
}

/// What waits is written together and synced once; each is told then.
fn appended(file: &Path, lines: Vec<Vec<u8>>) -> Result<u64> {
    let count = lines.len();
    let (send, waiting) = channel::<Appending>();
    let mut out = File::create_new(file)?;
    let writer = thread::spawn(move || -> std::io::Result<()> { group_commit(&mut out, &waiting) });
    let took: Duration = run(lines, IN_FLIGHT, |line, done| {
        let _ = send.send((line, done));
    });
    drop(send);
    writer.join().map_err(|_| anyhow!("the raw writer panicked"))??;
    Ok(per_second(count, took))
}

/// A line, and what to call once it is durable.
type Appending = (Vec<u8>, Box<dyn FnOnce() + Send>);

fn group_commit(out: &mut File, waiting: &Receiver<Appending>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut dones = Vec::new();
    while let Ok(first) = waiting.recv() {
        for (line, done) in std::iter::once(first).chain(waiting.try_iter()) {
            bytes.extend_from_slice(&line);
            dones.push(done);
        }
        out.write_all(&bytes)?;
        out.sync_data()?;
        bytes.clear();
        dones.drain(..).for_each(|done| done());
    }
    Ok(())
}
