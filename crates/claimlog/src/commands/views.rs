//! `views rebuild` and `views verify`.

use anyhow::{Context, Result};
use claim_journal::Offsets;
use claim_log_embedded::EmbeddedReader;
use serde_json::json;

use crate::cli::{Global, Views};
use crate::exit::Status;
use crate::output;
use crate::reading::Reading;
use crate::views::{Folding, OTHERS_FOLD_WITHIN, definitions, told};

/// Runs `views`.
///
/// # Errors
/// When there is no such view, or the journal cannot be folded.
pub(crate) fn run(global: &Global, args: &Views) -> Result<Status> {
    match args {
        Views::Rebuild { name } => rebuild(global, name.as_deref()),
        Views::Verify { name } => verify(global, name.as_deref()),
    }
}

fn rebuild(global: &Global, name: Option<&str>) -> Result<Status> {
    let log = EmbeddedReader::open(global.data())?;
    let folding = Folding::begin_within(global, OTHERS_FOLD_WITHIN)?;
    let mut folding = folding.context(
        "another process keeps these views current, perhaps a `claimlog serve`: stop it, then rebuild",
    )?;
    let bar = output::progress("rebuilding", None);
    folding.catch_up(&log, &bar)?;
    folding.rebuild(&log, name, &bar)?;
    bar.finish_and_clear();
    let cursor = folding.views().snapshot()?.cursor();
    if global.json {
        output::json(&json!({"rebuilt": name.unwrap_or("all"), "cursor": cursor}))?;
    } else {
        output::text(&format!("rebuilt {} up to {cursor}; nothing was sent", name.unwrap_or("all views")))?;
    }
    Ok(Status::Done)
}

fn verify(global: &Global, name: Option<&str>) -> Result<Status> {
    let reading = Reading::open(global)?;
    let bar = output::progress("verifying", None);
    let verified = claim_projector::verify(
        &reading.views,
        Offsets::Positions,
        &definitions(),
        &reading.log,
        name,
        &mut told(&bar),
    )?;
    bar.finish_and_clear();
    if global.json {
        output::json(&verified)?;
    } else {
        let what = verified.views.join(", ");
        output::text(&match &verified.difference {
            None => format!(
                "{what}: {} rows are what the journal makes, up to {}",
                verified.rows, verified.cursor
            ),
            Some(difference) => format!("{difference}\nrun `claimlog views rebuild` to fold them again"),
        })?;
    }
    Ok(if verified.difference.is_none() { Status::Done } else { Status::Unsound })
}
