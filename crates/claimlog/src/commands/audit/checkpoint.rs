//! `audit checkpoint`: signs what the journal is, if it still is what was signed before.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use claim_audit::Finding;
use claim_audit::prove::{Checkpoint, Extension, Leaves, tampered};
use claim_journal::{Line, Offsets};
use claim_log::Stored;
use claim_log_embedded::EmbeddedReader;

use super::vault::Vault;
use super::verify;
use crate::cli::Global;
use crate::cli::audit::Checkpoint as Args;
use crate::exit::{Status, UsageError};
use crate::node::wall;
use crate::output;
use crate::reading::Clock;

/// Runs `audit checkpoint`.
///
/// # Errors
/// When the log cannot be read, or the auditor's folder not written.
pub(super) fn run(global: &Global, args: &Args) -> Result<Status> {
    let since = args.since.as_deref().map(older).transpose()?;
    let log = EmbeddedReader::open(global.data())?;
    let vault = Vault::of(global, &args.folder);
    let leaves = read(&log, &mut |_, _, _| {})?;
    let checkpoint = match signed(&log, &vault, &leaves)? {
        Ok(checkpoint) => checkpoint,
        Err(findings) => return unsound(global, &findings),
    };
    if let Some(since) = since {
        output::json(&Extension::of(&leaves, since, checkpoint))?;
    } else if global.json {
        output::json(&checkpoint)?;
    } else {
        Clock::of(&log)?.announce();
        let statement = checkpoint.signed.statement;
        output::text(&format!(
            "signed at {}: journal {}, {} records in {} partitions\nroot {}\npublic key: {}",
            statement.made_at,
            statement.journal,
            checkpoint.records(),
            statement.partitions,
            statement.root,
            vault.public_path().display()
        ))?;
    }
    Ok(Status::Done)
}

/// Reads the leaves of the whole log; `look` sees each record.
///
/// # Errors
/// When the log cannot be reached.
pub(super) fn read(log: &EmbeddedReader, look: &mut dyn FnMut(u64, &Stored, &Line<'_>)) -> Result<Leaves> {
    let bar = output::progress("reading records", None);
    let leaves = Leaves::read(log, Offsets::Positions, &mut |index, stored, line| {
        bar.inc(1);
        look(index, stored, line);
    })?;
    bar.finish_and_clear();
    Ok(leaves)
}

/// The newest checkpoint of what was read, signed now if need be; or what is no longer as it was signed.
///
/// # Errors
/// When the auditor's folder cannot be read or written, or there is nothing to sign.
pub(super) fn signed(
    log: &EmbeddedReader,
    vault: &Vault,
    leaves: &Leaves,
) -> Result<Result<Checkpoint, Vec<Finding>>> {
    let before = vault.checkpoints()?;
    let key = vault.key()?;
    let findings = tampered(leaves, &before, &vault.kept()?, &key.public());
    if !findings.is_empty() {
        return Ok(Err(findings));
    }
    if let Some(newest) = before.last().filter(|it| it.is_of(leaves)) {
        return Ok(Ok(newest.clone()));
    }
    // What is signed must not be lost with the power, though its writer has not synced it yet.
    log.settle()?;
    let checkpoint = Checkpoint::sign(leaves, wall(), &key).context("the log holds no record to sign")?;
    vault.keep(&checkpoint, leaves)?;
    Ok(Ok(checkpoint))
}

/// Says what is not as it was signed, and signs nothing.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn unsound(global: &Global, findings: &[Finding]) -> Result<Status> {
    if global.json {
        output::json(&serde_json::json!({"findings": findings}))?;
    } else {
        output::text("NOT SOUND: nothing was signed")?;
        findings.iter().try_for_each(verify::print_finding)?;
    }
    Ok(Status::Unsound)
}

fn older(path: &Path) -> Result<Checkpoint> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let path = path.display();
        UsageError(format!(
            "--since {path}: not a checkpoint as `claimlog audit checkpoint --json` prints it: {error}"
        ))
        .into()
    })
}
