//! What a client says on its own: kept for the error that follows, and passed on to tracing.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

/// The last complaint of a client; a wrong password, say, is told nowhere else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Mutex<Option<String>>>);

impl Heard {
    /// `what`, and what the client complained about last.
    pub(crate) fn explain(&self, what: &str) -> String {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(complaint) => format!("{what} ({complaint})"),
            None => what.to_owned(),
        }
    }

    /// Remembers a complaint.
    pub(crate) fn complaint(&self, fault: &KafkaError, reason: &str) {
        tracing::debug!(%fault, reason, "a client of Kafka complains");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
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
