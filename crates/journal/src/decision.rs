//! The body of a decision: what was asked, when it was judged, and the whole outcome (DESIGN rule 1, §5).

use claim_domain::asker::{Asker, Source};
use claim_domain::claim::Deadline;
use claim_domain::command::{Command, CommandType};
use claim_domain::event::Event;
use claim_domain::ids::{CommandId, CustomerId};
use claim_domain::refusal::Reason;
use claim_domain::time::Instant;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::binding::Binding;
use crate::canonical::{self, BodyError};
use crate::correlation::Correlation;
use crate::digest::{Digest, Head};

/// One decision, atomic on every log: a command or a deadline, and all that came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What it decides.
    pub cause: Cause,
    /// The customer it is about: absent for the program, and for a claim id that no claim has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// The time that every rule used; a deadline's is its due time.
    pub judged_at: Instant,
    /// Whether it is imported history, whose intents are held until `RetryEffect`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// Whether a deadline due after the command was received had fired before it (DESIGN §4).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// The position of the program whose catalog it was decided with; absent for a deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramPosition>,
    /// What came of it.
    pub outcome: Ruling,
}

/// What a decision decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant)]
pub enum Cause {
    /// A command.
    Asked(Asked),
    /// A deadline that fired.
    Deadline(Deadline),
}

/// A command as it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Where it comes from.
    pub source: Source,
    /// Its id, unique per source.
    pub id: CommandId,
    /// Who asked.
    pub asker: Asker,
    /// The keyed digest of type, version and body exactly as sent.
    pub digest: Digest,
    /// When it was first received.
    pub received_at: Instant,
    /// Its offset in the commands topic, on logs that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// The headers it came with, handed back with the outcome.
    #[serde(default, skip_serializing_if = "Correlation::is_empty")]
    pub correlation: Correlation,
    /// The binding by which it found its customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    /// What was asked.
    pub content: Content,
}

/// A command as its answer is kept under, for ever (DESIGN rule 3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct AskedAs {
    /// Where it comes from.
    pub source: Source,
    /// Its id there.
    pub id: CommandId,
    /// The digest of its body.
    pub digest: Digest,
}

#[derive(Deserialize)]
struct Heading {
    cause: CauseHeading,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum CauseHeading {
    Asked(AskedAs),
    Deadline(IgnoredAny),
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant)]
pub enum Content {
    /// A command, with its body.
    Command(#[schemars(with = "RecordedCommand")] Command),
    /// A command under an id that was used for another body; it was not looked at further (DESIGN rule 3).
    Reused(Named),
}

/// The type of a command without its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its type.
    #[serde(rename = "type")]
    pub command_type: CommandType,
    /// The version of its body.
    pub version: u32,
}

/// How a command is spelt in a record.
#[derive(JsonSchema)]
#[schemars(rename = "Command")]
#[allow(dead_code, reason = "its fields are read by the derive that makes the schema")]
struct RecordedCommand {
    #[schemars(rename = "type")]
    command_type: CommandType,
    version: u32,
    /// The body of the type; see the schema of that command.
    body: serde_json::Map<String, serde_json::Value>,
}

impl Asked {
    /// What its answer is kept under.
    #[must_use]
    pub fn asked_as(&self) -> AskedAs {
        AskedAs { source: self.source.clone(), id: self.id, digest: self.digest }
    }
}

impl Content {
    /// The type of the command.
    #[must_use]
    pub fn command_type(&self) -> CommandType {
        match self {
            Self::Command(command) => command.command_type(),
            Self::Reused(named) => named.command_type,
        }
    }
}

/// A position of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramPosition {
    /// The sequence of its newest decision; 0 before the first.
    pub sequence: u64,
    /// The head just after that decision; absent before the first.
    pub head: Option<Head>,
}

/// What came of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// It holds; these events follow, possibly none.
    Accepted(Vec<Event>),
    /// It is refused, and nothing changed (I-29).
    Refused(Reason),
}

/// Bytes that hold most bodies, so that room for them is made once.
const MOST_BODIES: usize = 2_048;

/// A decision in its canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeltDecision {
    body: String,
    outcome_at: usize,
}

/// All of a decision that stands before its outcome.
#[derive(Serialize)]
struct BeforeOutcome<'a> {
    cause: &'a Cause,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<CustomerId>,
    judged_at: Instant,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    imported: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<ProgramPosition>,
}

impl SpeltDecision {
    /// The body of the record.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Its outcome as it stands in the body.
    #[must_use]
    pub(crate) fn outcome(&self) -> &str {
        self.body.get(self.outcome_at..self.body.len() - 1).unwrap_or_default()
    }
}

impl Decision {
    /// The version of this body.
    pub const VERSION: u64 = 1;

    /// Spells the body of its record, as [`canonical::to_string`] does.
    ///
    /// # Errors
    /// When it cannot be JSON, which it can.
    pub fn spell(&self) -> Result<SpeltDecision, serde_json::Error> {
        let Self { ref cause, customer, judged_at, imported, late, program, ref outcome } = *self;
        let mut body = Vec::with_capacity(MOST_BODIES);
        canonical::write(&BeforeOutcome { cause, customer, judged_at, imported, late, program }, &mut body)?;
        body.pop();
        body.extend_from_slice(b",\"outcome\":");
        let outcome_at = body.len();
        canonical::write(outcome, &mut body)?;
        body.push(b'}');
        Ok(SpeltDecision { body: canonical::text(body)?, outcome_at })
    }

    /// Reads the body of a decision, version 1.
    ///
    /// # Errors
    /// When it has another shape, an event of unknown type or newer version included (F-29).
    pub fn decode(body: &str) -> Result<Self, BodyError> {
        serde_json::from_str(body).map_err(BodyError::Shape)
    }

    /// Which command a body decides, under what its answer is kept: none where it is a deadline. The rest is not looked at,
    /// which costs a fraction of [`Decision::decode`].
    ///
    /// # Errors
    /// When even that has another shape.
    pub fn command(body: &str) -> Result<Option<AskedAs>, BodyError> {
        let Heading { cause } = serde_json::from_str(body).map_err(BodyError::Shape)?;
        Ok(match cause {
            CauseHeading::Asked(asked) => Some(asked),
            CauseHeading::Deadline(IgnoredAny) => None,
        })
    }

    /// Its events; a refusal has none.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        match &self.outcome {
            Ruling::Accepted(events) => events,
            Ruling::Refused(_) => &[],
        }
    }

    /// The command it decides, if it decides one.
    #[must_use]
    pub fn asked(&self) -> Option<&Asked> {
        match &self.cause {
            Cause::Asked(asked) => Some(asked),
            Cause::Deadline(_) => None,
        }
    }
}
