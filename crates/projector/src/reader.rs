//! From stored lines to decisions that may be folded: judged by the chain, decoded, in batches.

use std::collections::BTreeMap;
use std::time::Duration;

use claim_journal::{
    Chain, Decision, HaltCause, Kind, Line, Offsets, PartitionId, Position, Unreadable, Verdict,
};
use claim_log::{LogError, ReadLog, Records, Start, Stored};

use crate::error::ProjectError;
use crate::inputs::Told;
use crate::runner::AcceptVoid;
use crate::trace::Trace;
use crate::views::Checkpoints;

/// How many records to fold in one transaction, at first: what comes while the views are nearly up to date is shown soon.
const BATCH: u64 = 2_000;

/// How many at most, when there is much to catch up with: the fewer transactions, the fewer pages are written again.
const LARGEST: u64 = 8 * BATCH;

/// After how many bytes a batch is full even so: some are read ahead, and a record may be large.
const BATCH_BYTES: usize = 8 << 20;

/// The same chain with an operator's word on records on which it halts.
fn accepting(mut chain: Chain, accept_void: &AcceptVoid) -> Chain {
    let accepted = accept_void.get(&chain.partition());
    accepted.into_iter().flatten().for_each(|offset| chain.accept_void(*offset));
    chain
}

/// A valid decision, to be folded.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) position: Position,
    pub(crate) decision: Decision,
    pub(crate) told: Told,
}

/// Some records, whole and in order, and where the chains stand after them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) decisions: Vec<Read>,
    /// The chains that moved.
    pub(crate) checkpoints: Checkpoints,
    pub(crate) voids: BTreeMap<(PartitionId, &'static str), i64>,
    pub(crate) records: u64,
    pub(crate) bytes: usize,
    /// Set when nothing follows: the end, or what stops the reader after this batch.
    pub(crate) end: Option<Result<(), ProjectError>>,
}

/// The program on a log whose partitions have offsets of their own.
struct Program {
    records: Box<dyn Records>,
    /// Set until its end was reached once.
    first: bool,
    /// A record that waits for the program to be folded up to a sequence.
    waiting: Option<(Stored, u64)>,
}

/// Reads a log from some checkpoints on.
pub(crate) struct Reader {
    records: Box<dyn Records>,
    /// Where partitions have offsets of their own, the program is read apart: before everything else, and whenever a
    /// decision names more of it than was folded (DESIGN §4, "Program").
    program: Option<Program>,
    chains: BTreeMap<PartitionId, Chain>,
    offsets: Offsets,
    accept_void: AcceptVoid,
    /// The records of the checkpoints, which were verified already and are not read again.
    verified: BTreeMap<PartitionId, u64>,
    /// Where to stop; none: at the end of the log.
    until: Option<Checkpoints>,
    /// Of what is told of one decision.
    trace: Trace,
    /// How many records the next batch may hold.
    most: u64,
}

impl Reader {
    /// Verifies every checkpoint against the log (DESIGN §5, "re-verify"), and reads on from there.
    pub(crate) fn resume(
        log: &dyn ReadLog,
        offsets: Offsets,
        accept_void: &AcceptVoid,
        from: &Checkpoints,
        until: Option<Checkpoints>,
    ) -> Result<Self, ProjectError> {
        let mut chains = BTreeMap::new();
        for (&partition, checkpoint) in from {
            let off_chain = |source| ProjectError::CheckpointOffChain {
                partition,
                sequence: checkpoint.sequence,
                offset: checkpoint.offset,
                source,
            };
            let line = match log.record(partition, checkpoint.offset) {
                Ok(line) => line,
                Err(gone @ (LogError::NoRecord { .. } | LogError::BeyondEnd { .. })) => {
                    return Err(off_chain(gone.into()));
                }
                Err(failed @ (LogError::Damaged { .. } | LogError::Io { .. })) => return Err(failed.into()),
            };
            let mut chain = accepting(Chain::resume(partition, offsets, *checkpoint), accept_void);
            match chain.read(checkpoint.offset, &Line::parse(&line)) {
                Verdict::Halt(cause) => return Err(off_chain(cause.into())),
                Verdict::Known | Verdict::Valid | Verdict::Void(_) => {}
            }
            chains.insert(partition, chain);
        }
        let verified: BTreeMap<_, _> = from.iter().map(|(partition, it)| (*partition, it.offset)).collect();
        let (records, program) = match offsets {
            Offsets::Positions => (log.read(&start(&verified))?, None),
            Offsets::Count => {
                let (others, program) = starts(&verified);
                let (first, waiting) = (true, None);
                (log.read(&others)?, Some(Program { records: log.read(&program)?, first, waiting }))
            }
        };
        let accept_void = accept_void.clone();
        let trace = Trace::default();
        Ok(Self { records, program, chains, offsets, accept_void, verified, until, trace, most: BATCH })
    }

