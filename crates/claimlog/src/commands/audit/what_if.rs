//! `audit what-if`: the journal's commands decided again under changed terms.

use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};
use claim_audit::{Both, Changes, Count, Differing, Place, Seen, WhatIf, WhatIfError};
use claim_domain::command::PublishEngagement;
use claim_domain::payout::Payout;
use claim_journal::Offsets;
use claim_log_embedded::EmbeddedReader;
use serde_json::Value;

use crate::cli::Global;
use crate::cli::audit::WhatIf as Args;
use crate::exit::{Status, UsageError};
use crate::output;
use crate::reading::Clock;

/// Runs `audit what-if`.
///
/// # Errors
/// When the terms cannot be read or contradict the rules, or the journal is not sound.
pub(super) fn run(global: &Global, args: &Args) -> Result<Status> {
    let changes = Changes {
        terms: terms(&args.terms)?,
        from: args.from,
        most: args.limit,
        threads: thread::available_parallelism().map_or(1, usize::from),
    };
    let log = EmbeddedReader::open(global.data())?;
    let bar = output::progress("deciding again", None);
    let told = claim_audit::what_if(&log, Offsets::Positions, &changes, &mut |lines| bar.set_position(lines));
    bar.finish_and_clear();
    let told = told.map_err(|error| match error {
        WhatIfError::TermsInvalid { .. } => UsageError(error.to_string()).into(),
        other => anyhow::Error::from(other),
    })?;
    if global.json {
        output::json(&told)?;
    } else {
        Clock::of(&log)?.announce();
        print(&told)?;
    }
    Ok(Status::Done)
}

/// What a file publishes: one or more PublishEngagement commands, or their bodies.
fn terms(path: &Path) -> Result<Vec<PublishEngagement>> {
    let bytes = fs::read(path).with_context(|| format!("reading the terms in {}", path.display()))?;
    let values = serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>();
    let body = |mut value: Value| match value.get_mut("body") {
        Some(body) => serde_json::from_value(body.take()),
        None => serde_json::from_value(value),
    };
    let read: Result<Vec<_>, _> = values.map(|it| it.and_then(body)).collect();
    let why = match read {
        Ok(read) if !read.is_empty() => return Ok(read),
        Ok(_) => "there are none".to_owned(),
        Err(error) => error.to_string(),
    };
    let path = path.display();
    Err(UsageError(format!(
        "the terms in {path}: {why}; write {{\"engagement\": …, \"terms\": {{…}}}}, the body of a PublishEngagement"
    ))
    .into())
}

fn print(told: &WhatIf) -> Result<()> {
    let engagements: Vec<_> = told.engagements.iter().map(ToString::to_string).collect();
    let from = told.from.map_or_else(|| "always".to_owned(), |it| format!("from {it} on"));
    output::text(&format!("What if {} had had these terms, {from}?", engagements.join(", ")))?;
    output::text(&format!(
        "{} commands decided again in {} ms: {} a second on {} threads; the log is as it was",
        told.commands, told.duration_ms, told.commands_per_second, told.threads
    ))?;
    output::text(&format!("{} of {} claims differ, as of {}", told.differing, told.claims, told.at))?;
    for (currency, totals) in &told.payouts {
        let (then, now) =
            (output::money(totals.then_cents, currency), output::money(totals.now_cents, currency));
        output::text(&format!("they pay {now} in all, instead of {then}"))?;
    }
    counts("HOW MANY CLAIMS", &told.counts)?;
    counts("HOW MANY KNOWN CUSTOMERS WITHOUT AN OPEN CLAIM", &told.known_customers)?;
    if !told.first.is_empty() {
        let header = ["FIRST AT", "POSITION", "CLAIM", "PARTNER", "OUTCOME", "PAYOUT", "VIEW"];
        output::text(&format!("\n{}", output::table(header, told.first.iter().map(line))))?;
        let more = told.differing - told.first.len() as u64;
        if more > 0 {
            output::text(&format!("and {more} more: --limit"))?;
        }
    }
    Ok(())
}

fn counts(title: &str, counts: &[Count]) -> Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    let rows = counts.iter().map(|it| {
        let what = serde_json::to_value(it.what).ok();
        [it.count.to_string(), output::shown(what.as_ref()), it.then.clone(), it.now.clone()]
    });
    output::text(&format!("\n{}", output::table([title, "WHAT DIFFERS", "THEN", "NOW"], rows)))
}

fn line(it: &Differing) -> [String; 7] {
    let at = it.first.map_or_else(String::new, |it| output::minute(it.judged_at));
    let place = |it: Seen| format!("{}/{}", it.position.partition, it.position.sequence);
    let position = it.first.map_or_else(String::new, place);
    let partner = it.partner.as_ref().map_or_else(String::new, ToString::to_string);
    let came_to = it.outcome.as_ref().map_or_else(String::new, |it| arrow(&it.then, &it.now));
    let paid = |it: &Payout| output::money(it.cents, &it.currency.to_string());
    let placed = |it: &Place| match it.next_due_at {
        Some(due) => format!("{} due {}", it.status, output::minute(due)),
        None => it.status.to_string(),
    };
    [at, position, it.claim.to_string(), partner, came_to, both(&it.payout, paid), both(&it.view, placed)]
}

fn both<T>(both: &Option<Both<T>>, shown: impl Fn(&T) -> String) -> String {
    let Some(both) = both else { return String::new() };
    let side = |it: &Option<T>| it.as_ref().map_or_else(|| "no claim".to_owned(), &shown);
    arrow(&side(&both.then), &side(&both.now))
}

fn arrow(then: &str, now: &str) -> String {
    format!("{then} -> {now}")
}
