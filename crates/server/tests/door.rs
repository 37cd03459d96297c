//! The API in front of a door that says whatever a test wants, without any log or views behind it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use claim_domain::time::Instant;
use claim_intake::keys::SqliteKeys;
use claim_intake::problem::{Problem, ProblemCode};
use claim_intake::{ProblemLine, ProblemWord};
use claim_journal::{Correlation, PartitionId, Position};
use claim_log::{LogError, ReadLog, Records, Start, Told};
use claim_projector::StoreError;
use claim_server::{Answered, Bytes, Door, Health, Meters, Parts, Router, Until, probes, router};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};

const ID: &str = "01900000-0000-7000-9000-000000000001";

/// Says what it was given to say, and remembers what it was asked.
#[derive(Default)]
struct Says {
    answers: Vec<Answered>,
    asked: Mutex<Vec<(Vec<Bytes>, Until)>>,
    traces: Mutex<Vec<Correlation>>,
}

#[async_trait]
impl Door for Says {
    async fn ask(&self, commands: Vec<Bytes>, trace: &Correlation, until: Until) -> Vec<Answered> {
        self.traces.lock().unwrap().push(trace.clone());
        self.asked.lock().unwrap().push((commands, until));
        self.answers.clone()
    }
}

/// A log with nothing on it.
struct Nothing;

impl ReadLog for Nothing {
    fn read(&self, _: &Start) -> Result<Box<dyn Records>, LogError> {
        Err(LogError::BeyondEnd { offset: 0, end: 0 })
    }

    fn record(&self, partition: PartitionId, offset: u64) -> Result<Vec<u8>, LogError> {
        Err(LogError::NoRecord { partition, offset })
    }
}

/// An answer.
struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body))
    }
}

/// Asks the API in front of this door.
async fn ask(door: &Arc<Says>, health: &Health, request: Request<Body>) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts {
        door: door.clone(),
        log: Arc::new(Nothing),
        views: Arc::new(|| Err(StoreError::Absent { path: "views.sqlite".to_owned() })),
        keys: Arc::new(SqliteKeys::open(&folder.path().join("keys.sqlite")).unwrap()),
        now: Arc::new(Instant::default),
        health: health.clone(),
        meters: Meters::default(),
    };
    answered(router(parts), request).await
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn answered(router: Router, request: Request<Body>) -> Answer {
    let response = TowerToHyperService::new(router).call(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status, headers: head.headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
}

async fn post(answers: Vec<Answered>, prefer: &str, body: &str) -> (Answer, Arc<Says>) {
    let door = Arc::new(Says { answers, ..Says::default() });
    let request = Request::post("/v1/commands").header("prefer", prefer).body(Body::from(body.to_owned()));
    (ask(&door, &Health::default(), request.unwrap()).await, door)
}

fn told(outcome: &str, accepted: bool, sequence: u64) -> Answered {
    let position = Position { partition: PartitionId::Number(3), sequence };
    Answered::Told(Told { outcome: outcome.into(), position, accepted, program: None })
}

fn problem(code: ProblemCode) -> Answered {
    let reason = Problem::new(code, "a sentence");
    Answered::Problem(ProblemLine {
        input: 1,
        inbox: None,
        command_id: None,
        outcome: ProblemWord::Problem,
        reason,
    })
}

#[tokio::test] // CONTRACT §5
async fn outcomes_are_passed_on_as_they_are_with_200_whether_accepted_or_refused() {
    let outcome = "{ \"outcome\":\"refused\" }";
    let (answer, door) = post(vec![told(outcome, false, 7)], "", " {\"id\":1} ").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, outcome));
    assert_eq!(answer.headers["claimlog-cursor"], "c_3-7");
    assert_eq!(*door.asked.lock().unwrap(), [(vec![Bytes::from(" {\"id\":1} ")], Until::Decided)]);

    let answers = vec![told("{}", true, 7), problem(ProblemCode::Malformed), told("{ }", false, 9)];
    let (answer, door) = post(answers, "", "[ {\"a\":1.50},\n2, \"x\" ]").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer.body.starts_with("[{},{\"input\":1,") && answer.body.ends_with(",{ }]"),
        "{}",
        answer.body
    );
    assert_eq!(answer.headers["claimlog-cursor"], "c_3-9");
    let asked = door.asked.lock().unwrap()[0].0.clone();
    assert_eq!(asked, ["{\"a\":1.50}", "2", "\"x\""], "each command to the byte");
}

#[tokio::test] // issue 4, point 13: W3C trace context
async fn the_trace_of_a_request_goes_with_its_commands_and_a_malformed_one_does_not() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (traceparent, expected) in [(trace, Some(trace)), ("00-1-2-01", None)] {
        let door = Arc::new(Says { answers: vec![told("{}", true, 7)], ..Says::default() });
        let request = Request::post("/v1/commands")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("traceparent", traceparent)
            .header("tracestate", "vendor=1");
        let answer = ask(&door, &Health::default(), request.body(Body::from("{}")).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK);
        let traces = door.traces.lock().unwrap();
        assert_eq!(traces[0].trace(), (expected, expected.map(|_| "vendor=1")));
    }
}

