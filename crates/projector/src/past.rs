//! The views as they were: a fold of part of the journal, beside everything that is kept.

use claim_journal::{Decision, Offsets, Position};
use claim_log::ReadLog;

use crate::error::ProjectError;
use crate::projector::Definition;
use crate::runner::{Progress, Runner};
use crate::views::{Checkpoints, Views};

/// Folds the journal up to `until`, or to its end without it, into views of their own, which are gone when they are dropped.
/// Of the decisions read, in their order, those count that `admits` lets through; a customer's must be the first of it, as
/// far as it likes, or none.
///
/// # Errors
/// [`ProjectError`] when the journal cannot be folded that far.
pub fn past(
    log: &dyn ReadLog,
    offsets: Offsets,
    definitions: Vec<Definition>,
    until: Option<Checkpoints>,
    admits: &mut dyn FnMut(Position, &Decision) -> bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<Views, ProjectError> {
    let mut runner = Runner::new(Views::private()?, offsets, definitions)?;
    runner.fold_admitted(log, until, admits, progress)?;
    Ok(runner.into_views())
}
