//! Claims and views as they were at a moment (A-62, CONTRACT §4).

use std::collections::BTreeMap;

use claim_domain::ids::ClaimId;
use claim_domain::time::Instant;
use claim_journal::{Chain, Cursor, Line, Offsets, PartitionId, Position, Verdict};
use claim_log::{LogError, ReadLog, Start};
use claim_projector::{Checkpoints, Definition, ProjectError, Views, past};

use crate::moment::Moment;

/// The views as they were.
#[derive(Debug)]
pub struct Past {
    /// They are gone when this is dropped.
    pub views: Views,
    /// What time it was: the time asked for, or the newest one that the log had told at the cursor.
    pub at: Instant,
}

/// The past could not be told.
#[derive(Debug, thiserror::Error)]
pub enum AsOfError {
    /// The log ends before the cursor.
    #[error(
        "the log ends at {} {ends} and the cursor names {}: it is of another log, or this one lost its end",
        .named.partition, .named.sequence
    )]
    BeyondEnd {
        /// What the cursor names.
        named: Position,
        /// The last sequence of that partition.
        ends: u64,
    },
    /// No reader ever stood at the cursor.
    #[error(
        "the log never stood at this cursor: the decision at {} {} was made under program {program}, which the cursor leaves \
         out; take a cursor as an answer carried it", .position.partition, .position.sequence
    )]
    NeverStood {
        /// A decision that the cursor includes.
        position: Position,
        /// The position of the program that it names.
        program: u64,
    },
    /// The journal cannot be folded that far.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Folds the views as they were at `moment`: all of them, or as far as one claim needs.
///
/// A customer's decisions are judged at times that never go back, and so are the program's: those up to a time are the first
/// ones of each, whatever order the log has them in. What stands on no log yet is not told, a deadline that was due by then
/// included: a command that was received before it and waits may still beat it (DESIGN rule 7).
///
/// # Errors
/// [`AsOfError`].
pub fn as_of(
    log: &dyn ReadLog,
    offsets: Offsets,
    definitions: Vec<Definition>,
    moment: &Moment,
    claim: Option<ClaimId>,
    progress: &mut dyn FnMut(u64),
) -> Result<Past, AsOfError> {
    let (time, until) = match moment {
        Moment::Time(at) => (Some(*at), None),
        Moment::Cursor(cursor) => (None, Some(checkpoints(log, offsets, cursor)?)),
    };
    let slot = claim.map(|it| it.slot());
    let mut newest = Instant::default();
    let mut admits = |_, decision: &claim_journal::Decision| {
        newest = newest.max(decision.judged_at);
        time.is_none_or(|at| decision.judged_at <= at)
            && slot.is_none_or(|slot| decision.customer.is_none_or(|it| it.slot() == slot))
    };
    let folded = past(log, offsets, definitions, until, &mut admits, &mut |it| progress(it.records));
    let views = folded.map_err(|error| match error {
        ProjectError::ProgramBehind { position, named, .. } => {
            AsOfError::NeverStood { position, program: named }
        }
        other => AsOfError::Project(other),
    })?;
    Ok(Past { views, at: time.unwrap_or(newest) })
}

/// The records at which the partitions stood when the log stood at `cursor`.
fn checkpoints(log: &dyn ReadLog, offsets: Offsets, cursor: &Cursor) -> Result<Checkpoints, AsOfError> {
    let mut missing: Vec<Position> = cursor.iter().filter(|it| it.sequence > 0).collect();
    let mut chains: BTreeMap<PartitionId, Chain> =
        missing.iter().map(|it| (it.partition, Chain::new(it.partition, offsets))).collect();
    let mut found = Checkpoints::new();
    let start = missing.iter().fold(Start::nowhere(), |start, it| start.at(it.partition, 0));
    let mut records = log.read(&start)?;
    while !missing.is_empty() {
        let Some(stored) = records.next()? else { break };
        let Some(chain) = chains.get_mut(&stored.partition) else { continue };
        if let Verdict::Halt(cause) = chain.read(stored.offset, &Line::parse(&stored.line)) {
            let (partition, offset) = (stored.partition, stored.offset);
            return Err(ProjectError::Halted { partition, offset, cause }.into());
        }
        let stands = Position { partition: stored.partition, sequence: chain.sequence() };
        if let Some(at) = missing.iter().position(|it| *it == stands) {
            missing.swap_remove(at);
            found.extend(chain.checkpoint().map(|it| (stands.partition, it)));
        }
    }
    match missing.first() {
        None => Ok(found),
        Some(&named) => {
            let ends = chains.get(&named.partition).map_or(0, Chain::sequence);
            Err(AsOfError::BeyondEnd { named, ends })
        }
    }
}
