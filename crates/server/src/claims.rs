//! `GET /v1/claims/{id}` and its history.

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use claim_domain::ids::ClaimId;
use claim_journal::Cursor;
use serde_json::json;

use crate::parameters::{Parameters, segment};
use crate::problem::HttpProblem;
use crate::routes::state_of;
use crate::shape;
use crate::state::Served;

/// One claim now.
///
/// # Errors
/// `claim_not_found`.
pub(crate) async fn claim(
    State(served): State<Served>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, HttpProblem> {
    let id = asked(&served, &id, query.as_deref()).await?;
    let opener = served.opener.clone();
    let ask = move |snapshot: &claim_projector::Snapshot<'_>| {
        let claim = shape::claim(snapshot, &opener, id)?;
        let cursor = snapshot.cursor();
        claim.map(|it| (it, cursor.clone())).ok_or_else(|| not_found(id, cursor))
    };
    let (claim, cursor) = served.readers.read(ask).await?;
    Ok(state_of(&cursor, &claim))
}

/// Everything that ever happened to a claim.
///
/// # Errors
/// `claim_not_found`.
pub(crate) async fn history(
    State(served): State<Served>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, HttpProblem> {
    let id = asked(&served, &id, query.as_deref()).await?;
    let opener = served.opener.clone();
    let ask = move |snapshot: &claim_projector::Snapshot<'_>| {
        let (history, cursor) = (snapshot.history(id)?, snapshot.cursor());
        if history.is_empty() {
            return Err(not_found(id, cursor));
        }
        Ok((json!({"claim": id, "cursor": cursor, "history": shape::history(&opener, &history)?}), cursor))
    };
    let (history, cursor) = served.readers.read(ask).await?;
    Ok(state_of(&cursor, &history))
}

/// The claim that is asked for, once the views have reached the cursor asked for.
async fn asked(served: &Served, id: &str, query: Option<&str>) -> Result<ClaimId, HttpProblem> {
    let id = segment("id", id)?;
    if let Some(min) = Parameters::read(query, &[])?.min_cursor()? {
        served.readers.reach(&min).await?;
    }
    Ok(id)
}

fn not_found(id: ClaimId, cursor: Cursor) -> HttpProblem {
    let message = format!("nothing is known of claim {id}");
    HttpProblem::new(StatusCode::NOT_FOUND, "claim_not_found", message).at(cursor)
}
