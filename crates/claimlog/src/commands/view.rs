//! `view`: the rows of one of the three views.

use anyhow::{Result, anyhow};
use claim_domain::claim::Status as ClaimStatus;
use claim_projector::{Filter, Page, Query, Row, Snapshot};
use serde_json::{Value, json};

use crate::boxes::{Opener, shown};
use crate::cli::{Global, Sort, Tab, View};
use crate::exit::{Status, UsageError};
use crate::output;
use crate::reading::Reading;

/// Runs `view`.
///
/// # Errors
/// When there is no such engagement, or the views cannot be read.
pub(crate) fn run(global: &Global, args: &View) -> Result<Status> {
    let reading = Reading::open(global)?;
    let snapshot = reading.snapshot()?;
    let query = query(args, reading.now()?)?;
    let page = match args.tab {
        Tab::Eligible => claim_projector_eligible::query(&snapshot, &query)?,
        Tab::Ineligible => claim_projector_ineligible::query(&snapshot, &query)?,
        Tab::Completed => claim_projector_completed::query(&snapshot, &query)?,
    };
    let opener = Opener::new(reading.keys.clone());
    let names = names(&snapshot, &opener, &page)?;
    if global.json {
        output::json(&as_json(&page, &names)?)?;
    } else {
        reading.announce(global);
        print(&page, &names, args)?;
    }
    Ok(Status::Done)
}

/// The friendly name of each row's claim, opened.
fn names(snapshot: &Snapshot<'_>, opener: &Opener, page: &Page) -> Result<Vec<Option<Value>>> {
    let name = |row: &Row| match row.claim {
        Some(claim) => Ok(opener.friendly_name(&snapshot.history(claim)?)),
        None => Ok(None),
    };
    page.rows.iter().map(name).collect()
}

/// The rows of a page as a table, or why there are none.
///
/// # Errors
/// When the views cannot be read.
pub(crate) fn table(snapshot: &Snapshot<'_>, opener: &Opener, page: &Page, tab: Tab) -> Result<String> {
    Ok(shown_page(page, &names(snapshot, opener, page)?, tab))
}

fn shown_page(page: &Page, names: &[Option<Value>], tab: Tab) -> String {
    if let Some(note) = &page.note {
        return note.message.clone();
    }
    if page.rows.is_empty() {
        return "No rows.".to_owned();
    }
    let rows: Vec<_> = page.rows.iter().zip(names).collect();
    match tab {
        Tab::Ineligible => reasons(&rows),
        Tab::Eligible | Tab::Completed => claims(&rows),
    }
}

fn query(args: &View, at: claim_domain::time::Instant) -> Result<Query> {
    let mut filter = Filter::default();
    if let Some(status) = &args.status {
        let known = ClaimStatus::ALL.into_iter().find(|it| it.to_string() == *status);
        let list = ClaimStatus::ALL.map(|it| it.to_string()).join(", ");
        filter
            .statuses
            .insert(known.ok_or_else(|| UsageError(format!("no status {status}; there are: {list}")))?);
    }
    if let Some(location) = &args.location {
        filter.location = Some(location.parse().map_err(|error| UsageError(format!("--location: {error}")))?);
    }
    filter.text.clone_from(&args.name);
    Ok(Query {
        filter,
        sort: match args.sort {
            Sort::Name => claim_projector::Sort::Name,
            Sort::Due => claim_projector::Sort::Due,
            Sort::Updated => claim_projector::Sort::Updated,
        },
        descending: args.descending,
        limit: usize::try_from(args.limit)?,
        after: args.after.clone(),
        ..Query::first(args.partner.clone(), args.engagement.clone(), at)
    })
}

/// The page with friendly names opened.
fn as_json(page: &Page, names: &[Option<Value>]) -> Result<Value> {
    let mut value = serde_json::to_value(page)?;
    let rows =
        value.get_mut("rows").and_then(Value::as_array_mut).ok_or_else(|| anyhow!("a page has rows"))?;
    for (row, name) in rows.iter_mut().zip(names) {
        row["friendly_name"] = name.clone().unwrap_or(Value::Null);
    }
    Ok(value)
}

fn print(page: &Page, names: &[Option<Value>], args: &View) -> Result<()> {
    output::text(&shown_page(page, names, args.tab))?;
    eprintln!("{} rows, up to {}", page.rows.len(), page.cursor);
    if let Some(next) = &page.next {
        eprintln!("more: --after {next}");
    }
    Ok(())
}

fn claims(rows: &[(&Row, &Option<Value>)]) -> String {
    let header = ["NAME", "CLAIM OR CUSTOMER", "FRIENDLY NAME", "STATUS", "ORIGIN", "NEXT", "DUE", "UPDATED"];
    output::table(
        header,
        rows.iter().map(|(row, name)| {
            let late = if row.past_due { " (past)" } else { "" };
            [
                row.name.clone(),
                row.claim.map_or_else(|| row.customer.to_string(), |it| it.to_string()),
                shown(name.as_ref()),
                row.status.map_or_else(|| "known customer".to_owned(), |it| it.to_string()),
                json!(row.origin).as_str().unwrap_or_default().to_owned(),
                row.next_actions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                row.next_due_at.map_or_else(String::new, |it| format!("{}{late}", output::minute(it))),
                output::minute(row.updated_at),
            ]
        }),
    )
}

fn reasons(rows: &[(&Row, &Option<Value>)]) -> String {
    output::table(
        ["NAME", "CUSTOMER", "REASONS"],
        rows.iter().map(|(row, _)| {
            let reasons: Vec<_> =
                row.reasons.iter().map(|it| format!("{}: {}", it.code, it.message)).collect();
            [row.name.clone(), row.customer.to_string(), reasons.join("\n")]
        }),
    )
}
