//! `view`: the rows of one of the three views.

use anyhow::Result;
use claim_domain::time::Instant;
use claim_projector::{Filter, Page, Query, Row, Snapshot};
use claim_server::{Opener, shape};
use serde_json::{Value, json};

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
    let opener = Opener::new(reading.keys.clone());
    let (page, names) = page(&snapshot, &opener, args, reading.now()?)?;
    if global.json {
        output::json(&shape::page_with_names(&page, &names)?)?;
    } else {
        reading.announce(global);
        print(&page, &names, args)?;
    }
    Ok(Status::Done)
}

/// The page that is asked for, at this time, with the friendly names of its rows.
///
/// # Errors
/// When there is no such engagement, or the views cannot be read.
pub(crate) fn page(
    snapshot: &Snapshot<'_>,
    opener: &Opener,
    args: &View,
    at: Instant,
) -> Result<(Page, Vec<Option<Value>>)> {
    let tab = match args.tab {
        Tab::Eligible => claim_projector::Tab::Eligible,
        Tab::Ineligible => claim_projector::Tab::Ineligible,
        Tab::Completed => claim_projector::Tab::Completed,
    };
    let page = shape::page(snapshot, tab, &query(args, at)?)?;
    let names = shape::friendly_names(snapshot, opener, &page)?;
    Ok((page, names))
}

/// The rows of a page as a table, or why there are none.
///
/// # Errors
/// When the views cannot be read.
pub(crate) fn table(snapshot: &Snapshot<'_>, opener: &Opener, page: &Page, tab: Tab) -> Result<String> {
    Ok(shown_page(page, &shape::friendly_names(snapshot, opener, page)?, tab))
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

fn query(args: &View, at: Instant) -> Result<Query> {
    let mut filter = Filter::default();
    if let Some(status) = &args.status {
        filter.statuses.insert(shape::status(status).map_err(UsageError)?);
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

/// A page for people, and where the next one begins.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn print(page: &Page, names: &[Option<Value>], args: &View) -> Result<()> {
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
                output::shown(name.as_ref()),
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
