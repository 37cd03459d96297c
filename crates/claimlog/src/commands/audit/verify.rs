//! `audit verify`: the log without trust in the engine that wrote it, and the views against a fresh fold.

use std::collections::BTreeSet;

use anyhow::Result;
use claim_audit::prove::tampered;
use claim_audit::{Finding, Options, Report, What};
use claim_journal::Offsets;
use claim_log_embedded::{EmbeddedReader, Scan};

use super::checkpoint;
use super::vault::Vault;
use crate::cli::Global;
use crate::cli::audit::Folder;
use crate::exit::Status;
use crate::output;
use crate::views::{definitions, known_end, open_if_there, told};

/// Runs `audit verify`.
///
/// # Errors
/// When there is no log to be read.
pub(super) fn run(global: &Global, no_views: bool, folder: &Folder) -> Result<Status> {
    let report = verify(global, !no_views, &Vault::of(global, folder))?;
    if global.json {
        output::json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(if report.holds { Status::Done } else { Status::Unsound })
}

/// The report on a directory, with its views and what was signed of it beside it.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn all(global: &Global) -> Result<Report> {
    verify(global, true, &Vault::of(global, &Folder::default()))
}

/// Bytes, chain, order, decisions, checkpoints, views.
fn verify(global: &Global, views: bool, vault: &Vault) -> Result<Report> {
    let log = EmbeddedReader::open(global.data())?;
    let scan = log.scan(known_end(global).unwrap_or(0))?;
    let bar = output::progress("verifying", Some(scan.records));
    let options = Options { offsets: Offsets::Positions, accepted_void: BTreeSet::new() };
    let mut report = claim_audit::verify(&log, &options, &mut |lines| bar.set_position(lines))?;
    bar.finish_and_clear();
    bytes(&scan, &mut report);
    if vault.is_there() {
        checkpoints(&log, vault, &mut report)?;
    }
    if views && report.holds {
        verify_views(global, &log, &mut report)?;
    }
    Ok(report)
}

/// Adds what the scan of the files found: damage with its exact place, and a tail that a crash left.
fn bytes(scan: &Scan, report: &mut Report) {
    if let Some(damage) = &scan.damage {
        let mut finding = Finding::new(What::Damaged, "whole records only", damage.cause);
        finding.offset = Some(damage.at.offset);
        finding.at = Some(damage.at.to_string());
        report.add(finding);
    }
    if let Some(tail) = scan.tail {
        let found = format!("{} bytes that are no record, with nothing valid after them", tail.bytes);
        let mut finding = Finding::new(What::TornTail, "the log ends with a record", found);
        finding.offset = Some(tail.offset);
        report.add(finding);
    }
}

/// Adds what is no longer as it was signed.
fn checkpoints(log: &EmbeddedReader, vault: &Vault, report: &mut Report) -> Result<()> {
    let leaves = checkpoint::read(log, &mut |_, _, _| {})?;
    let signed = vault.checkpoints()?;
    let found = tampered(&leaves, &signed, &vault.kept()?, &vault.public()?);
    // What stops a reader was found before.
    found.into_iter().filter(|it| it.what == What::Tampered).for_each(|it| report.add(it));
    report.checked.checkpoints = signed.len() as u64;
    Ok(())
}

fn verify_views(global: &Global, log: &EmbeddedReader, report: &mut Report) -> Result<()> {
    let Some(views) = open_if_there(global)? else { return Ok(()) };
    let bar = output::progress("refolding views", None);
    let verified =
        claim_projector::verify(&views, Offsets::Positions, &definitions(), log, None, &mut told(&bar));
    bar.finish_and_clear();
    let difference = match verified {
        Ok(verified) => verified.difference.map(|it| it.to_string()),
        Err(error) => Some(format!("{:#}", anyhow::Error::from(error))),
    };
    if let Some(difference) = difference {
        let mut finding =
            Finding::new(What::ViewDiffers, "what a fresh fold of the journal makes", &difference);
        finding.at = Some(difference);
        report.add(finding);
    }
    Ok(())
}

/// The report for people.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn print(report: &Report) -> Result<()> {
    let checked = &report.checked;
    output::text(&format!(
        "{} records: {} leads, {} bindings, {} decisions with {} events; {} decided again",
        checked.records,
        checked.leads,
        checked.bindings,
        checked.decisions,
        checked.events,
        checked.decided_again
    ))?;
    if report.listed.late.total > 0 {
        output::text(&format!("{} decisions came late", report.listed.late.total))?;
    }
    if report.listed.identity_conflicts.total > 0 {
        output::text(&format!("{} identity conflicts were seen", report.listed.identity_conflicts.total))?;
    }
    if checked.checkpoints > 0 && report.holds {
        output::text(&format!("it extends the {} checkpoints that were signed of it", checked.checkpoints))?;
    }
    if report.holds {
        return output::text(
            "sound: the chain holds, every decision is what the rules make of its command, the views are what the journal makes",
        );
    }
    output::text(&format!("NOT SOUND: {} findings", report.findings_total))?;
    report.findings.iter().try_for_each(print_finding)
}

/// A finding for people.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn print_finding(it: &Finding) -> Result<()> {
    let partition = it.partition.map_or_else(String::new, |it| format!("partition {it} "));
    let sequence = it.sequence.map_or_else(String::new, |it| format!("sequence {it} "));
    let offset = it.offset.map_or_else(String::new, |it| format!("offset {it} "));
    let at = it.at.as_ref().map_or_else(String::new, |it| format!("({it})"));
    output::text(&format!("{partition}{sequence}{offset}{at}"))?;
    output::text(&format!("  {}: {}", it.what.code(), it.what.rule()))?;
    output::text(&format!("  expected {}, found {}", it.expected, it.found))
}
