//! `serve`: the HTTP API and everything behind it, in one process.

use anyhow::Result;
use claim_server::{ListenError, Listener, loopback};

use crate::cli::{Global, Serve};
use crate::exit::{Status, UsageError};
use crate::node::runtime;
use crate::serve::roles::Role;
use crate::serve::{Order, serve};

/// Runs `serve`, until a signal ends it.
///
/// # Errors
/// When it cannot listen, the directory cannot be opened, or something failed while it served.
pub(crate) fn run(global: &Global, args: &Serve) -> Result<Status> {
    let address = loopback(&args.listen).map_err(|it| UsageError(format!("--listen: {it}")))?;
    args.roles.check_embedded()?;
    let runtime = runtime()?;
    // The address comes first: when another process has it, the directory is left alone.
    let listener = match args.roles.has(Role::Api) {
        true => Some(runtime.block_on(Listener::bind(address)).map_err(why_not)?),
        false => None,
    };
    serve(&runtime, Order { global, roles: &args.roles, listener, effects: !args.no_effects })?;
    Ok(Status::Done)
}

fn why_not(error: ListenError) -> anyhow::Error {
    match error {
        ListenError::Refused { .. } => error.into(),
        ListenError::NoAddress { .. } | ListenError::NotLoopback { .. } => {
            UsageError(error.to_string()).into()
        }
    }
}