    /// The next records, as many as one transaction should fold.
    pub(crate) fn batch(&mut self) -> Batch {
        let mut batch = Batch::default();
        while batch.records < self.most && batch.bytes < BATCH_BYTES && batch.end.is_none() {
            match self.next() {
                Ok(Some(stored)) => {
                    if let Err(stop) = self.read(&stored, &mut batch) {
                        batch.end = Some(Err(stop));
                    }
                }
                Ok(None) => batch.end = Some(self.at_end()),
                Err(failed) => batch.end = Some(Err(failed.into())),
            }
        }
        self.most = if batch.end.is_none() { LARGEST.min(self.most + self.most / 2) } else { BATCH };
        batch
    }

    /// Waits for a record that came meanwhile, at most so long; yields whether it is worth reading the next batch.
    pub(crate) fn ready(&mut self, wait: Duration) -> Result<bool, LogError> {
        let Some(program) = &mut self.program else { return self.records.ready(wait) };
        if program.waiting.is_some() {
            return program.records.ready(wait);
        }
        Ok(self.records.ready(wait)? || program.records.ready(Duration::ZERO)?)
    }

    /// The next record to judge, or none where reading ends.
    fn next(&mut self) -> Result<Option<Stored>, LogError> {
        loop {
            if self.until.as_ref().is_some_and(|until| until.keys().all(|it| self.has_reached(*it))) {
                return Ok(None);
            }
            let Some(stored) = self.next_stored()? else { return Ok(None) };
            let verified = self.verified.get(&stored.partition) == Some(&stored.offset);
            if !verified && !self.is_beyond(&stored) {
                return Ok(Some(stored));
            }
        }
    }

    /// The next record as it is stored: the program's where it is needed, else any.
    fn next_stored(&mut self) -> Result<Option<Stored>, LogError> {
        let folded = self.folded_program();
        let Some(program) = &mut self.program else { return self.records.next() };
        if let Some((_, named)) = program.waiting {
            if named > folded {
                return program.records.next();
            }
            return Ok(program.waiting.take().map(|(stored, _)| stored));
        }
        if program.first {
            match program.records.next()? {
                Some(stored) => return Ok(Some(stored)),
                None => program.first = false,
            }
        }
        match self.records.next()? {
            Some(stored) => Ok(Some(stored)),
            None => program.records.next(),
        }
    }

    /// The sequence of the program up to which it is read.
    fn folded_program(&self) -> u64 {
        self.chains.get(&PartitionId::Program).map_or(0, Chain::sequence)
    }

    fn has_reached(&self, partition: PartitionId) -> bool {
        let until = self.until.as_ref().and_then(|it| it.get(&partition));
        let here = self.chains.get(&partition).and_then(Chain::checkpoint);
        until.is_none_or(|until| here.is_some_and(|here| here.offset >= until.offset))
    }

    fn is_beyond(&self, stored: &Stored) -> bool {
        match &self.until {
            None => false,
            Some(until) => until.get(&stored.partition).is_none_or(|it| stored.offset > it.offset),
        }
    }

    /// At the end of the log everything that should have been reached must be.
    fn at_end(&self) -> Result<(), ProjectError> {
        for (&partition, until) in self.until.iter().flatten() {
            let here = self.chains.get(&partition).and_then(Chain::checkpoint);
            if here.as_ref() != Some(until) {
                let (sequence, offset) = (until.sequence, until.offset);
                let source = HaltCause::CheckpointNotOnChain { offset }.into();
                return Err(ProjectError::CheckpointOffChain { partition, sequence, offset, source });
            }
        }
        Ok(())
    }

