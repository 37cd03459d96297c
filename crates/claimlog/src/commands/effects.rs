//! `effects`: what is to be done outside.

use anyhow::Result;
use claim_domain::effect::{DoneResult, EffectFamily, EffectState};
use claim_domain::ids::ClaimId;
use claim_intake::{Door, Mode};
use claim_projector_referral::{EffectsQuery, LedgerEntry, StateName, effects};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::{Effects, Global};
use crate::exit::{Status, UsageError};
use crate::node::{Begin, Node, runtime};
use crate::reading::Reading;
use crate::views::{self, Folding};
use crate::{output, performing};

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
        Effects::Retry { claim, due_only, mail, dry_run } => {
            retry(global, &Retry { claim: *claim, due_only: *due_only, mail: *mail, dry_run: *dry_run })
        }
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

/// What `effects retry` is to start.
struct Retry {
    claim: Option<ClaimId>,
    due_only: bool,
    mail: bool,
    dry_run: bool,
}

/// Starts held and failed effects again, and performs referral effects until nothing is due.
fn retry(global: &Global, args: &Retry) -> Result<Status> {
    let mut node = Node::open(global, Begin::Existing, views::before_deciding(global)?)?;
    if node.simulated {
        let message = "this directory is simulated: no effect is performed on it, and none is started";
        return Err(UsageError(message.into()).into());
    }
    let mut folding = Folding::begin(global)?;
    folding.catch_up(&*node.log, &output::progress("folding views", None))?;
    let start = if args.due_only { Vec::new() } else { to_start(&folding, args)? };
    if args.dry_run {
        if global.json {
            output::json(&json!({"would_start": start}))?;
        } else {
            output::text(&table(&start))?;
        }
        eprintln!("{} effects would be started; nothing was done", start.len());
        node.close()?;
        return Ok(Status::Done);
    }
    let runtime = runtime()?;
    let commands: Vec<_> = start.iter().map(command).collect();
    let started = runtime.block_on(performing::send(&mut node, &commands, Door::Outside))?;
    let mut site = performing::Alone { node: &mut node, folding: &mut folding };
    let done = runtime.block_on(performing::perform(&mut site, global.data()))?;
    node.intake.tick(Mode::Live);
    node.engine.settle();
    folding.catch_up(&*node.log, &output::progress("folding views", None))?;
    node.close()?;
    if global.json {
        output::json(&json!({"started": started, "performed": done.performed, "still_due": done.still_due}))?;
    } else {
        let file = global.data().join(performing::EFFECTS);
        output::text(&format!(
            "{started} started, {} performed by the local stand-in, {} still due\nnothing was sent; what would be sent is in {}",
            done.performed,
            done.still_due,
            file.display()
        ))?;
    }
    Ok(Status::Done)
}

/// What is held or has failed; mail only when it is asked for.
fn to_start(folding: &Folding, args: &Retry) -> Result<Vec<LedgerEntry>> {
    let snapshot = folding.views().snapshot()?;
    let mut start = Vec::new();
    for state in [StateName::Held, StateName::Failed] {
        start.extend(effects(
            &snapshot,
            &EffectsQuery { state: Some(state), claim: args.claim, ..EffectsQuery::default() },
        )?);
    }
    start.retain(|it| args.mail || it.family != EffectFamily::Mail);
    Ok(start)
}

fn command(it: &LedgerEntry) -> Value {
    json!({
        "id": Uuid::now_v7(), "type": "RetryEffect", "version": 1,
        "asker": {"kind": "program_operator", "user": "cli"},
        "body": {"claim": it.claim, "effect": {"kind": it.kind, "number": it.number}}
    })
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
    let waits = it.family == EffectFamily::Mail && name == "due";
    if waits { "waiting (no mailer yet)".to_owned() } else { name.to_owned() }
}

/// What came of it, in a few words.
pub(crate) fn result(it: &LedgerEntry) -> String {
    match &it.state {
        EffectState::Due | EffectState::Held => it.last_error.clone().unwrap_or_default(),
        EffectState::Failed { error } => error.to_string(),
        EffectState::Done { bounced: Some(why), .. } => format!("came back: {why}"),
        EffectState::Done { result, .. } => match result {
            DoneResult::Created { link, .. } | DoneResult::Upgraded { link, .. } => link.to_string(),
            DoneResult::Declined { reason } => format!("declined: {reason}"),
            DoneResult::Closed => "closed as lost".to_owned(),
            DoneResult::Dispatched => "handed over".to_owned(),
        },
    }
}
