//! `POST /v1/commands` and `GET /v1/commands/{id}`.

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use claim_domain::ids::CommandId;
use claim_intake::problem::{Problem, ProblemCode};
use claim_intake::{ProblemLine, ProblemWord};
use claim_journal::{Correlation, Cursor, Line, Outcome, Retold};
use claim_projector::Answered as Stands;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::door::{Answered, Until};
use crate::parameters::{Parameters, segment};
use crate::problem::HttpProblem;
use crate::routes::{CURSOR, JSON};
use crate::state::Served;

/// The most commands of one request.
const MAX_COMMANDS: usize = 1_000;
/// The most bytes of a request with one command, white space included; intake allows a command less.
const MAX_COMMAND_BYTES: usize = 128 * 1024;

/// What a body holds.
enum Asked {
    One(Bytes),
    Many(Vec<Bytes>),
}

/// Takes one command or an array of them, and answers in their order.
///
/// # Errors
/// A body that is not taken; for one command also the problem that it got.
pub(crate) async fn post(
    State(served): State<Served>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpProblem> {
    if query.is_some() {
        return Err(HttpProblem::malformed("query", "commands are sent without parameters"));
    }
    let (until, trace) = (until(&headers), trace(&headers));
    let kept = served.room.read(&headers, body).await?;
    let mut response = match split(&kept.bytes)? {
        Asked::One(command) => {
            let answer = ask(&served, vec![command.clone()], &trace, until).await.pop();
            one(answer.unwrap_or_else(|| unanswered(1)), &command, until)?
        }
        Asked::Many(commands) => {
            let answers = ask(&served, commands.clone(), &trace, until).await;
            many(&answers, &commands, until)?
        }
    };
    if until == Until::Durable {
        let applied = HeaderValue::from_static("respond-async");
        response.headers_mut().insert("preference-applied", applied);
    }
    Ok(response)
}

/// Whether the asker prefers not to wait for the outcome (RFC 7240).
fn until(headers: &HeaderMap) -> Until {
    let preferences = headers.get_all("prefer").iter().filter_map(|it| it.to_str().ok());
    let mut words = preferences.flat_map(|it| it.split([',', ';'])).map(str::trim);
    match words.any(|it| it.eq_ignore_ascii_case("respond-async")) {
        true => Until::Durable,
        false => Until::Decided,
    }
}

/// The W3C trace context that a request brings.
pub(crate) fn trace(headers: &HeaderMap) -> Correlation {
    let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
    Correlation::of_trace(text("traceparent"), text("tracestate"))
}

/// The commands of a body, each as its own bytes.
fn split(body: &Bytes) -> Result<Asked, HttpProblem> {
    if body.trim_ascii_start().first() != Some(&b'[') {
        if body.len() > MAX_COMMAND_BYTES {
            let message = format!("a command has at most {MAX_COMMAND_BYTES} bytes");
            return Err(HttpProblem::too_large(message));
        }
        return Ok(Asked::One(body.clone()));
    }
    let items: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| {
        let message = "the body begins like an array of commands and is not one in JSON";
        let at = format!("line {}, column {}", error.line(), error.column());
        HttpProblem::from(Problem::new(ProblemCode::NotJson, message).with("at", at))
    })?;
    if items.len() > MAX_COMMANDS {
        return Err(HttpProblem::too_large(format!(
            "at most {MAX_COMMANDS} commands are taken at once; these are {}",
            items.len()
        )));
    }
    Ok(Asked::Many(items.into_iter().map(|it| body.slice_ref(it.get().as_bytes())).collect()))
}

/// One answer for each command, counted and remembered.
async fn ask(served: &Served, commands: Vec<Bytes>, trace: &Correlation, until: Until) -> Vec<Answered> {
    let count = commands.len();
    let mut answers = match count {
        0 => Vec::new(),
        _ => served.door.ask(commands, trace, until).await,
    };
    answers.truncate(count);
    for missing in answers.len()..count {
        answers.push(unanswered(missing as u64 + 1));
    }
    for answer in &answers {
        served.meters.answered(answer);
        if let Answered::Told(told) = answer {
            served.told.see(told.position);
        }
    }
    answers
}

/// The problem of a command that the door left without an answer.
fn unanswered(input: u64) -> Answered {
    let reason =
        Problem::new(ProblemCode::LogUnavailable, "there is no answer now; ask again with the same id");
    Answered::Problem(ProblemLine {
        input,
        inbox: None,
        command_id: None,
        outcome: ProblemWord::Problem,
        reason,
    })
}

fn one(answer: Answered, command: &Bytes, until: Until) -> Result<Response, HttpProblem> {
    match answer {
        Answered::Problem(problem) => Err(problem.into()),
        Answered::Told(told) if until == Until::Decided => {
            let cursor = cursor([&told]);
            Ok(([(CONTENT_TYPE, JSON), (CURSOR, cursor)], told.outcome.to_string()).into_response())
        }
        Answered::Told(_) | Answered::Durable => {
            let location = location(command)
                .ok_or_else(|| HttpProblem::malformed("path $.id", "the id could not be read again"))?;
            let mut response = (StatusCode::ACCEPTED, [(LOCATION, location)]).into_response();
            if let Answered::Told(told) = &answer {
                response.headers_mut().insert(CURSOR, cursor([told]));
            }
            Ok(response)
        }
    }
}