    /// Judges one record, decodes it, and only then lets the chain step over it.
    fn read(&mut self, stored: &Stored, batch: &mut Batch) -> Result<(), ProjectError> {
        let Stored { partition, offset, ref line, .. } = *stored;
        let journal = self.chains.values().find_map(Chain::journal);
        let fresh = || {
            let chain = match journal {
                Some(journal) => Chain::of_journal(partition, self.offsets, journal),
                None => Chain::new(partition, self.offsets),
            };
            accepting(chain, &self.accept_void)
        };
        let read = Line::parse(line);
        let verdict = self.chains.entry(partition).or_insert_with(fresh).judge(offset, &read);
        let decision = match (&verdict, &read) {
            (Verdict::Halt(cause), _) => {
                return Err(ProjectError::Halted { partition, offset, cause: *cause });
            }
            (Verdict::Valid, Ok(line)) if line.envelope.kind == Kind::Decision => {
                match self.decode(partition, offset, line)? {
                    Decoded::Decision(read) => Some(read),
                    Decoded::Waits(named) => {
                        if let Some(program) = &mut self.program {
                            program.waiting = Some((stored.clone(), named));
                        }
                        return Ok(());
                    }
                }
            }
            (Verdict::Void(cause), _) => {
                tracing::warn!(%partition, offset, cause = cause.code(), "a void record is skipped");
                *batch.voids.entry((partition, cause.code())).or_default() += 1;
                None
            }
            (Verdict::Valid | Verdict::Known, _) => None,
        };
        self.step(partition, offset, verdict, &read, batch);
        batch.decisions.extend(decision);
        batch.records += 1;
        batch.bytes += line.len();
        Ok(())
    }

    fn step(
        &mut self,
        partition: PartitionId,
        offset: u64,
        verdict: Verdict,
        read: &Result<Line<'_>, Unreadable>,
        batch: &mut Batch,
    ) {
        if let Some(chain) = self.chains.get_mut(&partition) {
            match (verdict, read) {
                (Verdict::Valid, Ok(line)) => chain.apply(offset, line),
                _ => chain.skip(offset),
            }
            if let Some(checkpoint) = chain.checkpoint() {
                batch.checkpoints.insert(partition, checkpoint);
            }
        }
    }

    fn decode(
        &mut self,
        partition: PartitionId,
        offset: u64,
        line: &Line<'_>,
    ) -> Result<Decoded, ProjectError> {
        let position = Position { partition, sequence: line.envelope.sequence };
        let decision = Decision::decode(line.body).map_err(|source| ProjectError::Unfoldable {
            position,
            offset,
            source,
        })?;
        let named = decision.program.map_or(0, |it| it.sequence);
        let folded = self.folded_program();
        if named > folded && self.program.is_some() {
            return Ok(Decoded::Waits(named));
        }
        if named > folded {
            return Err(ProjectError::ProgramBehind { position, offset, named, folded });
        }
        let told = Told::of(&decision, position, offset, &mut self.trace)?;
        Ok(Decoded::Decision(Read { position, decision, told }))
    }
}

/// A decision, or that it names more of the program than was read.
#[allow(clippy::large_enum_variant, reason = "one at a time, and nearly always the large one")]
enum Decoded {
    Decision(Read),
    /// Up to this sequence.
    Waits(u64),
}

/// Where to read from on a log of positions: all partitions share one sequence of offsets, so nothing unread lies before
/// the furthest.
fn start(verified: &BTreeMap<PartitionId, u64>) -> Start {
    verified.values().max().map_or_else(Start::beginning, |furthest| Start::others_at(*furthest))
}

/// Where to read from where each partition goes on from its own offset, and new ones are read from their beginning: all but
/// the program and the bindings, and the program.
fn starts(verified: &BTreeMap<PartitionId, u64>) -> (Start, Start) {
    let program =
        Start::nowhere().at(PartitionId::Program, verified.get(&PartitionId::Program).copied().unwrap_or(0));
    let others = verified.iter().filter(|(partition, _)| **partition != PartitionId::Program);
    let others = others.fold(Start::beginning(), |start, (partition, offset)| start.at(*partition, *offset));
    // Where offsets count, bindings stand in a topic of their own and are no records of the journal.
    (others.without(PartitionId::Program).without(PartitionId::Identity), program)
}
