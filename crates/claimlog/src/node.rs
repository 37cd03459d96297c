//! One process over one data directory: how log, intake, engine and keys are put together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use anyhow::{Context, Result, bail};
use claim_domain::decide::RULES;
use claim_domain::ids::SLOTS;
use claim_domain::time::Instant;
use claim_engine::{Engine, Replay};
use claim_intake::directory::FileDirectory;
use claim_intake::ports::{PATIENCE, WithTimeout};
use claim_intake::{IdentityPartition, Intake, Parts, Remembered};
use claim_journal::{Chain, JournalId, Kind, LeaderId, Line, Offsets, PartitionId, Pen, Settings};
use claim_log::{Batch, Log, ReadLog, Receipt, Start};
use claim_log_embedded::{EmbeddedLog, EmbeddedReader, Options};
use claim_snapshot::Keeper;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::cli::Global;
use crate::exit::UsageError;
use crate::keeping::{Keeping, Opened};

/// The release, as leads record it.
pub(crate) const RELEASE: &str = env!("CARGO_PKG_VERSION");
/// P of a new journal (DESIGN rule 5).
const PARTITIONS: u16 = 8;

/// What `open` is to do with a directory that is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Begin a journal on the wall clock.
    Real,
    /// Begin a simulated one.
    Simulated,
    /// Begin none: there must be one.
    Existing,
}

/// A directory that this process writes to.
pub(crate) struct Node {
    pub(crate) log: Arc<EmbeddedLog>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) intake: Intake,
    pub(crate) simulated: bool,
    pub(crate) keeping: Option<Keeping>,
}

/// The wall clock.
pub(crate) fn wall() -> Instant {
    Instant::from_ms(chrono::Utc::now().timestamp_millis())
}

/// What intake, the performer of effects and the server run on: look-ups and requests in parallel, and room to wait for a
/// disk.
///
/// # Errors
/// When there are no threads to be had.
pub(crate) fn runtime() -> Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().context("starting the runtime")
}

/// The file-backed directory, or an empty one.
pub(crate) fn directory(global: &Global) -> Result<WithTimeout> {
    let directory = match &global.directory {
        Some(path) => {
            FileDirectory::read(path).with_context(|| format!("reading the directory {}", path.display()))?
        }
        None => FileDirectory::parse(b"{}").context("an empty directory")?,
    };
    Ok(WithTimeout::new(Arc::new(directory), PATIENCE))
}

impl Node {
    /// Opens the directory for writing, takes the lead of everything in it and goes on from what it holds.
    ///
    /// # Errors
    /// When another process holds it, it is damaged or not ours, or of other shapes than this program's.
    pub(crate) fn open(global: &Global, begin: Begin, known_end: u64) -> Result<Self> {
        let data = global.data();
        if begin == Begin::Existing {
            EmbeddedReader::open(data)?;
        }
        let directory = directory(global)?;
        let held = EmbeddedLog::hold(data)?;
        let every = global.snapshot_every();
        let mut snapshot = every.map(|_| Opened::beside(&held, data)).transpose()?;
        let compared = snapshot.as_mut().and_then(|it| it.compared.take());
        let options = Options { known_end, ahead: global.log_ahead(), ..Options::default() };
        let (log, opened) = held.open(&options, compared)?;
        if let Some(cut) = opened.cut {
            eprintln!(
                "claimlog: a torn tail of {} bytes was cut off the log at offset {}",
                cut.bytes, cut.offset
            );
        }
        let keys = global.keys()?.open().context("opening the keys of persons")?;
        let mut chains = opened.chains;
        let (journal, settings) = settings(&chains, begin)?;
        check_begin(begin, &settings, chains.is_empty(), data)?;

        let (replay, remembered, keeper) = recover(&log, snapshot.as_mut().zip(every))?;
        let identity = lead_identity(&log, chains.remove(&PartitionId::Identity), journal, &settings)?;
        let writer: Arc<dyn Log> = log.clone();
        let engine = Engine::start(Arc::clone(&writer), journal, &settings, chains, replay, RELEASE)?;
        let engine = Arc::new(engine);
        let intake = Intake::new(Parts {
            directory,
            keys,
            feed: engine.clone(),
            bindings: Box::new(IdentityPartition::new(writer, identity)),
            remembered,
            program: engine.program(),
            simulated: settings.simulated,
            wall: Box::new(wall),
        })?;
        let keeping = keeper.zip(every).map(|(it, every)| Keeping::begin(it, Arc::clone(&log), every));
        Ok(Self { log, engine, intake, simulated: settings.simulated, keeping: keeping.transpose()? })
    }

