//! What is wrong, as RFC 9457 says it, with the codes that files and topics see too.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use claim_domain::ids::CommandId;
use claim_intake::ProblemLine;
use claim_intake::problem::{Problem, ProblemCode};
use claim_journal::Cursor;
use claim_projector::{QueryError, StoreError};
use serde_json::{Map, Value, json};

use crate::meters::Code;
use crate::shape::ShapeError;

/// The media type of a problem.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// When what passes is worth another try, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// The answer to a request that has no other.
#[derive(Clone, Debug)]
pub struct HttpProblem {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Map<String, Value>,
    command_id: Option<CommandId>,
    cursor: Option<Cursor>,
}

impl HttpProblem {
    /// A problem with a stable code and a sentence that helps.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, code, message, details: Map::new(), command_id: None, cursor: None }
    }

    /// A request that is not what this API takes; `at` says where, such as `query limit`.
    pub(crate) fn malformed(at: impl Into<String>, message: impl Into<String>) -> Self {
        let mut it = Self::new(StatusCode::BAD_REQUEST, ProblemCode::Malformed.as_str(), message);
        it.details.insert("at".to_owned(), Value::String(at.into()));
        it
    }

    /// More than is taken at once.
    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ProblemCode::TooLarge.as_str(), message)
    }

    /// Too much is being asked at once: nothing was taken.
    pub(crate) fn busy() -> Self {
        let message = "too much is being asked at this moment; nothing was taken, ask again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    }

    /// The views cannot be read now.
    pub(crate) fn views_unavailable(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %chain(error), "the views could not be read");
        let message = "the views cannot be read at present; commands are not affected";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "views_unavailable", message)
    }

    /// The log cannot be read now.
    pub(crate) fn log_unavailable(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %chain(error), "the log could not be read");
        let message = "the log cannot be read at present; ask again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ProblemCode::LogUnavailable.as_str(), message)
    }

    /// The same, of the state at this cursor.
    #[must_use]
    pub(crate) fn at(mut self, cursor: Cursor) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// What a program branches on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }
}

/// The status of a problem of intake.
fn status(code: ProblemCode) -> StatusCode {
    match code {
        ProblemCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ProblemCode::AskerNotAllowed | ProblemCode::SourceNotAllowed => StatusCode::FORBIDDEN,
        ProblemCode::ReferenceNotFound | ProblemCode::TenantNotFound | ProblemCode::OpportunityNotFound => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ProblemCode::DirectoryUnavailable | ProblemCode::LogUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        ProblemCode::NotJson
        | ProblemCode::Malformed
        | ProblemCode::UnknownType
        | ProblemCode::UnsupportedVersion
        | ProblemCode::ReceivedAtNotAllowed
        | ProblemCode::ReceivedAtMissing
        | ProblemCode::ReceivedInFuture
        | ProblemCode::ReceivedOutOfOrder => StatusCode::BAD_REQUEST,
    }
}

impl From<Problem> for HttpProblem {
    fn from(it: Problem) -> Self {
        Self { details: it.details, ..Self::new(status(it.code), it.code.as_str(), it.message) }
    }
}

impl From<ProblemLine> for HttpProblem {
    fn from(it: ProblemLine) -> Self {
        Self { command_id: it.command_id, ..it.reason.into() }
    }
}

impl From<StoreError> for HttpProblem {
    fn from(error: StoreError) -> Self {
        Self::views_unavailable(&error)
    }
}

impl From<ShapeError> for HttpProblem {
    fn from(error: ShapeError) -> Self {
        Self::views_unavailable(&error)
    }
}

impl From<QueryError> for HttpProblem {
    fn from(error: QueryError) -> Self {
        match &error {
            QueryError::EngagementNotFound { engagement } => {
                let message = format!("there is no engagement {engagement} with a Customers page");
                Self::new(StatusCode::NOT_FOUND, error.code(), message)
            }
            QueryError::NotAPageCursor => Self::new(StatusCode::BAD_REQUEST, error.code(), error.to_string()),
            QueryError::UnknownView { .. } => {
                Self::new(StatusCode::NOT_FOUND, error.code(), error.to_string())
            }
            QueryError::Outdated { .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), error.to_string())
            }
            QueryError::Store(_) => Self::views_unavailable(&error),
        }
    }
}

impl IntoResponse for HttpProblem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("urn:claimlog:problem:{}", self.code), "title": self.code.replace('_', " "),
            "status": self.status.as_u16(), "detail": self.message, "code": self.code,
        });
        if !self.details.is_empty() {
            body["details"] = Value::Object(self.details);
        }
        if let Some(id) = self.command_id {
            body["command_id"] = json!(id);
        }
        if let Some(cursor) = self.cursor {
            body["cursor"] = json!(cursor);
        }
        let mut response = (self.status, [(CONTENT_TYPE, PROBLEM_JSON)], body.to_string()).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response.extensions_mut().insert(Code(self.code));
        response
    }
}

/// An error and its causes in one text.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
