//! The answer to what never became a command.

use std::fmt;

use claim_snapshot::Unreadable;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Why an input got no decision. The codes are stable: upstream services branch on them.
///
/// The order is that in which intake looks: the bytes, the shape, who asks, the time, what is named, what is
/// outside, and last the log itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The bytes are not one JSON value in UTF-8.
    NotJson,
    /// The line is longer than a command may be.
    TooLarge,
    /// JSON, but not a command: a field unknown, missing, doubled, of the wrong type or over a bound; a malformed
    /// id, time, e-mail address or identifier.
    Malformed,
    /// No command has this type.
    UnknownType,
    /// The command's body has another version than this release reads.
    UnsupportedVersion,
    /// `service:intake` and `service:effects` are ours alone.
    AskerNotAllowed,
    /// This door may not carry commands of this source (DESIGN §6).
    SourceNotAllowed,
    /// `received_at` is honoured only for recorded input (CONTRACT §1).
    ReceivedAtNotAllowed,
    /// Recorded input begins without any `received_at` (CONTRACT §1).
    ReceivedAtMissing,
    /// Recorded input was received later than now (CONTRACT §1).
    ReceivedInFuture,
    /// Recorded input was received before the newest time that the log was given (CONTRACT §1).
    ReceivedOutOfOrder,
    /// An `@…` names no Add or Claim that was routed, or more than one (CONTRACT §1).
    ReferenceNotFound,
    /// No tenant can be derived from the domain.
    TenantNotFound,
    /// Nothing is known of the opportunity.
    OpportunityNotFound,
    /// An outside system did not answer in time.
    DirectoryUnavailable,
    /// The log takes no new commands at present.
    LogUnavailable,
}

impl ProblemCode {
    /// Every code, in the order of the enum.
    pub const ALL: [Self; 16] = [
        Self::NotJson,
        Self::TooLarge,
        Self::Malformed,
        Self::UnknownType,
        Self::UnsupportedVersion,
        Self::AskerNotAllowed,
        Self::SourceNotAllowed,
        Self::ReceivedAtNotAllowed,
        Self::ReceivedAtMissing,
        Self::ReceivedInFuture,
        Self::ReceivedOutOfOrder,
        Self::ReferenceNotFound,
        Self::TenantNotFound,
        Self::OpportunityNotFound,
        Self::DirectoryUnavailable,
        Self::LogUnavailable,
    ];

    /// The code in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::UnknownType => "unknown_type",
            Self::UnsupportedVersion => "unsupported_version",
            Self::AskerNotAllowed => "asker_not_allowed",
            Self::SourceNotAllowed => "source_not_allowed",
            Self::ReceivedAtNotAllowed => "received_at_not_allowed",
            Self::ReceivedAtMissing => "received_at_missing",
            Self::ReceivedInFuture => "received_in_future",
            Self::ReceivedOutOfOrder => "received_out_of_order",
            Self::ReferenceNotFound => "reference_not_found",
            Self::TenantNotFound => "tenant_not_found",
            Self::OpportunityNotFound => "opportunity_not_found",
            Self::DirectoryUnavailable => "directory_unavailable",
            Self::LogUnavailable => "log_unavailable",
        }
    }

    /// Whether the same command may be answered otherwise a little later, with nothing in it changed.
    #[must_use]
    pub fn is_passing(self) -> bool {
        match self {
            Self::DirectoryUnavailable | Self::LogUnavailable => true,
            Self::NotJson
            | Self::TooLarge
            | Self::Malformed
            | Self::UnknownType
            | Self::UnsupportedVersion
            | Self::AskerNotAllowed
            | Self::SourceNotAllowed
            | Self::ReceivedAtNotAllowed
            | Self::ReceivedAtMissing
            | Self::ReceivedInFuture
            | Self::ReceivedOutOfOrder
            | Self::ReferenceNotFound
            | Self::TenantNotFound
            | Self::OpportunityNotFound => false,
        }
    }
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A problem, as CONTRACT §2 shows it under `reason`. No id is used up by it: the asker may ask again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(deny_unknown_fields)]
#[error("{message}")]
pub struct Problem {
    /// What a program branches on.
    pub code: ProblemCode,
    /// A sentence that helps a person.
    pub message: String,
    /// What the code is about, such as `at`; empty when there is nothing to add.
    pub details: Map<String, Value>,
}

impl From<Unreadable> for Problem {
    /// The snapshot cannot be read, so what was asked cannot be answered before the next start.
    fn from(unreadable: Unreadable) -> Self {
        Self::new(ProblemCode::LogUnavailable, unreadable.to_string())
    }
}

impl Problem {
    /// A problem without details.
    #[must_use]
    pub fn new(code: ProblemCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Map::new() }
    }

    /// The same problem with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The `malformed` problem at `path`, such as `$.body.customer.value`.
    #[must_use]
    pub fn malformed(path: &str, message: impl Into<String>) -> Self {
        Self::new(ProblemCode::Malformed, message).with("at", format!("path {path}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test] // CONTRACT §2
    fn a_problem_is_written_as_the_contract_shows() {
        let problem = Problem::new(ProblemCode::NotJson, "a sentence").with("at", "line 17, column 4");
        let written =
            json!({"code": "not_json", "message": "a sentence", "details": {"at": "line 17, column 4"}});
        assert_eq!(serde_json::to_value(&problem).unwrap(), written);
        assert_eq!(serde_json::from_value::<Problem>(written).unwrap(), problem);
    }

    #[test] // CONTRACT §2
    fn codes_are_stable_and_spelt_alike_everywhere() {
        for code in ProblemCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), json!(code.as_str()));
        }
        assert!(ProblemCode::ALL.is_sorted(), "the list has the order of the enum, without doubles");
    }

    #[test]
    fn only_what_lies_outside_passes_by_itself() {
        let passing: Vec<_> = ProblemCode::ALL.into_iter().filter(|code| code.is_passing()).collect();
        assert_eq!(passing, [ProblemCode::DirectoryUnavailable, ProblemCode::LogUnavailable]);
    }
}
