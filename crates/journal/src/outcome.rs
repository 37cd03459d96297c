//! An outcome: a decision as its asker sees it (CONTRACT §2), made from the record alone, so that a repeat is answered
//! byte for byte the same.

use claim_domain::command::CommandType;
use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CommandId, CustomerId};
use claim_domain::refusal::Reason;
use claim_domain::time::Instant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::canonical;
use crate::decision::{Decision, Ruling, SpeltDecision};
use crate::ids::PartitionId;
use crate::retold::{Retold, RetoldRuling};

/// Where a decision stands: its partition and its sequence there, gapless from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The partition.
    pub partition: PartitionId,
    /// The sequence.
    pub sequence: u64,
}

/// Bytes that hold most outcomes up to their events or reason, so that room for them is made once.
const BEFORE_WORDS: usize = 512;

/// The answer to a command, for ever.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outcome<'a> {
    /// The command's id.
    pub command_id: CommandId,
    /// Its type.
    #[serde(rename = "type")]
    pub command_type: CommandType,
    /// Whether it holds.
    pub outcome: OutcomeKind,
    /// Where the decision stands.
    pub position: Position,
    /// When the command was first received.
    pub received_at: Instant,
    /// The time that every rule used.
    pub judged_at: Instant,
    /// Present and true where a deadline due later than `received_at` had fired before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// The customer it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Accepted: the claims that its events are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<ClaimId>>,
    /// Accepted: what follows, as it stands in the record.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    #[schemars(with = "Option<Vec<Event>>")]
    pub events: Option<Vec<&'a RawValue>>,
    /// Refused: why, as it stands in the record.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    #[schemars(with = "Option<Reason>")]
    pub reason: Option<&'a RawValue>,
}

/// Whether a command holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// It holds.
    Accepted,
    /// It is refused.
    Refused,
}

impl<'a> Outcome<'a> {
    /// The outcome of a decision at a position; a deadline's has no asker and no outcome.
    #[must_use]
    pub fn of(decision: &Retold<'a>, position: Position) -> Option<Self> {
        let command = decision.command()?;
        let mut it = Self {
            command_id: command.id,
            command_type: command.command_type(),
            outcome: OutcomeKind::Accepted,
            position,
            received_at: command.received_at,
            judged_at: decision.judged_at,
            late: decision.late,
            customer: decision.customer,
            claims: None,
            events: None,
            reason: None,
        };
        match &decision.outcome {
            RetoldRuling::Accepted(events) => {
                it.claims = Some(each_once(events.iter().filter_map(|it| it.claim)));
                it.events = Some(events.iter().map(|it| it.json).collect());
            }
            RetoldRuling::Refused(reason) => {
                it.outcome = OutcomeKind::Refused;
                it.reason = Some(reason);
            }
        }
        Some(it)
    }

    /// The text of the outcome of a decision that was just made, at a position: the same bytes as its record makes later
    /// ([`Outcome::of`]), with less work. None for a deadline.
    ///
    /// # Errors
    /// When it cannot be JSON, which it can.
    pub fn spell(
        decision: &Decision,
        spelt: &SpeltDecision,
        position: Position,
    ) -> Result<Option<String>, serde_json::Error> {
        let Some(asked) = decision.asked() else { return Ok(None) };
        let (outcome, claims, name, code) = match &decision.outcome {
            Ruling::Accepted(events) => {
                let claims = each_once(events.iter().filter_map(Event::claim));
                (OutcomeKind::Accepted, Some(claims), "events", "accepted")
            }
            Ruling::Refused(_) => (OutcomeKind::Refused, None, "reason", "refused"),
        };
        let before = Self {
            command_id: asked.id,
            command_type: asked.content.command_type(),
            outcome,
            position,
            received_at: asked.received_at,
            judged_at: decision.judged_at,
            late: decision.late,
            customer: decision.customer,
            claims,
            events: None,
            reason: None,
        };
        // What follows of it is told in the words of the record: {"accepted":…} there, "events":… here.
        let words = spelt.outcome();
        let words = words.get(code.len() + 4..words.len() - 1).unwrap_or_default();
        let mut text = Vec::with_capacity(BEFORE_WORDS + words.len());
        serde_json::to_writer(&mut text, &before)?;
        text.pop();
        for part in [",\"", name, "\":", words, "}"] {
            text.extend_from_slice(part.as_bytes());
        }
        canonical::text(text).map(Some)
    }

    /// Its text: the same bytes whenever it is told.
    ///
    /// # Errors
    /// When it cannot be JSON, which it can.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

fn each_once(claims: impl Iterator<Item = ClaimId>) -> Vec<ClaimId> {
    let mut all = Vec::new();
    for claim in claims {
        if !all.contains(&claim) {
            all.push(claim);
        }
    }
    all
}
