//! `audit check-proof`: what a proof proves, by a public key and nothing else.

use std::fs;

use anyhow::{Context, Result};
use claim_audit::prove::{Checkpoint, Extension, Inclusion, NotProved, Proved, PublicKey};
use claim_domain::event::Event;
use claim_journal::{Cause, Line, Ruling};
use serde_json::{Value, json};

use super::vault;
use crate::cli::Global;
use crate::cli::audit::CheckProof as Args;
use crate::exit::Status;
use crate::output;

/// What a proof proves, for people and for programs.
struct Told {
    text: String,
    json: Value,
}

/// Runs `audit check-proof`.
///
/// # Errors
/// When a file cannot be read. That the proof does not hold is an answer.
pub(super) fn run(global: &Global, args: &Args) -> Result<Status> {
    let key = vault::public(&args.public_key)?;
    let bytes = fs::read(&args.proof).with_context(|| format!("reading {}", args.proof.display()))?;
    let record = args.record.as_deref().map(fs::read).transpose().context("reading the record")?;
    match check(&key, &bytes, record.as_deref()) {
        Ok(told) if global.json => output::json(&told.json)?,
        Ok(told) => output::text(&told.text)?,
        Err(why) => {
            if global.json {
                output::json(&json!({"holds": false, "why": why}))?;
            } else {
                output::text(&format!("DOES NOT HOLD: {why}"))?;
            }
            return Ok(Status::Unsound);
        }
    }
    Ok(Status::Done)
}

fn check(key: &PublicKey, proof: &[u8], record: Option<&[u8]>) -> Result<Told, String> {
    let said = |it: NotProved| it.to_string();
    match (serde_json::from_slice::<Inclusion>(proof), serde_json::from_slice::<Extension>(proof)) {
        (Ok(it), _) => {
            let body = record.map(|it| body(it)).transpose()?;
            Ok(inclusion(&it, &it.check(key, body).map_err(said)?))
        }
        (_, Ok(it)) => it.check(key).map_err(said).map(|()| extension(&it)),
        (Err(error), Err(_)) => Err(format!("this is no proof: {error}")),
    }
}

/// The body of a record, which the proof's envelope commits to.
fn body(record: &[u8]) -> Result<&str, String> {
    let line = Line::parse(record.strip_suffix(b"\n").unwrap_or(record));
    line.map(|it| it.body).map_err(|error| format!("the record beside the proof: {error}"))
}

fn inclusion(proof: &Inclusion, proved: &Proved) -> Told {
    let statement = proof.signed.statement;
    let position = proved.position();
    let mut text = format!(
        "holds: decision {}/{} stands in journal {}, as it was signed at {}",
        position.partition, position.sequence, statement.journal, statement.made_at
    );
    let mut json = json!({
        "holds": true, "proves": "inclusion", "journal": statement.journal, "made_at": statement.made_at,
        "root": statement.root, "position": position, "record_sha256": proved.envelope.body_sha256
    });
    match proved.decision() {
        None => text.push_str("\nthe record itself is not in the proof: give it with --record"),
        Some(decision) => {
            json["decision"] = json!(decision);
            json["outcome"] = json!(proved.outcome());
            let what = match &decision.cause {
                Cause::Asked(it) => format!("{} by {}", it.content.command_type(), it.source),
                Cause::Deadline(it) => format!("a deadline of {}", it.claim),
            };
            let came_to = match &decision.outcome {
                Ruling::Accepted(events) => events.iter().map(shown).collect::<Vec<_>>().join(", "),
                Ruling::Refused(reason) => format!("refused: {}", reason.refusal.code()),
            };
            text.push_str(&format!("\n{what}, judged at {}: {came_to}", decision.judged_at));
        }
    }
    Told { text, json }
}

fn shown(event: &Event) -> String {
    let of = event.claim().map_or_else(String::new, |it| format!(" of {it}"));
    format!("{}{of}", event.event_type())
}

fn extension(proof: &Extension) -> Told {
    let side = |it: &Checkpoint| {
        let statement = it.signed.statement;
        json!({"made_at": statement.made_at, "records": it.records(), "root": statement.root})
    };
    let (old, new) = (&proof.old, &proof.new);
    let text = format!(
        "holds: the {} records signed at {} are the beginning of the {} signed at {}, unchanged",
        old.records(),
        old.signed.statement.made_at,
        new.records(),
        new.signed.statement.made_at
    );
    let journal = new.signed.statement.journal;
    let json = json!({
        "holds": true, "proves": "extension", "journal": journal, "old": side(old), "new": side(new)
    });
    Told { text, json }
}
