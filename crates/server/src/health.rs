//! Whether the process is alive, and whether it may be asked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::routes::JSON;
use crate::state::Served;

/// How far the views may lag behind what was told here before the process is not ready.
const REACH_WITHIN: Duration = Duration::from_secs(10);

/// The parts of a process and how they are; every clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    parts: Mutex<BTreeMap<&'static str, Part>>,
    stopping: AtomicBool,
}

#[derive(Clone, Debug)]
struct Part {
    /// The longest time between two signs of life.
    within: Duration,
    state: PartState,
}

#[derive(Clone, Debug)]
enum PartState {
    Starting,
    Well(Instant),
    Failed(String),
}

/// Why the process may not be asked now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Which part.
    pub part: &'static str,
    /// What is the matter with it.
    pub why: String,
}

/// What a part says of itself.
#[derive(Clone, Debug)]
pub struct Pulse {
    health: Health,
    name: &'static str,
}

impl Health {
    /// A new part that is starting; once it has beaten, it must beat again `within` this time.
    #[must_use]
    pub fn part(&self, name: &'static str, within: Duration) -> Pulse {
        self.parts().insert(name, Part { within, state: PartState::Starting });
        Pulse { health: self.clone(), name }
    }

    /// From now on nothing new should be asked.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    /// Why the process may not be asked; nothing when it may.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.0.stopping.load(Ordering::Acquire) {
            reasons.push(Reason { part: "process", why: "it is stopping".to_owned() });
        }
        for (&part, Part { within, state }) in &*self.parts() {
            let why = match state {
                PartState::Starting => "it is starting".to_owned(),
                PartState::Failed(why) => why.clone(),
                PartState::Well(at) if at.elapsed() > *within => {
                    format!("no sign of life for {} s", at.elapsed().as_secs())
                }
                PartState::Well(_) => continue,
            };
            reasons.push(Reason { part, why });
        }
        reasons
    }

    fn parts(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Part>> {
        self.0.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, name: &'static str, state: PartState) {
        if let Some(part) = self.parts().get_mut(name) {
            part.state = state;
        }
    }
}

impl Pulse {
    /// It is well at this moment.
    pub fn beat(&self) {
        self.health.set(self.name, PartState::Well(Instant::now()));
    }

    /// It is not, until it beats again.
    pub fn fail(&self, why: impl Into<String>) {
        self.health.set(self.name, PartState::Failed(why.into()));
    }
}

/// `GET /healthz`: the process is alive.
pub(crate) async fn healthz() -> Response {
    ([(CONTENT_TYPE, JSON)], json!({"status": "alive"}).to_string()).into_response()
}

/// `GET /readyz`: whether it may be asked, and if not, why.
pub(crate) async fn readyz(State(served): State<Served>) -> Response {
    let mut reasons = served.health.reasons();
    match served.readers.cursor().await {
        Err(problem) => reasons.push(Reason { part: "views", why: problem.code().to_owned() }),
        Ok(reached) => {
            if let Some(since) = served.told.behind_since(&reached).filter(|it| it.elapsed() > REACH_WITHIN) {
                let why = format!("they lag behind what was told by {} s", since.elapsed().as_secs());
                reasons.push(Reason { part: "views", why });
            }
        }
    }
    ready(&reasons)
}

/// The answer to whoever asks whether a process may be asked.
pub(crate) fn ready(reasons: &[Reason]) -> Response {
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({"ready": ready, "reasons": reasons}).to_string();
    (status, [(CONTENT_TYPE, JSON)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_must_start_and_go_on_giving_signs_of_life() {
        let health = Health::default();
        let pulse = health.part("engine", Duration::from_secs(60));
        let why = |health: &Health| health.reasons().into_iter().map(|it| it.why).collect::<Vec<_>>();
        assert_eq!(why(&health), ["it is starting"]);
        pulse.beat();
        assert!(why(&health).is_empty());
        pulse.fail("the log failed");
        assert_eq!(why(&health), ["the log failed"]);
        pulse.beat();
        health.part("views", Duration::ZERO).beat();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(why(&health), ["no sign of life for 0 s"]);
        health.stop();
        assert_eq!(health.reasons().len(), 2);
    }
}
