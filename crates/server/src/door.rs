//! The way in: what differs between one log and another.

use async_trait::async_trait;
use axum::body::Bytes;
use claim_intake::ProblemLine;
use claim_journal::Correlation;
use claim_log::Told;

/// How long whoever asks is willing to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until it is decided: the outcome is wanted.
    Decided,
    /// Until it is durable, so that it will be decided whatever happens; where that comes no earlier than the decision, the
    /// outcome may be told all the same.
    Durable,
}

/// What came of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It was decided, and that is durable.
    Told(Told),
    /// It is durable and not decided yet; only for [`Until::Durable`].
    Durable,
    /// It never became a command, or there is no answer now.
    Problem(ProblemLine),
}

/// Takes commands as they were sent, and answers them.
#[async_trait]
pub trait Door: Send + Sync {
    /// Asks these commands in this order, each the bytes of what should be one JSON object; yields one answer each, in the
    /// same order. The `input` of a problem is the place in `commands`, counted from 1. All of them belong to the `trace` that
    /// the request brought.
    ///
    /// A command that was taken gets its outcome, also when the returned future is dropped (F-61). What cannot be taken
    /// now is answered with a problem that passes, such as `log_unavailable`; nothing waits without end.
    async fn ask(&self, commands: Vec<Bytes>, trace: &Correlation, until: Until) -> Vec<Answered>;
}
