//! `serve`: the HTTP API and everything behind it, in one process.

use anyhow::Result;
use claim_server::{ListenError, Listener, loopback};
use tokio::runtime::Runtime;

use crate::cli::{Global, Serve};
use crate::exit::{Status, UsageError};
use crate::node::runtime;
use crate::serve::roles::Role;
use crate::serve::{Order, serve};

/// Where the API listens unless another place is named.
const LISTEN: &str = "127.0.0.1:8080";

/// Runs `serve`, until a signal ends it.
///
/// # Errors
/// When it cannot listen, the directory cannot be opened, or something failed while it served.
pub(crate) fn run(global: &Global, args: &Serve) -> Result<Status> {
    let named = args.listen.as_deref().or(args.roles.has(Role::Api).then_some(LISTEN));
    let address = named.map(loopback).transpose().map_err(|it| UsageError(format!("--listen: {it}")))?;
    let on_kafka = args.kafka.kafka.is_some();
    if !on_kafka {
        args.roles.check_embedded()?;
    }
    let runtime = runtime()?;
    // The address comes first: when another process has it, the directory is left alone.
    let listener = match address {
        Some(address) => Some(runtime.block_on(Listener::bind(address)).map_err(why_not)?),
        None => None,
    };
    let order = Order { global, roles: &args.roles, listener, effects: !args.no_effects };
    if on_kafka {
        serve_on_kafka(&runtime, order, args)?;
    } else {
        serve(&runtime, order)?;
    }
    Ok(Status::Done)
}

#[cfg(feature = "kafka")]
fn serve_on_kafka(runtime: &Runtime, order: Order<'_>, args: &Serve) -> Result<()> {
    crate::kafka::serve(runtime, order, &args.kafka)
}

#[cfg(not(feature = "kafka"))]
fn serve_on_kafka(_: &Runtime, _: Order<'_>, _: &Serve) -> Result<()> {
    Err(crate::exit::without_kafka().into())
}

fn why_not(error: ListenError) -> anyhow::Error {
    match error {
        ListenError::Refused { .. } => error.into(),
        ListenError::NoAddress { .. } | ListenError::NotLoopback { .. } => {
            UsageError(error.to_string()).into()
        }
    }
}
