//! The routes, and what every answer about state has.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use claim_journal::Cursor;
use serde_json::Value;

use crate::guard::guard;
use crate::problem::HttpProblem;
use crate::state::{Parts, Served};
use crate::{Health, Meters};
use crate::{claims, commands, health, meters, pages};

/// Carries the cursor of an answer.
pub(crate) const CURSOR: HeaderName = HeaderName::from_static("claimlog-cursor");
/// The media type of answers.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Everything that is served.
pub fn router(parts: Parts) -> Router {
    let served = Served::from(parts);
    let meters = served.meters.clone();
    Router::new()
        .route("/v1/commands", post(commands::post))
        .route("/v1/commands/{id}", get(commands::get))
        .route("/v1/claims/{id}", get(claims::claim))
        .route("/v1/claims/{id}/history", get(claims::history))
        .route("/v1/partners/{partner}/engagements", get(pages::engagements))
        .route("/v1/partners/{partner}/engagements/{engagement}/customers", get(pages::customers))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(meters::metrics))
        .fallback(no_path)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(meters, guard))
        .with_state(served)
}

/// What a process serves that does not answer about claims: how it is.
pub fn probes(health: Health, meters: Meters) -> Router {
    let (also, counting) = (health.clone(), meters.clone());
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(move || async move { health::ready(&health.reasons()) }))
        .route("/metrics", get(move || async move { meters.exposition(&Cursor::default(), &also) }))
        .fallback(no_path)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(counting, guard))
}

async fn no_path(uri: Uri) -> HttpProblem {
    let message = format!("there is nothing at {}", uri.path());
    HttpProblem::new(StatusCode::NOT_FOUND, "path_not_found", message)
}

async fn no_method(method: Method) -> HttpProblem {
    let message = format!("{method} is not a method of this path; the header allow lists them");
    HttpProblem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}

/// An answer about state, with its cursor beside it too.
pub(crate) fn state_of(at: &Cursor, value: &Value) -> Response {
    let headers =
        [(CONTENT_TYPE, JSON), (CURSOR, cursor(at)), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (headers, value.to_string()).into_response()
}

/// A cursor as a header.
pub(crate) fn cursor(cursor: &Cursor) -> HeaderValue {
    HeaderValue::try_from(cursor.to_string()).unwrap_or(HeaderValue::from_static("c"))
}
