//! What the process did, for Prometheus: in numbers, with labels from bounded sets only, never with personal data (F-90).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use claim_journal::Cursor;
use prometheus_client::encoding::prometheus_text::{CONTENT_TYPE as PROMETHEUS_TEXT, encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::door::Answered;
use crate::health::Health;
use crate::state::Served;

/// The upper bounds of the time an answer takes, in seconds.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The code of a problem, on its way to the meters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(pub(crate) &'static str);

type Labels<const N: usize> = [(&'static str, String); N];

/// Counters and gauges; every clone is the same.
#[derive(Clone)]
pub struct Meters(Arc<All>);

/// More, in the text format of Prometheus.
pub type More = Arc<dyn Fn() -> String + Send + Sync>;

struct All {
    more: Mutex<Option<More>>,
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    seconds: Family<Labels<1>, Histogram, fn() -> Histogram>,
    commands: Family<Labels<2>, Counter>,
    folded: Family<Labels<1>, Gauge>,
    told: Family<Labels<1>, Gauge>,
    effects: Family<Labels<1>, Counter>,
    effects_still_due: Gauge,
    ready: Gauge,
}

impl Default for Meters {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("claimlog");
        let requests = Family::default();
        registry.register(
            "http_requests",
            "Requests answered, by route, method and status",
            requests.clone(),
        );
        let seconds = Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> Histogram);
        registry.register("http_request_seconds", "Time from header to answer, by route", seconds.clone());
        let commands = Family::default();
        registry.register("commands", "Commands answered by HTTP, by what came of them", commands.clone());
        let folded = Family::default();
        registry.register("view_sequence", "Up to where the views are folded here", folded.clone());
        let told = Family::default();
        let help = "The newest decision told here; what it is ahead of the views is their lag";
        registry.register("told_sequence", help, told.clone());
        let effects = Family::default();
        registry.register("effects", "Effects tried, by what came of them", effects.clone());
        let effects_still_due = Gauge::default();
        let help = "Effects that could not be done in the last round";
        registry.register("effects_still_due", help, effects_still_due.clone());
        let ready = Gauge::default();
        registry.register("ready", "1 when the process may be asked", ready.clone());
        let more = Mutex::default();
        let all = All {
            more,
            registry,
            requests,
            seconds,
            commands,
            folded,
            told,
            effects,
            effects_still_due,
            ready,
        };
        Self(Arc::new(all))
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl Meters {
    /// The views are folded up to here.
    pub fn folded(&self, cursor: &Cursor) {
        show(&self.0.folded, cursor);
    }

    /// Has something added to what is answered: families of other names than ours.
    pub fn also(&self, more: More) {
        *self.0.more.lock().unwrap_or_else(PoisonError::into_inner) = Some(more);
    }

    /// A round of effects: so many results were recorded, so many effects are still due.
    pub fn performed(&self, recorded: u64, still_due: u64) {
        self.0.effects.get_or_create(&[("result", "recorded".to_owned())]).inc_by(recorded);
        self.0.effects_still_due.set(i64::try_from(still_due).unwrap_or(i64::MAX));
    }

    pub(crate) fn answered(&self, answered: &Answered) {
        let (outcome, code) = match answered {
            Answered::Told(told) if told.accepted => ("accepted", ""),
            Answered::Told(_) => ("refused", ""),
            Answered::Durable => ("durable", ""),
            Answered::Problem(problem) => ("problem", problem.reason.code.as_str()),
        };
        let labels = [("outcome", outcome.to_owned()), ("code", code.to_owned())];
        self.0.commands.get_or_create(&labels).inc();
    }

    pub(crate) fn request(&self, route: &str, method: &str, status: u16, took: Duration) {
        let route = ("route", route.to_owned());
        let labels = [route.clone(), ("method", method.to_owned()), ("status", status.to_string())];
        self.0.requests.get_or_create(&labels).inc();
        self.0.seconds.get_or_create(&[route]).observe(took.as_secs_f64());
    }
}

/// Shows a cursor, partition by partition.
fn show(gauges: &Family<Labels<1>, Gauge>, cursor: &Cursor) {
    for it in cursor.iter() {
        let labels = [("partition", it.partition.to_string())];
        gauges.get_or_create(&labels).set(i64::try_from(it.sequence).unwrap_or(i64::MAX));
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(served): State<Served>) -> Response {
    served.meters.exposition(&served.told.cursor(), &served.health)
}

impl Meters {
    /// Everything, for Prometheus.
    pub(crate) fn exposition(&self, told: &Cursor, health: &Health) -> Response {
        let all = &self.0;
        show(&all.told, told);
        all.ready.set(i64::from(health.reasons().is_empty()));
        let mut text = String::new();
        match encode(&mut text, &all.registry) {
            Ok(()) => {
                let more = all.more.lock().unwrap_or_else(PoisonError::into_inner).clone();
                text.extend(more.map(|more| more()));
                ([(CONTENT_TYPE, PROMETHEUS_TEXT)], text).into_response()
            }
            Err(fmt::Error) => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}
