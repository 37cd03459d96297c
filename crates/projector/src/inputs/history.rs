//! Everything that ever happened to a claim: who asked what, when it was judged, and what came of it (D-11).

use std::borrow::Cow;
use std::collections::BTreeSet;

use claim_domain::asker::{Asker, Source};
use claim_domain::claim::DeadlineKind;
use claim_domain::command::{About, CommandType};
use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CommandId};
use claim_domain::refusal::Reason;
use claim_domain::time::Instant;
use claim_journal::{Cause, Content, Decision, OutcomeKind, Position, Ruling};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::database::{Database, Value, column, integer};
use crate::error::StoreError;
use crate::params;
use crate::stored::{read_json, write_json};

/// One line of a claim's history: a decision, as far as it is about this claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryEntry<'a> {
    /// Where the decision stands.
    pub position: Position,
    /// The time that every rule used.
    pub judged_at: Instant,
    /// What was decided.
    #[serde(flatten)]
    pub occasion: Occasion<'a>,
    /// Whether it is imported history.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// Whether a deadline due after it was received had fired before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Whether it holds.
    pub outcome: OutcomeKind,
    /// Accepted: the events about this claim.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Cow<'a, Event>>,
    /// Refused: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, Reason>>,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Occasion<'a> {
    /// A command.
    Command(Asking<'a>),
    /// A deadline that fired.
    Deadline {
        /// Which.
        kind: DeadlineKind,
        /// When it was due.
        due_at: Instant,
    },
}

/// A command, without its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asking<'a> {
    /// Its id.
    pub id: CommandId,
    /// Its type.
    #[serde(rename = "type")]
    pub command_type: CommandType,
    /// Where it comes from.
    pub source: Cow<'a, Source>,
    /// Who asked.
    pub asker: Cow<'a, Asker>,
    /// When it was first received.
    pub received_at: Instant,
}

/// Writes a row.
pub(super) const WRITE: &str = "INSERT INTO history VALUES (?1, ?2, ?3, ?4)";

/// A row of `history`, its key first.
pub(super) type Row = [Value<'static>; 4];

/// The decision in the history of each claim that it is about.
pub(super) fn rows(decision: &Decision, position: Position) -> Result<Vec<Row>, StoreError> {
    let row = |claim: ClaimId| {
        let entry = write_json("a history entry", &entry(decision, position, claim))?;
        let partition = position.partition.to_string();
        Ok(params![claim.to_string(), partition, integer(position.sequence), entry])
    };
    claims(decision).into_iter().map(row).collect()
}

/// The claims that a decision is about: those of its events, and the one that its command or deadline names.
fn claims(decision: &Decision) -> BTreeSet<ClaimId> {
    let mut claims: BTreeSet<_> = decision.events().iter().filter_map(Event::claim).collect();
    match &decision.cause {
        Cause::Deadline(deadline) => {
            claims.insert(deadline.claim);
        }
        Cause::Asked(asked) => {
            if let Content::Command(command) = &asked.content
                && let About::Claim(claim) = command.about()
            {
                claims.insert(claim);
            }
        }
    }
    claims
}

impl<'a> HistoryEntry<'a> {
    /// What a decision is in the history of a claim; none when it is not about that claim.
    #[must_use]
    pub fn of(decision: &'a Decision, position: Position, claim: ClaimId) -> Option<Self> {
        claims(decision).contains(&claim).then(|| entry(decision, position, claim))
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> HistoryEntry<'static> {
        let Self { position, judged_at, occasion, imported, late, outcome, events, reason } = self;
        let occasion = match occasion {
            Occasion::Deadline { kind, due_at } => Occasion::Deadline { kind, due_at },
            Occasion::Command(it) => Occasion::Command(Asking {
                source: Cow::Owned(it.source.into_owned()),
                asker: Cow::Owned(it.asker.into_owned()),
                ..it
            }),
        };
        let events = events.into_iter().map(|it| Cow::Owned(it.into_owned())).collect();
        let reason = reason.map(|it| Cow::Owned(it.into_owned()));
        HistoryEntry { position, judged_at, occasion, imported, late, outcome, events, reason }
    }
}

fn entry(decision: &Decision, position: Position, claim: ClaimId) -> HistoryEntry<'_> {
    let occasion = match &decision.cause {
        Cause::Deadline(it) => Occasion::Deadline { kind: it.kind, due_at: it.due_at },
        Cause::Asked(it) => Occasion::Command(Asking {
            id: it.id,
            command_type: it.content.command_type(),
            source: Cow::Borrowed(&it.source),
            asker: Cow::Borrowed(&it.asker),
            received_at: it.received_at,
        }),
    };
    let (outcome, reason) = match &decision.outcome {
        Ruling::Accepted(_) => (OutcomeKind::Accepted, None),
        Ruling::Refused(reason) => (OutcomeKind::Refused, Some(Cow::Borrowed(reason))),
    };
    let events = decision.events().iter().filter(|it| it.claim() == Some(claim)).map(Cow::Borrowed);
    HistoryEntry {
        position,
        judged_at: decision.judged_at,
        occasion,
        imported: decision.imported,
        late: decision.late,
        outcome,
        events: events.collect(),
        reason,
    }
}

/// The history of a claim, oldest first.
pub(crate) fn history(database: &Database, claim: ClaimId) -> Result<Vec<HistoryEntry<'static>>, StoreError> {
    let sql = "SELECT entry FROM history WHERE claim = ?1 ORDER BY partition, sequence";
    database.query("reading a history", sql, params![claim.to_string()], |row| {
        read_json("a history entry", &column::<String>(row, "entry")?)
    })
}