    /// Waits until everything is durable, stops the engine and marks the clean stop.
    ///
    /// # Errors
    /// When the engine had stopped by itself, with the reason.
    pub(crate) fn close(self) -> Result<()> {
        let Self { log, engine, intake, keeping, .. } = self;
        drop(intake);
        drop(keeping);
        match Arc::try_unwrap(engine) {
            Ok(engine) => engine.close().context("the engine stopped")?,
            Err(engine) => engine.settle(),
        }
        log.close()?;
        Ok(())
    }
}

/// What the journal was made with; a new one's is made now.
fn settings(chains: &BTreeMap<PartitionId, Chain>, begin: Begin) -> Result<(JournalId, Settings)> {
    let found = chains.values().find_map(|chain| Some((chain.journal()?, chain.settings()?.clone())));
    let Some((journal, settings)) = found else {
        let simulated = begin == Begin::Simulated;
        let settings = Settings { slots: SLOTS, partitions: PARTITIONS, simulated };
        return Ok((JournalId(Uuid::new_v4()), settings));
    };
    if settings.slots != SLOTS {
        bail!("this journal has {} slots; this release knows {SLOTS}", settings.slots);
    }
    Ok((journal, settings))
}

fn check_begin(begin: Begin, settings: &Settings, is_new: bool, data: &Path) -> Result<()> {
    if begin == Begin::Simulated && !is_new && !settings.simulated {
        let data = data.display();
        return Err(UsageError(format!(
            "{data} is not simulated, and cannot become so; use a new directory"
        ))
        .into());
    }
    Ok(())
}

/// What engine and intake go on from, and who keeps the snapshot. One that turns out to be damaged is made again.
fn recover(
    log: &Arc<EmbeddedLog>,
    snapshot: Option<(&mut Opened, u64)>,
) -> Result<(Replay, Remembered, Option<Keeper>)> {
    let Some((opened, every)) = snapshot else {
        let (replay, remembered) = replay(log, None)?;
        return Ok((replay, remembered, None));
    };
    let from = |opened: &mut Opened| {
        let keeper = opened.catch_up(log, every)?;
        let (replay, remembered) = replay(log, Some(opened))?;
        Ok((replay, remembered, keeper))
    };
    match from(opened) {
        Err(_) if opened.throw_away_damaged()? => from(opened),
        recovered => recovered,
    }
}

/// Folds what the snapshot does not hold of the log, without one all of it, for the engine and for intake in one pass.
///
/// # Errors
/// When the log cannot be read, with the offset; or the snapshot.
fn replay(log: &Arc<EmbeddedLog>, from: Option<&Opened>) -> Result<(Replay, Remembered)> {
    let (mut replay, mut remembered, mut start) = Default::default();
    if let Some(Opened { snapshot, cut, .. }) = from {
        let durable = Arc::clone(log);
        replay = Replay::over(Arc::clone(snapshot), cut)?;
        remembered = Remembered::over(snapshot, cut, move || durable.end());
        start = cut.end;
    }
    fold(&**log, start, &mut replay, &mut remembered)?;
    Ok((replay, remembered))
}

/// Folds the log from an offset on.
///
/// # Errors
/// When the log cannot be read, with the offset.
pub(crate) fn fold(
    log: &dyn ReadLog,
    start: u64,
    replay: &mut Replay,
    remembered: &mut Remembered,
) -> Result<()> {
    let mut records = log.read(&Start::others_at(start))?;
    while let Some(stored) = records.next()? {
        // Opening judged every record by the chain: on this log none is void.
        let line =
            Line::parse(&stored.line).with_context(|| format!("the record at offset {}", stored.offset))?;
        if line.envelope.kind == Kind::Binding {
            remembered.bound(&line).with_context(|| format!("the binding at offset {}", stored.offset))?;
        }
        if let Some(decision) = replay.fold(stored.offset, &line)? {
            remembered.decided(stored.partition, &decision)?;
        }
    }
    Ok(())
}

/// The pen of the identity partition, its lead durable.
fn lead_identity(
    log: &EmbeddedLog,
    chain: Option<Chain>,
    journal: JournalId,
    settings: &Settings,
) -> Result<Pen> {
    let chain = chain.unwrap_or_else(|| Chain::new(PartitionId::Identity, Offsets::Positions));
    let mut pen = Pen::new(&chain, journal, LeaderId(Uuid::new_v4()));
    let line = pen.lead(RELEASE, RULES, (chain.epoch() == 0).then_some(settings))?;
    let (tell, told) = channel();
    log.append(
        Batch { partition: PartitionId::Identity, lines: vec![line] },
        Box::new(move |it| drop(tell.send(it))),
    );
    match told.recv() {
        Ok(Receipt::Appended { .. }) => Ok(pen),
        Ok(other) => bail!("the identity partition could not be led: {other:?}"),
        Err(_) => bail!("the log closed while it was opened"),
    }
}
