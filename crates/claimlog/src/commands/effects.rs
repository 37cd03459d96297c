//! `effects`: what is to be done outside.

use anyhow::{Result, anyhow};
use claim_projector_referral::{EffectsQuery, LedgerEntry, StateName, effects};
use serde_json::json;

use crate::cli::{Effects, Global};
use crate::exit::{Status, UsageError};
use crate::output;
use crate::reading::Reading;

/// Runs `effects`.
///
/// # Errors
/// When the ledger cannot be read, or nothing can be performed.
pub(crate) fn run(global: &Global, args: &Effects) -> Result<Status> {
    match args {
        Effects::List { state, claim } => {
            let state = state.as_deref().map(state_named).transpose()?;
            list(global, &EffectsQuery { state, claim: *claim, ..EffectsQuery::default() })
        }
        Effects::Retry { .. } => Err(anyhow!("not yet")),
    }
}

fn state_named(name: &str) -> Result<StateName> {
    let all = [StateName::Due, StateName::Held, StateName::Failed, StateName::Done];
    let found = all.into_iter().find(|it| it.as_str() == name);
    found.ok_or_else(|| UsageError(format!("no state {name}; there are: due, held, failed, done")).into())
}

fn list(global: &Global, query: &EffectsQuery) -> Result<Status> {
    let reading = Reading::open(global)?;
    let snapshot = reading.snapshot()?;
    let entries = effects(&snapshot, query)?;
    if global.json {
        output::json(&json!({"cursor": snapshot.cursor(), "effects": entries}))?;
    } else {
        reading.announce(global);
        output::text(&table(&entries))?;
        eprintln!("{} effects, up to {}", entries.len(), snapshot.cursor());
    }
    Ok(Status::Done)
}

/// Effects as a table.
pub(crate) fn table(entries: &[LedgerEntry]) -> String {
    output::table(
        ["CLAIM", "EFFECT", "STATE", "TRIES", "INTENDED", "RESULT"],
        entries.iter().map(|it| {
            [
                it.claim.to_string(),
                format!("{} {}", it.kind, it.number),
                state(it),
                it.attempts.to_string(),
                output::minute(it.intended_at),
                result(it),
            ]
        }),
    )
}

/// The state; mail that is due waits until there is a mailer.
fn state(it: &LedgerEntry) -> String {
    let name = StateName::of(&it.state).as_str();
    let waits = it.family == claim_domain::effect::EffectFamily::Mail && name == "due";
    if waits { "waiting (no mailer yet)".to_owned() } else { name.to_owned() }
}

fn result(it: &LedgerEntry) -> String {
    let value = json!(it.state);
    let said = ["bounced", "link", "reason", "error", "result"]
        .iter()
        .find_map(|name| value.get(*name)?.as_str().map(str::to_owned));
    said.unwrap_or_default()
}
