//! What a client says on its own: kept for the error that follows, and passed on to tracing; and who it is, for the error
//! that tells what it may not do.

use std::sync::{Arc, Mutex, PoisonError};

use claim_log::LogError;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::connection::Connection;
use crate::error::{FORBIDDEN, failed};

/// What the library's words for all that is forbidden have in common.
const NO_RIGHT: &str = "authorization failed";

/// The last complaint of a client; a wrong password, say, is told nowhere else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    complaint: Arc<Mutex<Option<String>>>,
    /// The name that the client logs in with, if it does.
    name: Option<Arc<str>>,
}

impl Heard {
    /// Nothing yet, from a client of this connection.
    pub(crate) fn of(connection: &Connection) -> Self {
        let name = connection.properties.get("sasl.username").map(|it| it.as_str().into());
        Self { complaint: Arc::default(), name }
    }

    /// `what`, and what the client complained about last.
    pub(crate) fn explain(&self, what: &str) -> String {
        match &*self.complaint.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(complaint) => format!("{what} ({complaint})"),
            None => what.to_owned(),
        }
    }

    /// The error of what was being done, such as `reading a.topic`; where it was forbidden, it says to whom: brokers tell
    /// neither him nor the topic.
    pub(crate) fn failed(&self, doing: &str, fault: &KafkaError) -> LogError {
        if !self.was_forbidden(fault) {
            return failed(doing, &self.explain(&fault.to_string()));
        }
        let who = self.name.as_deref().unwrap_or("a client without a name");
        failed(format!("{doing} as {who}, who may not,"), &self.explain(&fault.to_string()))
    }

    /// A producer that may write nowhere is given no number, and drops what it has without saying why.
    fn was_forbidden(&self, fault: &KafkaError) -> bool {
        let code = match fault {
            KafkaError::AdminOp(code) => Some(*code), // the library does not give this one
            other => other.rdkafka_error_code(),
        };
        match code {
            Some(
                RDKafkaErrorCode::Fatal | RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight,
            ) => {
                let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
                complaint.as_ref().is_some_and(|it| it.contains(NO_RIGHT))
            }
            code => code.is_some_and(|it| FORBIDDEN.contains(&it)),
        }
    }

    /// The same in one sentence.
    pub(crate) fn why(&self, doing: &str, fault: &KafkaError) -> String {
        let error = self.failed(doing, fault);
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", cause.unwrap_or_default())
    }

    /// Remembers a complaint.
    pub(crate) fn complaint(&self, fault: &KafkaError, reason: &str) {
        tracing::debug!(%fault, reason, "a client of Kafka complains");
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
    }

    /// Passes a line of the library's log on.
    pub(crate) fn line(level: RDKafkaLogLevel, facility: &str, message: &str) {
        // It says with every client that the gapless guarantee is experimental.
        let level = if facility == "CONFWARN" { RDKafkaLogLevel::Debug } else { level };
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => tracing::warn!(facility, "{message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => tracing::info!(facility, "{message}"),
            RDKafkaLogLevel::Debug => tracing::debug!(facility, "{message}"),
        }
    }
}

impl ClientContext for Heard {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Self::line(level, facility, message);
    }

    fn error(&self, fault: KafkaError, reason: &str) {
        self.complaint(&fault, reason);
    }
}

impl ConsumerContext for Heard {}
