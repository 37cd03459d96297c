//! What can go wrong with views: in their store, while folding, while asking.

use claim_domain::ids::EngagementId;
use claim_journal::{HaltCause, PartitionId, Position};
use claim_log::LogError;

use crate::database::SqlError;

/// The store of the views could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There are none.
    #[error("there are no views at {path} yet: fold the journal first, for instance with `claimlog apply`")]
    Absent {
        /// Where they should be.
        path: String,
    },
    /// The file is a database of something else, or the schema holds tables of something else.
    #[error("{path} holds something else than views: name another place, or move it away")]
    NotViews {
        /// The file or schema.
        path: String,
    },
    /// The store refused: its disk is full or failed, another process held it for too long, or it is gone (F-35).
    #[error("{doing} failed; the journal is untouched, so try again when the cause is gone")]
    Sql {
        /// What was being done.
        doing: String,
        /// How it failed.
        #[source]
        source: SqlError,
    },
    /// A stored value is not what this release wrote.
    #[error("{what} in the views cannot be read: fold them again with `claimlog views rebuild`")]
    Unreadable {
        /// Which value.
        what: String,
        /// How it fails to read.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file beside the views could not be removed.
    #[error("{path} could not be removed")]
    Leftover {
        /// The file.
        path: String,
        /// How it failed.
        #[source]
        source: std::io::Error,
    },
}

impl StoreError {
    pub(crate) fn sql<E: Into<SqlError>>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |source| Self::Sql { doing, source: source.into() }
    }

    pub(crate) fn unreadable<E>(what: impl Into<String>) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let what = what.into();
        move |source| Self::Unreadable { what, source: source.into() }
    }
}

/// Folding stopped. What was folded before stands, with its checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The journal cannot go on like this (DESIGN §5, "halt").
    #[error(
        "the journal halts at partition {partition}, offset {offset}; views stay as they were before it: \
         run `claimlog audit verify`"
    )]
    Halted {
        /// The partition.
        partition: PartitionId,
        /// The offset of the record.
        offset: u64,
        /// Why.
        #[source]
        cause: HaltCause,
    },
    /// The record that the views know is not on the log: the log was restored from an older copy, cut or exchanged
    /// (F-09, F-38).
    #[error(
        "the views have folded partition {partition} up to sequence {sequence} at offset {offset}, and the log does not \
         hold that record: bring back the log it came from; only if this log is right, delete the views and \
         fold again"
    )]
    CheckpointOffChain {
        /// The partition.
        partition: PartitionId,
        /// The sequence that the views know.
        sequence: u64,
        /// Where its record was.
        offset: u64,
        /// What is there instead.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A decision that this release cannot read, for instance for an event of a newer one (F-29, F-40).
    #[error(
        "the decision at {} {}, offset {offset} cannot be folded by this release; views stay as they were before it: \
         use the release that wrote it, or a newer one", .position.partition, .position.sequence
    )]
    Unfoldable {
        /// Its position.
        position: Position,
        /// Its offset.
        offset: u64,
        /// How it fails to read.
        #[source]
        source: claim_journal::canonical::BodyError,
    },
    /// A decision names a position of the program that was not folded yet (DESIGN §4, "Program").
    #[error(
        "the decision at {} {}, offset {offset} was made under program {named}, and only {folded} is folded: \
         fold the program first", .position.partition, .position.sequence
    )]
    ProgramBehind {
        /// The decision's position.
        position: Position,
        /// Its offset.
        offset: u64,
        /// The sequence of the program that it names.
        named: u64,
        /// The sequence of the program that is folded.
        folded: u64,
    },
    /// This program folds an event otherwise than the one that folded the views (F-83).
    #[error(
        "the views were folded by another program, and this one folds {event} at {} {} otherwise into view {view}, with the \
         same rules number {rules} and view version {version}; nothing was written: use the program that folded them, or, \
         where the change is meant, raise one of these numbers", .position.partition, .position.sequence
    )]
    OtherFold {
        /// The view in which it was noticed first.
        view: &'static str,
        /// Its version.
        version: u32,
        /// The number of the rules.
        rules: u32,
        /// The position of the decision.
        position: Position,
        /// The type of the event that is folded otherwise.
        event: &'static str,
    },
    /// Another runner folds into the same file (F-36).
    #[error(
        "another process folds into these views; this one stands down: let only one run, then start again"
    )]
    Fenced,
    /// A view of another version than this release's, where nothing may be rebuilt.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The file of the views failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A question to a view that has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// There is no such engagement, or it has no Customers page.
    #[error("engagement_not_found: there is no engagement {engagement} with a Customers page")]
    EngagementNotFound {
        /// The engagement.
        engagement: EngagementId,
    },
    /// The page cursor was not given for this order.
    #[error("the page cursor does not belong to this view and order: ask for the first page again")]
    NotAPageCursor,
    /// There is no view of that name.
    #[error("there is no view {name}: name one of {known}")]
    UnknownView {
        /// What was named.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The view was folded by another version of it.
    #[error(
        "view {name} has version {}, and this release reads version {wanted}: run `claimlog views rebuild`",
        found.map_or("none".to_owned(), |it| it.to_string())
    )]
    Outdated {
        /// The view.
        name: String,
        /// The version in the store; none when it was never folded.
        found: Option<u32>,
        /// The version of this release.
        wanted: u32,
    },
    /// The file of the views failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl QueryError {
    /// A stable code where the answer has one.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EngagementNotFound { .. } => "engagement_not_found",
            Self::NotAPageCursor => "page_cursor_invalid",
            Self::UnknownView { .. } => "view_not_found",
            Self::Outdated { .. } => "view_outdated",
            Self::Store(_) => "views_unavailable",
        }
    }
}