fn many(answers: &[Answered], commands: &[Bytes], until: Until) -> Result<Response, HttpProblem> {
    let mut items = Vec::with_capacity(answers.len());
    for (answer, command) in answers.iter().zip(commands) {
        items.push(match answer {
            Answered::Told(told) if until == Until::Decided => told.outcome.to_string(),
            Answered::Told(_) | Answered::Durable => {
                json!({"command_id": id(command), "location": location(command)}).to_string()
            }
            Answered::Problem(problem) => json!(problem).to_string(),
        });
    }
    let told = answers.iter().filter_map(|it| match it {
        Answered::Told(told) => Some(told),
        Answered::Durable | Answered::Problem(_) => None,
    });
    let status = if until == Until::Durable { StatusCode::ACCEPTED } else { StatusCode::OK };
    let headers = [(CONTENT_TYPE, JSON), (CURSOR, cursor(told))];
    Ok((status, headers, format!("[{}]", items.join(","))).into_response())
}

/// The cursor that a reader names to see all of this.
fn cursor<'a>(told: impl IntoIterator<Item = &'a claim_log::Told>) -> HeaderValue {
    let mut cursor = Cursor::default();
    told.into_iter().for_each(|it| cursor.see(it.position));
    crate::routes::cursor(&cursor)
}

/// The id of a command that was taken.
fn id(command: &[u8]) -> Option<CommandId> {
    #[derive(Deserialize)]
    struct Id {
        id: CommandId,
    }
    serde_json::from_slice::<Id>(command).ok().map(|it| it.id)
}

/// Where its outcome is, or will be.
fn location(command: &[u8]) -> Option<String> {
    id(command).map(|it| format!("/v1/commands/{it}"))
}

/// Tells an outcome again, the same bytes: one object, or an array where several sources used the id.
///
/// # Errors
/// `command_not_found` when nothing under this id is decided up to the cursor told.
pub(crate) async fn get(
    State(served): State<Served>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, HttpProblem> {
    let id: CommandId = segment::<uuid::Uuid>("id", &id).map(CommandId)?;
    let mut query = Parameters::read(query.as_deref(), &["source"])?;
    let source = query.text("source");
    if let Some(min) = query.min_cursor()? {
        served.readers.reach(&min).await?;
    }
    // What this process told it neither denies nor leaves out: the views may be a moment behind (F-39). An answer that was
    // found for its source is the only one there will ever be.
    let mut found = match &source {
        Some(_) => stands(&served, id, source.clone()).await?,
        None => (Vec::new(), Cursor::default()),
    };
    if found.0.is_empty() {
        served.readers.reach(&served.told.cursor()).await?;
        found = stands(&served, id, source).await?;
    }
    let (answers, cursor) = found;
    if answers.is_empty() {
        let message = format!("no command {id} is decided up to this cursor");
        return Err(HttpProblem::new(StatusCode::NOT_FOUND, "command_not_found", message).at(cursor));
    }
    let log = served.log.clone();
    let outcomes = tokio::task::spawn_blocking(move || {
        answers.iter().map(|it| told_again(&*log, it)).collect::<Result<Vec<_>, _>>()
    });
    let outcomes = outcomes.await.unwrap_or_else(|error| Err(HttpProblem::log_unavailable(&error)))?;
    let body = match &*outcomes {
        [only] => only.clone(),
        several => format!("[{}]", several.join(",")),
    };
    Ok(([(CONTENT_TYPE, JSON), (CURSOR, crate::routes::cursor(&cursor))], body).into_response())
}

/// Where the answers stand: of each source the one that stands for ever.
async fn stands(
    served: &Served,
    id: CommandId,
    source: Option<String>,
) -> Result<(Vec<Stands>, Cursor), HttpProblem> {
    let ask = move |snapshot: &claim_projector::Snapshot<'_>| {
        let mut answers = snapshot.answers(id)?;
        answers.retain(|it| source.as_ref().is_none_or(|wanted| it.source.to_string() == *wanted));
        // Of each source the first stands; what follows was told to other bodies under the same id.
        answers.dedup_by(|later, first| later.source == first.source);
        Ok((answers, snapshot.cursor()))
    };
    served.readers.read(ask).await
}

/// The outcome as it was told, made from the record alone.
fn told_again(log: &dyn claim_log::ReadLog, answer: &Stands) -> Result<String, HttpProblem> {
    let stored = log
        .record(answer.position.partition, answer.offset)
        .map_err(|error| HttpProblem::log_unavailable(&error))?;
    let line = Line::parse(&stored).map_err(|error| HttpProblem::log_unavailable(&error))?;
    let decision = Retold::read(line.body).map_err(|error| HttpProblem::log_unavailable(&error))?;
    let outcome = Outcome::of(&decision, answer.position).ok_or_else(|| {
        let message = "the record that the views name holds no answer; verify them";
        HttpProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "views_unsound", message)
    })?;
    outcome.to_json().map_err(|error| HttpProblem::log_unavailable(&error))
}
