//! `audit`: what an auditor asks of a journal, without trust in the engine that wrote it. One file a question.

use anyhow::Result;

use crate::cli::Global;
use crate::cli::audit::Audit;
use crate::exit::Status;

mod as_of;
mod check_proof;
mod checkpoint;
mod explain;
mod export;
mod prove;
mod vault;
pub(crate) mod verify;
mod what_if;

/// Runs `audit`.
///
/// # Errors
/// When there is no log to be read, or it does not hold what is asked for.
pub(crate) fn run(global: &Global, args: &Audit) -> Result<Status> {
    match args {
        Audit::Verify { no_views, folder } => verify::run(global, *no_views, folder),
        Audit::AsOf { moment, what } => as_of::run(global, moment, what),
        Audit::Explain { claim } => explain::run(global, *claim),
        Audit::WhatIf(args) => what_if::run(global, args),
        Audit::Checkpoint(args) => checkpoint::run(global, args),
        Audit::Prove(args) => prove::run(global, args),
        Audit::Export(args) => export::run(global, args),
        Audit::CheckProof(args) => check_proof::run(global, args),
    }
}
