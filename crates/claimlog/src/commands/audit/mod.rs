//! `audit`: what an auditor asks of a journal, without trust in the engine that wrote it. One file a question.

use anyhow::Result;

use crate::cli::Global;
use crate::cli::audit::Audit;
use crate::exit::Status;

mod as_of;
mod explain;
pub(crate) mod verify;
mod what_if;

/// Runs `audit`.
///
/// # Errors
/// When there is no log to be read, or it does not hold what is asked for.
pub(crate) fn run(global: &Global, args: &Audit) -> Result<Status> {
    match args {
        Audit::Verify { no_views } => verify::run(global, *no_views),
        Audit::AsOf { moment, what } => as_of::run(global, moment, what),
        Audit::Explain { claim } => explain::run(global, *claim),
        Audit::WhatIf(args) => what_if::run(global, args),
    }
}
