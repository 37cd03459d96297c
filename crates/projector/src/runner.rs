//! Folds a log into views: in order, once, in batches, one transaction with the checkpoint.

use std::collections::BTreeMap;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use claim_domain::customer::Stamp;
use claim_domain::event::Event;
use claim_domain::time::Instant;
use claim_journal::{Cursor, Decision, Offsets, PartitionId, Position};
use claim_log::ReadLog;

use crate::error::{ProjectError, QueryError, StoreError};
use crate::folds::Folds;
use crate::inputs::{Customers, INPUTS, Inputs, write_told};
use crate::planted::{Planted, PlantedFault};
use crate::program::Program;
use crate::projector::{Definition, Fact, Projector, Schema, Tables};
use crate::reader::{Batch, Read, Reader};
use crate::trace::Shared;
use crate::views::{Checkpoints, Views, cursor};

/// How many batches may be read ahead of the one that is folded.
const AHEAD: usize = 2;
/// How long one wait for more of the log lasts.
const PAUSE: Duration = Duration::from_millis(20);

/// How far folding has come, told after every batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records read, of every kind.
    pub records: u64,
    /// Decisions folded.
    pub decisions: u64,
    /// Void records skipped.
    pub voids: u64,
    /// The offset of the newest record folded, of any partition.
    pub offset: u64,
}

/// Offsets that an operator declared void, by partition.
pub type AcceptVoid = BTreeMap<PartitionId, Vec<u64>>;

/// The one that folds into views. A newer runner on the same ones fences it, wherever it runs (F-36).
#[derive(Debug)]
pub struct Runner {
    views: Views,
    offsets: Offsets,
    definitions: Vec<Definition>,
    generation: i64,
    customers: Customers,
    accept_void: AcceptVoid,
    program: Program,
    planted: Planted,
}

impl Runner {
    /// Takes over the folding into `views`. `offsets` says what offsets mean on the log that will be read.
    ///
    /// # Errors
    /// [`ProjectError::Store`] when the store cannot be written.
    pub fn new(views: Views, offsets: Offsets, definitions: Vec<Definition>) -> Result<Self, ProjectError> {
        let generation = views.take_over()?;
        Ok(Self {
            views,
            offsets,
            definitions,
            generation,
            customers: Customers::default(),
            accept_void: AcceptVoid::new(),
            program: Program::this(),
            planted: Planted::default(),
        })
    }

    /// The same where an operator declared records void on which partitions halt (DESIGN §5, `accept_void`).
    #[must_use]
    pub fn accepting(self, accept_void: AcceptVoid) -> Self {
        Self { accept_void, ..self }
    }

    /// The same with a fault in it.
    #[cfg(feature = "planted-faults")]
    #[must_use]
    pub fn with(self, planted: Planted) -> Self {
        Self { planted, ..self }
    }

    /// The same as another program would be, which folds as this one does unless it is given other views.
    #[cfg(feature = "planted-faults")]
    #[must_use]
    pub fn as_program(self, program: Program) -> Self {
        Self { program, ..self }
    }

    /// The program that folds.
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// One that folds the same way some of the same views into others.
    pub(crate) fn twin(&self, views: Views, definitions: Vec<Definition>) -> Result<Self, ProjectError> {
        let twin = Self::new(views, self.offsets, definitions)?.accepting(self.accept_void.clone());
        Ok(Self { program: self.program.clone(), planted: self.planted, ..twin })
    }

    /// The offsets that an operator declared void.
    pub(crate) fn accept_void(&self) -> &AcceptVoid {
        &self.accept_void
    }

    /// The views that it folds into.
    #[must_use]
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// The views, which nobody folds into any more.
    pub(crate) fn into_views(self) -> Views {
        self.views
    }

    /// What offsets mean on the log.
    pub(crate) fn offsets(&self) -> Offsets {
        self.offsets
    }