#[tokio::test] // CONTRACT §5
async fn what_is_durable_and_not_decided_yet_is_202_with_its_place() {
    let command = json!({"id": ID, "type": "AddComment"}).to_string();
    let (answer, door) = post(vec![Answered::Durable], "respond-async", &command).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::ACCEPTED, ""));
    assert_eq!(answer.headers["location"], format!("/v1/commands/{ID}"));
    assert_eq!(door.asked.lock().unwrap()[0].1, Until::Durable);
    let (answer, _) = post(vec![problem(ProblemCode::Malformed)], "respond-async", &command).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let both = vec![Answered::Durable, problem(ProblemCode::Malformed)];
    let (answer, _) = post(both, "respond-async", &format!("[{command},{{}}]")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.json()[0]["location"], format!("/v1/commands/{ID}"));
    assert_eq!(answer.json()[1]["reason"]["code"], "malformed");
}

#[tokio::test] // CONTRACT §5, A-63
async fn every_problem_has_the_status_that_says_what_to_do_next() {
    for code in ProblemCode::ALL {
        let (answer, _) = post(vec![problem(code)], "", "{}").await;
        let (status, body) = (answer.status, answer.json());
        assert_eq!(body["code"], code.as_str());
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(status == StatusCode::SERVICE_UNAVAILABLE, code.is_passing(), "{code}: {status}");
        assert!(status.is_client_error() || code.is_passing(), "{code}: {status}");
        assert_eq!(answer.headers.contains_key("retry-after"), code.is_passing(), "{code}");
    }
}

#[tokio::test]
async fn a_command_that_the_door_leaves_without_an_answer_may_be_asked_again() {
    let (answer, _) = post(vec![], "", "{}").await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("log_unavailable"))
    );
    let (answer, _) = post(vec![told("{}", true, 1)], "", "[{},{},{}]").await;
    let inputs: Vec<_> = answer.json().as_array().unwrap().iter().map(|it| it["input"].clone()).collect();
    assert_eq!(inputs, [json!(null), json!(2), json!(3)]);
}

#[tokio::test] // F-35
async fn without_views_commands_are_answered_all_the_same_and_reads_say_when_to_ask_again() {
    let door = Arc::new(Says { answers: vec![told("{}", true, 1)], ..Says::default() });
    let health = Health::default();
    health.part("engine", Duration::from_secs(60)).beat();
    let post = Request::post("/v1/commands").body(Body::from("{}")).unwrap();
    assert_eq!(ask(&door, &health, post).await.status, StatusCode::OK);
    for path in [
        format!("/v1/commands/{ID}"),
        "/v1/claims/c000-00000000000000000000".to_owned(),
        "/v1/claims/c000-00000000000000000000/history?min_cursor=c_1-1".to_owned(),
        "/v1/partners/p-a/engagements".to_owned(),
        "/v1/partners/p-a/engagements/e-a/customers?tab=completed".to_owned(),
    ] {
        let answer = ask(&door, &health, get(&path)).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.json()["code"], "views_unavailable", "{path}");
        assert!(
            answer.headers.contains_key("retry-after") && !answer.body.contains("sqlite"),
            "{}",
            answer.body
        );
    }
    assert_eq!(ask(&door, &health, get("/healthz")).await.status, StatusCode::OK);
    let ready = ask(&door, &health, get("/readyz")).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        ready.json(),
        json!({"ready": false, "reasons": [{"part": "views", "why": "views_unavailable"}]})
    );
}

#[tokio::test] // issue 4 item 9: a process without the API is asked by the same rules
async fn probes_are_guarded_and_counted_as_the_api_is() {
    let meters = Meters::default();
    let router = || probes(Health::default(), meters.clone());
    assert_eq!(answered(router(), get("/healthz")).await.status, StatusCode::OK);
    let rebound = Request::get("/readyz").header("host", "claims.example").body(Body::empty()).unwrap();
    let answer = answered(router(), rebound).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (StatusCode::MISDIRECTED_REQUEST, &json!("host_not_allowed"))
    );
    assert_eq!(answered(router(), get("/v1/commands")).await.json()["code"], "path_not_found");
    let metrics = answered(router(), get("/metrics")).await.body;
    for (route, status) in [("/healthz", 200), ("/readyz", 421), ("none", 404)] {
        let counted = metrics
            .lines()
            .find(|it| it.contains(&format!("route=\"{route}\"")) && it.contains(&status.to_string()));
        assert!(counted.is_some(), "{route} {status}: {metrics}");
    }
}
