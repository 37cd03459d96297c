//! One file a command.

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::exit::Status;

mod apply;
mod audit;
mod bench;
mod choices;
mod claim;
mod completions;
mod demo;
mod effects;
mod erase;
mod events;
mod moves;
mod schema;
mod serve;
mod topics;
mod view;
mod views;

/// Runs the command.
///
/// # Errors
/// What made it impossible; its chain is printed once, by `main`.
pub(crate) fn run(cli: Cli) -> Result<Status> {
    let global = &cli.global;
    match cli.command {
        Command::Apply(it) => apply::run(global, &it),
        Command::Serve(it) => serve::run(global, &it),
        Command::Schema(it) => schema::run(global, &it),
        Command::Completions { shell } => completions::run(shell),
        Command::Topics(it) => topics::run(global, &it),
        Command::Export(it) => moves::export(global, &it),
        Command::Import(it) => moves::import(global, &it),
        Command::Erase(it) => erase::run(global, &it),
        Command::Bench(it) => bench::run(global, &it),
        Command::View(it) => view::run(global, &it),
        Command::Claim { id } => claim::now(global, id),
        Command::History { id } => claim::history(global, id),
        Command::Views(it) => views::run(global, &it),
        Command::Choices(it) => choices::run(global, &it),
        Command::Events(it) => events::run(global, &it),
        Command::Effects(it) => effects::run(global, &it),
        Command::Audit(it) => audit::run(global, &it),
        Command::Demo => demo::run(global),
    }
}
