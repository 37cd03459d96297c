//! `durable_64` and `durable_1`: from a routed command to its fsync'd decision with so many in flight, beside raw
//! group-committed appends of the same bytes.

use std::cell::Cell;
use std::fs::File;
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
use claim_log_embedded::{EmbeddedLog, EmbeddedReader, Options};
use uuid::Uuid;

use super::closed_loop::run;
use super::{Figure, interleaved, load};
use crate::node::RELEASE;

/// How many are in flight where that is not timed.
pub(crate) const FILLING: usize = 1_000;

/// How commands come, and what is expected.
pub(crate) struct Durable {
    name: &'static str,
    in_flight: usize,
    /// Customers a round; each gives seven commands.
    customers: u32,
    baseline: &'static str,
    /// Thousandths of raw.
    goal: u64,
}

/// Many at once: what becomes durable together is written together.
pub(crate) const DURABLE_64: Durable = Durable {
    name: "durable_64",
    in_flight: 64,
    customers: 1_500,
    baseline: "raw group-committed appends of the same bytes, 64 in flight",
    goal: 500,
};

/// One after another: each waits for the disk.
pub(crate) const DURABLE_1: Durable = Durable {
    name: "durable_1",
    in_flight: 1,
    customers: 100,
    baseline: "a raw append and fdatasync of the same bytes, one after another",
    goal: 700,
};

/// Measures it in a folder.
///
/// # Errors
/// When the disk fails.
pub(crate) fn durable(folder: &Path, figure: &Durable, progress: &mut dyn FnMut()) -> Result<Figure> {
    let lines = Cell::default();
    let count = load::commands(figure.customers);
    let ours = || {
        let (took, written) = decided(&folder.join(Uuid::new_v4().to_string()), figure)?;
        lines.set(written);
        Ok(took)
    };
    let raw = || appended(&folder.join(Uuid::new_v4().to_string()), lines.take(), figure.in_flight);
    let (value, baseline) = interleaved(count, progress, ours, raw)?;
    let baseline = (baseline, figure.baseline);
    Ok(Figure::beside(figure.name, (value, "commands/s"), baseline).at_least(figure.goal))
}

/// The real engine over the real log; yields how long it took and the lines that it wrote.
fn decided(folder: &Path, figure: &Durable) -> Result<(Duration, Vec<Vec<u8>>)> {
    let (took, from) = fill(folder, figure.customers, figure.in_flight)?;
    let log = EmbeddedReader::open(folder)?;
    let mut lines = Vec::new();
    let mut records = log.read(&Start::others_at(from))?;
    while let Some(stored) = records.next()? {
        let mut line = stored.line;
        line.push(b'\n');
        lines.push(line);
    }
    let count = load::commands(figure.customers);
    if lines.len() != count {
        return Err(anyhow!("{count} commands gave {} records", lines.len()));
    }
    Ok((took, lines))
}

/// The engine over a new log.
fn engine(log: &Arc<EmbeddedLog>) -> Result<Engine> {
    let settings = Settings { slots: SLOTS, partitions: 8, simulated: false };
    let writer: Arc<dyn Log> = log.clone();
    let journal = JournalId(Uuid::new_v4());
    Ok(Engine::start(writer, journal, &settings, Default::default(), Replay::default(), RELEASE)?)
}

/// Decides the commands of so many customers onto a new log, so many in flight; yields how long it took, and the offset of the
/// first.
///
/// # Errors
/// When the disk fails.
pub(crate) fn fill(folder: &Path, customers: u32, in_flight: usize) -> Result<(Duration, u64)> {
    let (log, _) = EmbeddedLog::open(folder, &Options::default())?;
    let engine = engine(&log)?;
    let commands = load::claims(customers, set_up(&engine)?)?;
    let from = log.end();
    let took = run(commands, in_flight, |routed, done| engine.send(routed, Box::new(move |_| done())));
    engine.close()?;
    log.close()?;
    Ok((took, from))
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
fn appended(file: &Path, lines: Vec<Vec<u8>>, in_flight: usize) -> Result<Duration> {
    let (send, waiting) = channel::<Appending>();
    let mut out = File::create_new(file)?;
    let writer = thread::spawn(move || -> std::io::Result<()> { group_commit(&mut out, &waiting) });
    let took = run(lines, in_flight, |line, done| {
        let _ = send.send((line, done));
    });
    drop(send);
    writer.join().map_err(|_| anyhow!("the raw writer panicked"))??;
    Ok(took)
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
