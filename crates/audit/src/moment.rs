//! A moment of the past, as an auditor names it.

use std::fmt;
use std::str::FromStr;

use claim_domain::time::Instant;
use claim_journal::Cursor;
use serde::{Serialize, Serializer};

/// Which past is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A time: what was decided at or before it. Every rule counts with the judged time, so a decision is of the time it was
    /// judged at, and a deadline of the time it was due, whenever the record came to be written.
    Time(Instant),
    /// A cursor: what the log said when it stood there, and no more.
    Cursor(Cursor),
}

/// A text that names no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "neither a time in UTC, such as 2026-01-31T09:30:00Z, nor a cursor as an answer carries it, such as c_0-17_program-3"
)]
pub struct NotAMoment;

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        match (text.parse(), text.parse()) {
            (Ok(cursor), _) => Ok(Self::Cursor(cursor)),
            (_, Ok(at)) => Ok(Self::Time(at)),
            _ => Err(NotAMoment),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(at) => at.fmt(f),
            Self::Cursor(cursor) => cursor.fmt(f),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
