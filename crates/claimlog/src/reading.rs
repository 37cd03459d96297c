//! Reading a data directory, also beside a process that writes to it.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use claim_domain::time::Instant;
use claim_intake::Remembered;
use claim_intake::keys::Keys;
use claim_journal::{Decision, Kind, Lead, Line, PartitionId, Settings};
use claim_log::{ReadLog, Start};
use claim_log_embedded::EmbeddedReader;
use claim_projector::{Snapshot, Views};

use crate::cli::Global;
use crate::node::wall;
use crate::output;
use crate::views::{self, Folding};

/// A directory that is read.
pub(crate) struct Reading {
    pub(crate) log: EmbeddedReader,
    pub(crate) views: Views,
    pub(crate) keys: Arc<dyn Keys>,
    clock: Clock,
}

impl Reading {
    /// Opens the directory. Views are brought up to date first when no process holds it; otherwise what is there is
    /// read.
    ///
    /// # Errors
    /// When there is no log, it is damaged, or the views cannot be folded.
    pub(crate) fn open(global: &Global) -> Result<Self> {
        let data = global.data();
        let log = EmbeddedReader::open(data)?;
        let views = if is_held(data) { views::open_read_only(global)? } else { caught_up(global, &log)? };
        let (keys, clock) = (keys(global)?, Clock::of(&log)?);
        Ok(Self { log, views, keys, clock })
    }

    /// All views at one moment.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn snapshot(&self) -> Result<Snapshot<'_>> {
        Ok(self.views.snapshot()?)
    }

    /// The time for whoever looks.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) fn now(&self) -> Result<Instant> {
        self.clock.now(&self.log)
    }

    /// Says on stderr what a person should know of the directory.
    pub(crate) fn announce(&self, global: &Global) {
        if !global.json {
            self.clock.announce();
        }
    }
}

/// The clock of a directory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// The wall's.
    Wall,
    /// The newest time given.
    Simulated,
}

impl Clock {
    /// The one that the log's settings say.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) fn of(log: &dyn ReadLog) -> Result<Self> {
        let simulated = settings(log)?.is_some_and(|it| it.simulated);
        Ok(if simulated { Self::Simulated } else { Self::Wall })
    }

    /// The time for whoever looks.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) fn now(self, log: &dyn ReadLog) -> Result<Instant> {
        match self {
            Self::Wall => Ok(wall()),
            Self::Simulated => newest_given(log),
        }
    }

    /// Says on stderr what a person should know of it.
    pub(crate) fn announce(self) {
        match self {
            Self::Wall => {}
            Self::Simulated => {
                eprintln!("(simulated: the clock of this directory is the newest time it was given)");
            }
        }
    }
}

/// The keys of persons, to open with.
///
/// # Errors
/// When they cannot be read.
pub(crate) fn keys(global: &Global) -> Result<Arc<dyn Keys>> {
    global.keys()?.open_read_only().context("opening the keys of persons")
}

/// Whether another process writes to the directory.
fn is_held(data: &Path) -> bool {
    let lock = File::open(data.join("lock"));
    lock.is_ok_and(|it| it.try_lock_shared().is_err())
}

/// The views with everything on the log folded in, or as they are where a process keeps them current.
fn caught_up(global: &Global, log: &dyn ReadLog) -> Result<Views> {
    let bar = output::progress("folding views", None);
    let Some(mut folding) = Folding::begin_within(global, views::OTHERS_FOLD_WITHIN)? else {
        return views::open_read_only(global);
    };
    folding.catch_up(log, &bar)?;
    bar.finish_and_clear();
    drop(folding);
    views::open_read_only(global)
}

/// What the journal was made with; none on an empty log.
///
/// # Errors
/// When the log cannot be read.
pub(crate) fn settings(log: &dyn ReadLog) -> Result<Option<Settings>> {
    let mut records = log.read(&Start::beginning())?;
    let Some(stored) = records.next()? else { return Ok(None) };
    let line = Line::parse(&stored.line).context("the first record of the log")?;
    Ok(Lead::decode(line.body).context("the first lead of the log")?.settings)
}

/// The newest time that a simulated log was given: its clock.
///
/// # Errors
/// When the log cannot be read.
pub(crate) fn newest_given(log: &dyn ReadLog) -> Result<Instant> {
    let mut newest = Instant::default();
    let mut records = log.read(&Start::beginning())?;
    while let Some(stored) = records.next()? {
        let line =
            Line::parse(&stored.line).with_context(|| format!("the record at offset {}", stored.offset))?;
        if line.envelope.kind == Kind::Decision
            && let Some(asked) = Decision::decode(line.body).context("a decision of the log")?.asked()
        {
            newest = newest.max(asked.received_at);
        }
    }
    Ok(newest)
}

/// The bindings of identifiers and what else intake remembers, read from the log.
///
/// # Errors
/// When the log cannot be read.
pub(crate) fn bindings(log: &dyn ReadLog) -> Result<Remembered> {
    let mut remembered = Remembered::default();
    let mut records = log.read(&Start::nowhere().at(PartitionId::Identity, 0))?;
    while let Some(stored) = records.next()? {
        let line =
            Line::parse(&stored.line).with_context(|| format!("the record at offset {}", stored.offset))?;
        if line.envelope.kind == Kind::Binding {
            remembered.bound(&line).with_context(|| format!("the binding at offset {}", stored.offset))?;
        }
    }
    Ok(remembered)
}
