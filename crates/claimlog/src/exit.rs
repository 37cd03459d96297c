//! Exit statuses (CONTRACT §4).

use std::process::ExitCode;

use claim_audit::export::ExportError;
use claim_audit::{AuditError, WhatIfError};
use claim_intake::directory::DirectoryFileError;
use claim_log::LogError;
use claim_log_embedded::OpenError;
use claim_projector::ProjectError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// 0: done; refused commands are answers, not failures.
    Done,
    /// 1: it could not be done.
    CouldNot,
    /// 2: wrong usage or configuration.
    Usage,
    /// 3: the log or a view is not what it should be.
    Unsound,
    /// 4: some inputs of `apply` got problems.
    Problems,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Done => 0_u8,
            Status::CouldNot => 1,
            Status::Usage => 2,
            Status::Unsound => 3,
            Status::Problems => 4,
        })
    }
}

/// An error that the arguments or the configuration caused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// This build was made without the client of Kafka.
#[cfg(not(feature = "kafka"))]
pub(crate) fn without_kafka() -> UsageError {
    UsageError(
        "this build has no client of Kafka; build with `cargo build --release --features kafka`".into(),
    )
}

/// The status that an error ends the program with.
pub(crate) fn status_of(error: &anyhow::Error) -> Status {
    for cause in error.chain() {
        if cause.is::<UsageError>() || cause.is::<DirectoryFileError>() {
            return Status::Usage;
        }
        let damaged = matches!(cause.downcast_ref(), Some(OpenError::Damaged { .. }))
            || matches!(cause.downcast_ref(), Some(LogError::Damaged { .. } | LogError::BeyondEnd { .. }));
        let unfoldable = matches!(
            cause.downcast_ref(),
            Some(
                ProjectError::Halted { .. }
                    | ProjectError::CheckpointOffChain { .. }
                    | ProjectError::Unfoldable { .. }
                    | ProjectError::ProgramBehind { .. }
                    | ProjectError::OtherFold { .. }
                    | ProjectError::Log(LogError::Damaged { .. } | LogError::BeyondEnd { .. })
            )
        );
        let audited = cause
            .downcast_ref()
            .or_else(|| match cause.downcast_ref()? {
                WhatIfError::Audit(it) => Some(it),
                _ => None,
            })
            .or_else(|| match cause.downcast_ref()? {
                ExportError::Audit(it) => Some(it),
                _ => None,
            });
        let unsound =
            matches!(audited, Some(AuditError::Unsound(_) | AuditError::Log(LogError::Damaged { .. })));
        if damaged || unfoldable || unsound {
            return Status::Unsound;
        }
    }
    Status::CouldNot
}