    /// The views it folds.
    pub(crate) fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Folds everything that is on the log and not in the views, and answers up to where that is.
    ///
    /// A view that is new, or has another version than this release's, is first folded afresh beside the live ones. An
    /// error leaves all that was folded before it, with its checkpoint; the same call again goes on from there.
    ///
    /// # Errors
    /// [`ProjectError`], each naming the position and what to do next.
    pub fn catch_up(
        &mut self,
        log: &dyn ReadLog,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Cursor, ProjectError> {
        self.renew(log, progress)?;
        self.fold(log, None, progress)?;
        Ok(cursor(&self.views.checkpoints()?))
    }

    /// As [`Self::catch_up`], and goes on folding what comes until `ends` says so; `told` hears after every batch up to where
    /// everything is folded. Every call compares the checkpoints with the log, so call it again every while (DESIGN §5,
    /// "re-verify").
    ///
    /// # Errors
    /// As [`Self::catch_up`].
    pub fn follow(
        &mut self,
        log: &dyn ReadLog,
        ends: &(dyn Fn() -> bool + Sync),
        told: &mut dyn FnMut(Cursor),
    ) -> Result<(), ProjectError> {
        self.renew(log, &mut |_| {})?;
        self.require_generation()?;
        let checkpoints = self.views.checkpoints()?;
        let mut cursor = cursor(&checkpoints);
        let mut reader = Reader::resume(log, self.offsets, &self.accept_void, &checkpoints, None)?;
        told(cursor.clone());
        let (send, batches) = sync_channel::<Batch>(AHEAD);
        thread::scope(|scope| {
            scope.spawn(move || read_on(&mut reader, ends, &send));
            for batch in batches {
                if batch.records > 0 {
                    self.fold_batch(&batch).inspect_err(|_| self.customers = Customers::default())?;
                    batch.decisions.iter().for_each(|it| cursor.see(it.position));
                    told(cursor.clone());
                }
                if let Some(Err(stop)) = batch.end {
                    return Err(stop);
                }
            }
            Ok(())
        })
    }

    /// Makes the tables of views that the store has not, and folds afresh those of another version.
    fn renew(&mut self, log: &dyn ReadLog, progress: &mut dyn FnMut(Progress)) -> Result<(), ProjectError> {
        let stays = self.folds_alike(log, progress)?;
        let schemas = schemas(&self.definitions);
        self.leave_behind(&schemas)?;
        let mut outdated = Vec::new();
        for schema in schemas {
            if !stays || self.views.version(schema.name)? != Some(schema.version) {
                outdated.push(schema);
            }
        }
        if outdated.is_empty() {
            return Ok(());
        }
        if !self.views.checkpoints()?.is_empty() {
            self.replace(&outdated, log, progress)?;
            return if stays { Ok(()) } else { self.sign() };
        }
        let begin = self.views.begin()?;
        self.require_generation()?;
        for schema in outdated {
            self.views.drop_tables(&schema)?;
            self.views.create_tables(&schema)?;
            self.views.own(&schema)?;
        }
        self.views.write_program(&self.program)?;
        Ok(begin.commit("making the tables of the views")?)
    }

    /// Marks the views that are in the store and not folded on: should one come back, it is folded afresh.
    fn leave_behind(&self, schemas: &[Schema]) -> Result<(), ProjectError> {
        let mut left = self.views.names()?;
        left.retain(|name| schemas.iter().all(|it| it.name != name));
        if left.is_empty() {
            return Ok(());
        }
        let begin = self.views.begin()?;
        self.require_generation()?;
        for name in left {
            self.views.disown(&name)?;
        }
        Ok(begin.commit("taking views off the list")?)
    }

    /// Folds up to the end of the log, or exactly up to `until`.
    pub(crate) fn fold(
        &mut self,
        log: &dyn ReadLog,
        until: Option<Checkpoints>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ProjectError> {
        if until.is_some() {
            self.renew(log, progress)?;
        }
        self.fold_read(log, until, &mut |_, _| true, progress)
    }

    /// The same, of the decisions that `admits` lets through.
    pub(crate) fn fold_admitted(
        &mut self,
        log: &dyn ReadLog,
        until: Option<Checkpoints>,
        admits: &mut dyn FnMut(Position, &Decision) -> bool,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ProjectError> {
        self.renew(log, progress)?;
        self.fold_read(log, until, admits, progress)
    }

    fn fold_read(
        &mut self,
        log: &dyn ReadLog,
        until: Option<Checkpoints>,
        admits: &mut dyn FnMut(Position, &Decision) -> bool,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ProjectError> {
        self.require_generation()?;
        let mut reader =
            Reader::resume(log, self.offsets, &self.accept_void, &self.views.checkpoints()?, until)?;
        let mut so_far = Progress::default();
        let (send, batches) = sync_channel::<Batch>(AHEAD);
        thread::scope(|scope| {
            scope.spawn(move || {
                loop {
                    let batch = reader.batch();
                    let last = batch.end.is_some();
                    if send.send(batch).is_err() || last {
                        return;
                    }
                }
            });
            // Moved in, so that a failure here hangs up on the reading thread.
            for mut batch in batches {
                if batch.records > 0 {
                    batch.decisions.retain(|it| admits(it.position, &it.decision));
                    self.fold_batch(&batch).inspect_err(|_| self.customers = Customers::default())?;
                    so_far = so_far.and(&batch);
                    progress(so_far);
                }
                if let Some(end) = batch.end {
                    return end;
                }
            }
            Ok(())
        })
    }

    /// One transaction: decisions into every view, and the checkpoints.
    fn fold_batch(&mut self, batch: &Batch) -> Result<(), ProjectError> {
        self.checkpoint_apart(PlantedFault::CheckpointBeforeView, batch)?;
        let begin = self.views.begin()?;
        self.require_generation()?;
        let Self { ref views, ref definitions, ref mut customers, planted, .. } = *self;
        let trace = Shared::default();
        let tables = Tables::new(views.database(), &trace);
        let mut folds = Folds::default();
        for read in &batch.decisions {
            fold_decision(views, &tables, customers, definitions, planted, read, &mut folds)?;
        }
        let Tables { new_claims, rows, .. } = tables;
        customers.write(views.database(), &mut new_claims.into_inner())?;
        rows.into_inner().write(views.database())?;
        write_told(views.database(), batch.decisions.iter().map(|it| &it.told))?;
        views.write_folds(&folds)?;
        for ((partition, cause), count) in &batch.voids {
            views.add_voids(*partition, cause, *count)?;
        }
        if !planted.has(PlantedFault::CheckpointForgotten) {
            views.write_checkpoints(&batch.checkpoints)?;
        }
        Ok(begin.commit("committing a batch of the views")?)
    }

    /// Commits the checkpoints of a batch by themselves, where that fault is planted.
    fn checkpoint_apart(&self, fault: PlantedFault, batch: &Batch) -> Result<(), ProjectError> {
        if self.planted.has(fault) {
            let begin = self.views.begin()?;
            self.views.write_checkpoints(&batch.checkpoints)?;
            begin.commit("committing checkpoints")?;
        }
        Ok(())
    }

    /// Stands down when another runner took over.
    pub(crate) fn require_generation(&self) -> Result<(), ProjectError> {
        let newest = self.views.generation()? == self.generation;
        let overlooked = self.planted.has(PlantedFault::GenerationOverlooked);
        if newest || overlooked { Ok(()) } else { Err(ProjectError::Fenced) }
    }

    /// Forgets the customers kept in memory, after the tables were exchanged.
    pub(crate) fn forget(&mut self) {
        self.customers = Customers::default();
    }
}

/// Reads batches, and waits at the end of the log for more, until `ends` says so, nobody takes them, or reading fails.
fn read_on(reader: &mut Reader, ends: &(dyn Fn() -> bool + Sync), send: &SyncSender<Batch>) {
    loop {
        let batch = reader.batch();
        let (at_end, stops) = (batch.end.is_some(), matches!(batch.end, Some(Err(_))));
        if send.send(batch).is_err() || stops {
            return;
        }
        // What is wrong with reading the next batch says.
        let mut waits = at_end;
        while waits && !ends() {
            waits = matches!(reader.ready(PAUSE), Ok(false));
        }
        if ends() {
            return;
        }
    }
}

/// Folds one decision into the standing inputs and every view, and notes what each event came to in each of them.
fn fold_decision(
    views: &Views,
    tables: &Tables<'_>,
    customers: &mut Customers,
    definitions: &[Definition],
    planted: Planted,
    read: &Read,
    folds: &mut Folds,
) -> Result<(), StoreError> {
    let Read { position, ref decision, ref told } = *read;
    let trace = tables.trace();
    let mut inputs = String::new();
    let mut folded: Vec<_> =
        definitions.iter().filter_map(|it| Some((it.schema.name, it.apply?, String::new()))).collect();
    for (number, event) in decision.events().iter().enumerate() {
        let mut stamp = Stamp { at: decision.judged_at, imported: decision.imported };
        if planted.has(PlantedFault::EvolvedOtherwise) && matches!(event, Event::ContactsUpdated(_)) {
            stamp.at = Instant::default();
        }
        let claim = match decision.customer {
            Some(id) => customers.evolve(views.database(), id, event, stamp, position, trace)?,
            None => None,
        };
        let fact = Fact { position, number, stamp, customer: decision.customer, event, claim };
        Inputs::apply(tables, &fact)?;
        trace.borrow_mut().end(&mut inputs);
        for (_, apply, line) in &mut folded {
            apply(tables, &fact)?;
            trace.borrow_mut().end(line);
        }
    }
    inputs.push_str(&told.digits);
    folds.add(INPUTS.name, position, &inputs);
    folded.iter().for_each(|(view, _, line)| folds.add(view, position, line));
    Ok(())
}

impl Progress {
    fn and(self, batch: &Batch) -> Self {
        let voids: i64 = batch.voids.values().sum();
        Self {
            records: self.records + batch.records,
            decisions: self.decisions + batch.decisions.len() as u64,
            voids: self.voids + u64::try_from(voids).unwrap_or(0),
            offset: batch.checkpoints.values().map(|it| it.offset).max().unwrap_or(0).max(self.offset),
        }
    }
}

/// The standing inputs and every view.
pub(crate) fn schemas(definitions: &[Definition]) -> Vec<Schema> {
    std::iter::once(INPUTS).chain(definitions.iter().map(|it| it.schema)).collect()
}

/// The schemas that a name means: all without one; for a view that is computed, the standing inputs.
pub(crate) fn named(definitions: &[Definition], name: Option<&str>) -> Result<Vec<Schema>, QueryError> {
    let all = schemas(definitions);
    let Some(name) = name else { return Ok(all) };
    match all.iter().find(|it| it.name == name) {
        Some(computed) if computed.tables.is_empty() => Ok(vec![INPUTS, *computed]),
        Some(folded) => Ok(vec![*folded]),
        None => {
            let known = all.iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
            Err(QueryError::UnknownView { name: name.to_owned(), known })
        }
    }
}
