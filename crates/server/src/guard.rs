//! What every request passes: whose page may ask, how long an answer may take, and the meters.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use tracing::Level;

use crate::Meters;
use crate::commands::trace;
use crate::meters::Code;
use crate::problem::HttpProblem;

/// How long an answer may take, the body included.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Lets a request through, in time, and counts it.
pub(crate) async fn guard(State(meters): State<Meters>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let trace = tracing::enabled!(Level::DEBUG).then(|| trace(request.headers())).unwrap_or_default();
    let response = match from_this_machine(request.headers()) {
        Err(problem) => problem.into_response(),
        Ok(()) => timeout(ANSWER_WITHIN, next.run(request)).await.unwrap_or_else(|_| {
            let message = "there is no answer yet; ask again, a command with the same id";
            HttpProblem::new(StatusCode::SERVICE_UNAVAILABLE, "no_answer_in_time", message).into_response()
        }),
    };
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let (status, took) = (response.status(), started.elapsed());
    // Any word may stand as a method; only those that are known become a label.
    let method = if ["GET", "HEAD", "POST"].contains(&method.as_str()) { method.as_str() } else { "other" };
    meters.request(route, method, status.as_u16(), took);
    let code = response.extensions().get::<Code>().map_or("", |it| it.0);
    tracing::debug!(
        trace_id = trace.trace_id(),
        parent_id = trace.parent_id(),
        route,
        method,
        status = status.as_u16(),
        code,
        took_us = took.as_micros(),
        "answered"
    );
    response
}

/// While the asker's word is believed, no web page may speak for the person who looks at it: a browser names the page it
/// comes from, and the name that it found this address by.
fn from_this_machine(headers: &HeaderMap) -> Result<(), HttpProblem> {
    let text = |name| headers.get(name).map(|it| it.to_str().unwrap_or("?"));
    let host = text(header::HOST);
    if let Some(host) = host.filter(|it| !is_loopback(it)) {
        let message = format!("{host} is not a name of this machine; use 127.0.0.1, [::1] or localhost");
        return Err(HttpProblem::new(StatusCode::MISDIRECTED_REQUEST, "host_not_allowed", message));
    }
    match text(header::ORIGIN) {
        Some(origin) if origin.strip_prefix("http://") != host => {
            let message = "pages of other origins may not ask";
            Err(HttpProblem::new(StatusCode::FORBIDDEN, "origin_not_allowed", message))
        }
        _ => Ok(()),
    }
}

/// Whether a `Host` names this machine and nothing else.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(host: &str, origin: Option<&str>) -> Option<&'static str> {
        let mut headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        headers.extend(origin.map(|it| (header::ORIGIN, it.parse().unwrap())));
        from_this_machine(&headers).err().map(|it| it.code())
    }

    #[test]
    fn no_page_of_elsewhere_speaks_for_who_looks_at_it() {
        for good in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080", "[::1]", "127.9.9.9"] {
            assert_eq!(code(good, None), None, "{good}");
            assert_eq!(code(good, Some(&format!("http://{good}"))), None, "{good}");
        }
        for bad in ["claims.example:8080", "10.0.0.1", "localhost.example", "127.0.0.1.example", "", "[::1"] {
            assert_eq!(code(bad, None), Some("host_not_allowed"), "{bad}");
        }
        for bad in ["http://localhost:3000", "https://localhost:8080", "null", "http://claims.example"] {
            assert_eq!(code("localhost:8080", Some(bad)), Some("origin_not_allowed"), "{bad}");
        }
    }
}
