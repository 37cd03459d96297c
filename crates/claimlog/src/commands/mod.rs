//! One file a command.

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::exit::Status;

mod apply;
mod bench;
mod completions;
mod schema;

/// Runs the command.
///
/// # Errors
/// What made it impossible; its chain is printed once, by `main`.
pub(crate) fn run(cli: Cli) -> Result<Status> {
    let global = &cli.global;
    match cli.command {
        Command::Apply(it) => apply::run(global, &it),
        Command::Schema(it) => schema::run(global, &it),
        Command::Completions { shell } => completions::run(shell),
        Command::Bench(it) => bench::run(global, &it),
        other => anyhow::bail!("not yet: {other:?}"),
    }
}
