//! The claimlog program: arguments, configuration, wiring. Everything it does, a crate of the workspace does; this one
//! alone knows them all.
//!
//! **Absent.** No rule, no format, no fold. **Start** at [`cli::Cli`], then `node.rs` for how the parts are put together,
//! and `commands/` for one file a command.

use std::process::ExitCode;

mod bench;
mod cli;
mod commands;
mod config;
mod exit;
#[cfg(feature = "kafka")]
mod kafka;
mod kafka_options;
mod keeping;
mod node;
mod output;
mod performing;
mod reading;
mod remote;
mod sample;
mod schemas;
mod serve;
mod views;

/// A record is made of many small texts that another thread frees; this allocator takes that lightly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let ran = config::parse().and_then(|cli| {
        output::set_up_tracing(&cli);
        commands::run(cli)
    });
    match ran {
        Ok(status) => status.into(),
        Err(error) => {
            if output::is_broken_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            output::print_error(&error);
            exit::status_of(&error).into()
        }
    }
}
