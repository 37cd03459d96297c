//! `audit prove`: a proof, for others, that a decision about a claim stands in the journal.

use std::fs;

use anyhow::{Context, Result, anyhow};
use claim_audit::prove::{Inclusion, Leaves};
use claim_domain::ids::ClaimId;
use claim_journal::{Decision, Kind, Line, PartitionId, Position};
use claim_log::ReadLog;
use claim_log_embedded::EmbeddedReader;
use claim_projector::HistoryEntry;

use super::checkpoint;
use super::vault::Vault;
use crate::cli::Global;
use crate::cli::audit::Prove as Args;
use crate::exit::Status;
use crate::output;
use crate::reading::Clock;

/// Runs `audit prove`.
///
/// # Errors
/// When no such decision is about the claim, or the auditor's folder cannot be written.
pub(super) fn run(global: &Global, args: &Args) -> Result<Status> {
    let log = EmbeddedReader::open(global.data())?;
    let (leaves, about) = read(&log, args.claim)?;
    let found = match args.position {
        Some(asked) => about.iter().find(|it| it.position == asked),
        None => about.iter().rfind(|it| it.moves).or(about.last()),
    };
    let Some(found) = found else {
        return Err(match args.position {
            Some(it) => {
                anyhow!("the decision at {}/{} is not about claim {}", it.partition, it.sequence, args.claim)
            }
            None => anyhow!("claim_not_found: nothing is known of claim {}", args.claim),
        });
    };
    let checkpoint = match checkpoint::signed(&log, &Vault::of(global, &args.folder), &leaves)? {
        Ok(checkpoint) => checkpoint,
        Err(findings) => return checkpoint::unsound(global, &findings),
    };
    let stored = log.record(found.position.partition, found.offset)?;
    let line = Line::parse(&stored).context("the record that was read a moment ago")?;
    let proof = Inclusion::of(&leaves, &checkpoint, &line, found.index)
        .context("the log changed while it was read")?;
    if let Some(path) = &args.record {
        fs::write(path, &stored).with_context(|| format!("writing {}", path.display()))?;
    }
    output::json(&proof)?;
    Clock::of(&log)?.announce();
    let Position { partition, sequence } = found.position;
    eprintln!(
        "decision {partition}/{sequence} of {} about the claim, in a journal of {} records as signed at {}",
        about.len(),
        checkpoint.records(),
        checkpoint.signed.statement.made_at
    );
    if proof.body.is_none() {
        eprintln!("the record is too long for a proof: give it beside, as --record FILE writes it");
    }
    Ok(Status::Done)
}

/// A decision about the claim.
struct Found {
    position: Position,
    offset: u64,
    index: u64,
    /// Whether it gave the claim its status.
    moves: bool,
}

/// Every leaf, and every decision about the claim, oldest first.
fn read(log: &EmbeddedReader, claim: ClaimId) -> Result<(Leaves, Vec<Found>)> {
    let text = claim.to_string();
    let mut about = Vec::new();
    let leaves = checkpoint::read(log, &mut |index, stored, line| {
        let partition = line.envelope.partition;
        let numbered = matches!(partition, PartitionId::Number(_)) && line.envelope.kind == Kind::Decision;
        // Whatever is about a claim names it, so most bodies need not be decoded.
        if numbered
            && line.body.contains(&text)
            && let Ok(decision) = Decision::decode(line.body)
        {
            let position = Position { partition, sequence: line.envelope.sequence };
            if let Some(entry) = HistoryEntry::of(&decision, position, claim) {
                let moves = entry.events.iter().any(|it| claim_audit::moves(it));
                about.push(Found { position, offset: stored.offset, index, moves });
            }
        }
    })?;
    Ok((leaves, about))
}
