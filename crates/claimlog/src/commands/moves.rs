//! `export` and `import`: a journal from one kind of log to the other.

use anyhow::Result;

use crate::cli::{Export, Global, Import};
use crate::exit::Status;

/// Runs `export`.
///
/// # Errors
/// When the directory is not empty, or the journal cannot be read or is not the same afterwards.
#[cfg(feature = "kafka")]
pub(crate) fn export(global: &Global, args: &Export) -> Result<Status> {
    let cluster = crate::kafka::Cluster::of(&args.kafka)?;
    let bar = crate::output::progress("exporting", None);
    let moved = crate::kafka::moves::export(&cluster, &args.to, || bar.inc(1));
    bar.finish_and_clear();
    tell(global, &moved?)
}

/// Runs `import`.
///
/// # Errors
/// When the topics are not empty, or the journal cannot be read or is not the same afterwards.
#[cfg(feature = "kafka")]
pub(crate) fn import(global: &Global, args: &Import) -> Result<Status> {
    let cluster = crate::kafka::Cluster::of(&args.kafka)?;
    let bar = crate::output::progress("importing", None);
    let moved = crate::kafka::moves::import(&cluster, &args.from, || bar.inc(1));
    bar.finish_and_clear();
    tell(global, &moved?)
}

#[cfg(feature = "kafka")]
fn tell(global: &Global, moved: &crate::kafka::moves::Moved) -> Result<Status> {
    if global.json {
        crate::output::json(moved)?;
    } else {
        crate::kafka::moves::print(moved)?;
    }
    Ok(Status::Done)
}

/// Says what this build lacks.
///
/// # Errors
/// Always.
#[cfg(not(feature = "kafka"))]
pub(crate) fn export(_: &Global, _: &Export) -> Result<Status> {
    Err(crate::exit::without_kafka().into())
}

/// Says what this build lacks.
///
/// # Errors
/// Always.
#[cfg(not(feature = "kafka"))]
pub(crate) fn import(_: &Global, _: &Import) -> Result<Status> {
    Err(crate::exit::without_kafka().into())
}
