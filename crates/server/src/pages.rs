//! `GET /v1/partners/{partner}/engagements` and their Customers pages.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use claim_domain::ids::{EngagementId, LocationId, PartnerId};
use claim_domain::time::Instant;
use claim_projector::{Query, Snapshot, Sort, Tab};
use serde_json::json;

use crate::parameters::{Parameters, segment, wrong};
use crate::problem::HttpProblem;
use crate::routes::state_of;
use crate::shape;
use crate::state::Served;

const TABS: [(&str, Tab); 3] =
    [("eligible", Tab::Eligible), ("ineligible", Tab::Ineligible), ("completed", Tab::Completed)];
const SORTS: [(&str, Sort); 3] = [("name", Sort::Name), ("due", Sort::Due), ("updated", Sort::Updated)];
const PARAMETERS: [&str; 8] = ["tab", "status", "location", "name", "sort", "descending", "limit", "after"];
/// The most rows of one page, and as many as are given when nothing is said.
const MAX_ROWS: u32 = 10_000;
const ROWS: u32 = 50;

/// The rows of one tab.
///
/// # Errors
/// `engagement_not_found`, `page_cursor_invalid`, and `malformed` parameters.
pub(crate) async fn customers(
    State(served): State<Served>,
    Path((partner, engagement)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, HttpProblem> {
    let (partner, engagement) = (segment("partner", &partner)?, segment("engagement", &engagement)?);
    let mut parameters = Parameters::read(query.as_deref(), &PARAMETERS)?;
    let min = parameters.min_cursor()?;
    let (tab, query) = asked(&mut parameters, partner, engagement, (served.now)())?;
    if let Some(min) = min {
        served.readers.reach(&min).await?;
    }
    let opener = served.opener.clone();
    let ask = move |snapshot: &Snapshot<'_>| {
        let page = shape::page(snapshot, tab, &query)?;
        let names = shape::friendly_names(snapshot, &opener, &page)?;
        Ok((shape::page_with_names(&page, &names)?, page.cursor))
    };
    let (page, cursor) = served.readers.read(ask).await?;
    Ok(state_of(&cursor, &page))
}

/// The tab and the query that the parameters ask for.
fn asked(
    parameters: &mut Parameters,
    partner: PartnerId,
    engagement: EngagementId,
    at: Instant,
) -> Result<(Tab, Query), HttpProblem> {
    let tab = parameters.word("tab", &TABS)?;
    let tab = tab.ok_or_else(|| wrong("tab", "name a tab: eligible, ineligible or completed"))?;
    let mut query = Query::first(partner, engagement, at);
    if let Some(status) = parameters.text("status") {
        query.filter.statuses.insert(shape::status(&status).map_err(|why| wrong("status", why))?);
    }
    query.filter.location = parameters.typed::<LocationId>("location")?;
    query.filter.text = parameters.text("name");
    query.sort = parameters.word("sort", &SORTS)?.unwrap_or_default();
    query.descending = parameters.word("descending", &[("true", true), ("false", false)])?.unwrap_or(false);
    let limit = parameters.typed::<u32>("limit")?.unwrap_or(ROWS);
    if !(1..=MAX_ROWS).contains(&limit) {
        return Err(wrong("limit", format!("from 1 to {MAX_ROWS}")));
    }
    query.limit = limit as usize;
    query.after = parameters.text("after");
    Ok((tab, query))
}

/// Every engagement with a Customers page, and how many rows the partner has in each tab.
///
/// # Errors
/// `malformed` parameters.
pub(crate) async fn engagements(
    State(served): State<Served>,
    Path(partner): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, HttpProblem> {
    let partner: PartnerId = segment("partner", &partner)?;
    if let Some(min) = Parameters::read(query.as_deref(), &[])?.min_cursor()? {
        served.readers.reach(&min).await?;
    }
    let at = (served.now)();
    let ask = move |snapshot: &Snapshot<'_>| {
        let catalog = snapshot.catalog()?;
        let mut engagements = Vec::new();
        let published = catalog.at(snapshot.program());
        for it in published.engagements().filter(|it| it.terms.is_partner_activity()) {
            let every =
                Query { limit: usize::MAX, ..Query::first(partner.clone(), it.engagement.clone(), at) };
            let mut counts = serde_json::Map::new();
            for (name, tab) in TABS {
                counts.insert(name.to_owned(), shape::page(snapshot, tab, &every)?.rows.len().into());
            }
            engagements.push(json!({"engagement": it.engagement, "name": it.terms.name, "counts": counts}));
        }
        let cursor = snapshot.cursor();
        Ok((json!({"partner": partner, "cursor": cursor, "engagements": engagements}), cursor))
    };
    let (engagements, cursor) = served.readers.read(ask).await?;
    Ok(state_of(&cursor, &engagements))
}
