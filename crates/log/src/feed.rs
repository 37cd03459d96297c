//! The way of a routed command from intake to the engine, and of its outcome back.
//!
//! In one process it is a channel; on Kafka the commands topic, with the outcomes read back.

use std::sync::Arc;

use claim_journal::{
    Decision, Outcome, Position, ProgramPosition, Retold, RetoldRuling, Routed, Ruling, SpeltDecision, Tick,
};

/// An outcome that is known to be valid and durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The outcome as JSON (CONTRACT §2), the same bytes whenever it is told.
    pub outcome: Arc<str>,
    /// Where the decision stands.
    pub position: Position,
    /// Whether the command was accepted.
    pub accepted: bool,
    /// Of the program's own decisions: the position of the program with this one, to be stamped on what follows.
    pub program: Option<ProgramPosition>,
}

impl Told {
    /// What the asker of a decision is told that was just made; a deadline has none.
    #[must_use]
    pub fn of_new(
        decision: &Decision,
        spelt: &SpeltDecision,
        position: Position,
        program: Option<ProgramPosition>,
    ) -> Option<Self> {
        let accepted = matches!(decision.outcome, Ruling::Accepted(_));
        let outcome = Outcome::spell(decision, spelt, position).ok()??.into();
        Some(Self { outcome, position, accepted, program })
    }

    /// What the asker of a decision is told that stands on the log; a deadline has none.
    #[must_use]
    pub fn of(decision: &Retold<'_>, position: Position, program: Option<ProgramPosition>) -> Option<Self> {
        let outcome = Outcome::of(decision, position)?.to_json().ok()?.into();
        let accepted = matches!(decision.outcome, RetoldRuling::Accepted(_));
        Some(Self { outcome, position, accepted, program })
    }
}

/// There is no answer now. The command may or may not be on the log: ask again with the same id (DESIGN rule 4).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no answer now: {0}; ask again with the same id")]
pub struct Unavailable(pub Arc<str>);

/// Called once, with the outcome or that there is none now.
pub type TellOutcome = Box<dyn FnOnce(Result<Told, Unavailable>) + Send>;

/// What intake forwards to, in order.
pub trait Feed: Send + Sync {
    /// Sends a command; `tell` is called once its outcome is durable, or will not be known.
    fn send(&self, routed: Routed, tell: TellOutcome);

    /// Passes a tick on: the deadlines that it allows fire before what is sent later is decided.
    fn tick(&self, tick: Tick);
}
