//! `audit explain`: one page on why a claim is what it is.

use std::fmt::Write;

use anyhow::{Result, anyhow};
use claim_audit::{CameTo, Explanation, FactsUsed, Otherwise, Running, Step};
use claim_domain::claim::Status as ClaimStatus;
use claim_domain::event::Event;
use claim_domain::ids::ClaimId;
use claim_domain::payout::Payout;
use claim_journal::Offsets;
use claim_log_embedded::EmbeddedReader;
use claim_server::Opener;
use serde_json::{Value, json};

use crate::cli::Global;
use crate::commands::claim::line;
use crate::exit::Status;
use crate::output;
use crate::reading::{self, Clock};

/// Runs `audit explain`.
///
/// # Errors
/// When nothing is known of such a claim, or the journal is not sound.
pub(super) fn run(global: &Global, id: ClaimId) -> Result<Status> {
    let log = EmbeddedReader::open(global.data())?;
    let explained = claim_audit::explain(&log, Offsets::Positions, id)?
        .ok_or_else(|| anyhow!("claim_not_found: nothing is known of claim {id}"))?;
    let opener = Opener::new(reading::keys(global)?);
    if global.json {
        output::json(&opened(&opener, &explained)?)?;
    } else {
        Clock::of(&log)?.announce();
        output::text(page(&opener, &explained)?.trim_end())?;
    }
    Ok(Status::Done)
}

/// The explanation with the boxes of its events opened.
fn opened(opener: &Opener, explained: &Explanation) -> Result<Value> {
    let mut value = serde_json::to_value(explained)?;
    let steps = value.get_mut("steps").and_then(Value::as_array_mut).into_iter().flatten();
    for (shown, step) in steps.zip(&explained.steps) {
        if let (Value::Object(shown), Value::Object(entry)) = (shown, opener.open_entry(&step.entry)?) {
            shown.extend(entry);
        }
    }
    Ok(value)
}

fn page(opener: &Opener, it: &Explanation) -> Result<String> {
    let mut page = format!("Claim {}", it.claim);
    if let (Some(partner), Some(engagement), Some(customer)) = (&it.partner, &it.engagement, &it.customer) {
        write!(page, " of {partner} on {engagement}, for customer {customer}")?;
    }
    writeln!(page, "\n{}\n", status(it.status))?;
    for (step, number) in it.steps.iter().zip(1..) {
        write_step(&mut page, opener, step, number)?;
    }
    writeln!(page, "What these rules say (crates/domain/RULES.md)")?;
    for (number, text) in &it.rules {
        writeln!(page, "  {number}  {text}")?;
    }
    Ok(page)
}

fn write_step(page: &mut String, opener: &Opener, step: &Step, number: usize) -> Result<()> {
    let [when, position, who, asked, came_to] = line(opener, &step.entry)?;
    let late = if step.entry.late { ", late" } else { "" };
    let imported = if step.entry.imported { ", imported" } else { "" };
    writeln!(page, "{number}. {when}  {asked} by {who}  ({position}{late}{imported})")?;
    let mut say = |name: &str, what: &str| {
        let what = what.replace('\n', "\n             ");
        writeln!(page, "   {name:<10}{what}")
    };
    say("came to", &came_to)?;
    if step.status_before == step.status_after {
        say("status", &status(step.status_after))?;
    } else {
        say("status", &format!("{} -> {}", status(step.status_before), status(step.status_after)))?;
    }
    if let Some((payout, hours)) = step.entry.events.iter().find_map(|it| pays(it)) {
        let hours = hours.map_or_else(String::new, |it| format!(" for {it} hours"));
        say("pays", &format!("{}{hours}", output::money(payout.cents, &payout.currency.to_string())))?;
    }
    if let Some(terms) = &step.terms {
        let (engagement, version, program) = (&terms.engagement, terms.version, terms.program);
        say("terms", &format!("{engagement}, version {version} (program position {program})"))?;
    }
    for facts in &step.facts {
        say("facts", &known(facts))?;
    }
    say("rules", &step.rules.join(", "))?;
    if let Some(running) = &step.next_deadline {
        say("deadline", &waiting(running))?;
    }
    if let Some(otherwise) = &step.otherwise {
        say("otherwise", &instead(otherwise))?;
    }
    writeln!(page)?;
    Ok(())
}

/// What a new claim will pay, and for how many hours.
fn pays(event: &Event) -> Option<(&Payout, Option<u32>)> {
    match event {
        Event::CustomerAdded(it) => Some((&it.payout, it.hours)),
        Event::CustomerClaimed(it) => Some((&it.payout, it.hours)),
        _ => None,
    }
}

fn status(status: Option<ClaimStatus>) -> String {
    status.map_or_else(|| "no claim".to_owned(), |it| it.to_string())
}

fn known(facts: &FactsUsed) -> String {
    match &facts.observation {
        None => format!("{}: nothing was known", facts.identifier),
        Some(it) => {
            let observed = output::minute(it.observed_at);
            format!("{} as observed {observed}: {}", facts.identifier, json!(it.values))
        }
    }
}

fn waiting(running: &Running) -> String {
    let kind = json!(running.deadline.kind);
    let (kind, due) = (kind.as_str().unwrap_or_default(), output::minute(running.deadline.due_at));
    let comes_to = running.comes_to.join(", ");
    format!("{kind}, due {due}; if nothing ends the wait before: {comes_to}, and it is {}", running.status)
}

fn instead(otherwise: &Otherwise) -> String {
    match otherwise {
        Otherwise::Later { from, fires, comes_to } => {
            let (from, fires) = (output::minute(*from), fires.join(", "));
            format!("received at {from} or later: {fires} first, then {}", came_to(comes_to))
        }
        Otherwise::Earlier { before, comes_to } => {
            format!("received before {}: {}", output::minute(*before), came_to(comes_to))
        }
        Otherwise::Prevented { by } => {
            let by: Vec<_> = by.iter().map(ToString::to_string).collect();
            format!("it would not have fired, had {} been accepted before", by.join(" or "))
        }
    }
}

fn came_to(came_to: &CameTo) -> String {
    match came_to {
        CameTo::Accepted(events) if events.is_empty() => "accepted, nothing new".to_owned(),
        CameTo::Accepted(events) => format!("accepted: {}", events.join(", ")),
        CameTo::Refused(code) => format!("refused: {code}"),
    }
}
