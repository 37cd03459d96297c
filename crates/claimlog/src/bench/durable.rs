//! `durable_64` and `durable_1`: from a routed command to its fsync'd decision with so many in flight, beside raw
//! group-committed appends of the same bytes.

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use claim_domain::ids::SLOTS;
use claim_domain::time::Instant;
use claim_engine::{Engine, Replay};
use claim_journal::{JournalId, ProgramPosition, Routed, Settings};
use claim_log::{Feed, Log, ReadLog, Start};
use claim_log_embedded::{EmbeddedLog, EmbeddedReader, Options};
use claim_snapshot::{Keeper, Opened, Snapshot};
use uuid::Uuid;

use super::closed_loop::run;
use super::{Figure, interleaved, load};
use crate::keeping::{Keeping, SNAPSHOT};
use crate::node::RELEASE;

/// How many are in flight where that is not timed.
pub(crate) const FILLING: usize = 1_000;

/// How quiet it is before anything is timed: a log prepares its way in quiet moments.
pub(crate) const QUIET: Duration = Duration::from_millis(700);

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
    let lines = written(folder, from)?;
    let count = load::commands(figure.customers);
    if lines.len() != count {
        return Err(anyhow!("{count} commands gave {} records", lines.len()));
    }
    Ok((took, lines))
}

/// The lines of a log from an offset on, as they stand in its files.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn written(folder: &Path, from: u64) -> Result<Vec<Vec<u8>>> {
    let log = EmbeddedReader::open(folder)?;
    let mut lines = Vec::new();
    let mut records = log.read(&Start::others_at(from))?;
    while let Some(stored) = records.next()? {
        let mut line = stored.line;
        line.push(b'\n');
        lines.push(line);
    }
    Ok(lines)
}

/// The engine over a new log.
fn engine(log: &Arc<EmbeddedLog>, replay: Replay) -> Result<Engine> {
    let settings = Settings { slots: SLOTS, partitions: 8, simulated: false };
    let writer: Arc<dyn Log> = log.clone();
    let journal = JournalId(Uuid::new_v4());
    Ok(Engine::start(writer, journal, &settings, Default::default(), replay, RELEASE)?)
}

/// Decides the commands of so many customers onto a new log, so many in flight; yields how long it took, and the offset of the
/// first.
///
/// # Errors
/// When the disk fails.
pub(crate) fn fill(folder: &Path, customers: u32, in_flight: usize) -> Result<(Duration, u64)> {
    let running = Running::begin(folder, long_ago()?)?;
    let commands = running.commands(0..customers, load::STEPS).collect::<Result<Vec<_>>>()?;
    let from = running.log.end();
    thread::sleep(QUIET);
    let took = running.run(commands, in_flight);
    running.close()?;
    Ok((took, from))
}

/// When claims of a simulated past began.
pub(crate) fn long_ago() -> Result<Instant> {
    "2026-01-05T08:00:00.000Z".parse().context("a time")
}

/// An engine over a new log, with a program.
pub(crate) struct Running {
    pub(crate) log: Arc<EmbeddedLog>,
    engine: Engine,
    program: ProgramPosition,
    begun: Instant,
    keeping: Option<Keeping>,
}

impl Running {
    /// Begins one in a folder: publishes the engagement and enrolls the location, at a time.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn begin(folder: &Path, begun: Instant) -> Result<Self> {
        Self::begin_kept(folder, begun, None)
    }

    /// As [`Self::begin`], with a snapshot that follows the log in steps of so many bytes, if any are given.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn begin_kept(folder: &Path, begun: Instant, every: Option<u64>) -> Result<Self> {
        let (log, _) = EmbeddedLog::open(folder, &Options::default())?;
        let (mut replay, mut keeping) = (Replay::default(), None);
        if let Some(every) = every {
            let Opened { snapshot, cut, .. } = Snapshot::open(&folder.join(SNAPSHOT))?;
            let snapshot = Arc::new(snapshot);
            replay = Replay::over(Arc::clone(&snapshot), &cut)?;
            keeping = Some(Keeping::begin(Keeper::new(snapshot, cut), Arc::clone(&log), every)?);
        }
        let engine = engine(&log, replay)?;
        let mut program = engine.program();
        for routed in load::program(begun)? {
            let (tell, told) = channel();
            engine.send(Routed { program, ..routed }, Box::new(move |it| drop(tell.send(it))));
            program = told.recv()??.program.context("a program command told no position")?;
        }
        Ok(Self { log, engine, program, begun, keeping })
    }

    /// Commands of these customers, for so many steps each.
    pub(crate) fn commands(
        &self,
        customers: Range<u32>,
        steps: u32,
    ) -> impl Iterator<Item = Result<Routed>> + use<> {
        load::claims(customers, steps, self.begun, self.program)
    }

    /// Decides them, so many in flight; yields how long it took.
    pub(crate) fn run(&self, commands: impl IntoIterator<Item = Routed>, in_flight: usize) -> Duration {
        run(commands, in_flight, |routed, done| self.send(routed, done))
    }

    /// Decides so many steps of so many customers, made as they are needed, for what is not timed.
    ///
    /// # Errors
    /// When this release does not know the shape of one.
    pub(crate) fn fill(&self, customers: u32, steps: u32) -> Result<()> {
        let mut failed = Ok(());
        let made = |it: Result<Routed>| it.map_err(|error| failed = Err(error)).ok();
        self.run(self.commands(0..customers, steps).map_while(made), FILLING);
        failed
    }

    /// Decides one; `done` is called once it is durable.
    pub(crate) fn send(&self, routed: Routed, done: Box<dyn FnOnce() + Send>) {
        self.engine.send(routed, Box::new(move |_| done()));
    }

    /// Stops it.
    ///
    /// # Errors
    /// When the engine or the log stopped before.
    pub(crate) fn close(self) -> Result<()> {
        self.engine.close()?;
        drop(self.keeping);
        Ok(self.log.close()?)
    }
}

fn appended(file: &Path, lines: Vec<Vec<u8>>, in_flight: usize) -> Result<Duration> {
    appending(file, |append| run(lines, in_flight, append))
}

/// Lets `drive` append lines to a new file: what waits is written together and synced once, and each is told then.
///
/// # Errors
/// When the disk fails.
pub(crate) fn appending<R>(
    file: &Path,
    drive: impl FnOnce(&mut dyn FnMut(Vec<u8>, Box<dyn FnOnce() + Send>)) -> R,
) -> Result<R> {
    let (send, waiting) = channel::<Appending>();
    let mut out = File::create_new(file)?;
    let writer = thread::spawn(move || -> std::io::Result<()> { group_commit(&mut out, &waiting) });
    let driven = drive(&mut |line, done| {
        let _ = send.send((line, done));
    });
    drop(send);
    writer.join().map_err(|_| anyhow!("the raw writer panicked"))??;
    Ok(driven)
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
