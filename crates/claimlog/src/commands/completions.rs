//! `completions`: for the shell.

use std::io;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::exit::Status;

/// Prints the completions of a shell.
///
/// # Errors
/// None; stdout that is closed ends the program quietly.
pub(crate) fn run(shell: Shell) -> Result<Status> {
    generate(shell, &mut Cli::command(), "claimlog", &mut io::stdout());
    Ok(Status::Done)
}
