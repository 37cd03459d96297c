//! What an explanation holds.

use std::collections::BTreeMap;

use claim_domain::claim::{Deadline, Status};
use claim_domain::command::CommandType;
use claim_domain::facts::Observation;
use claim_domain::identifier::Identifier;
use claim_domain::ids::{ClaimId, CustomerId, EngagementId, PartnerId};
use claim_domain::time::Instant;
use claim_projector::HistoryEntry;
use schemars::JsonSchema;
use serde::Serialize;

/// Why a claim is what it is: every decision about it, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The claim.
    pub claim: ClaimId,
    /// Its customer; absent where no decision ever made the claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Its partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// Its engagement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engagement: Option<EngagementId>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The decisions.
    pub steps: Vec<Step>,
    /// What each rule that is named says.
    pub rules: BTreeMap<&'static str, String>,
}

/// One decision about the claim, and what decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// Who asked what, when, and what came of it.
    #[serde(flatten)]
    pub entry: HistoryEntry<'static>,
    /// The claim's status before it, once the claim was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_before: Option<Status>,
    /// And after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_after: Option<Status>,
    /// The terms that held for the claim, or would have: a deadline is decided without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<TermsUsed>,
    /// The facts that were looked at, as they were known then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<FactsUsed>,
    /// The numbers of the rules that decided.
    pub rules: Vec<&'static str>,
    /// The deadline that runs from here on, and what it comes to if nothing comes before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Running>,
    /// What would have happened otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Otherwise>,
}

/// One version of an engagement's terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TermsUsed {
    /// The engagement.
    pub engagement: EngagementId,
    /// The number of the version, from 1.
    pub version: u32,
    /// The sequence of the program up to which the decision knew it.
    pub program: u64,
}

/// What was known of an identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FactsUsed {
    /// The identifier; for a domain the tenant whose facts count.
    pub identifier: Identifier,
    /// What was observed; absent: nothing was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observation: Option<Observation>,
}

/// A deadline that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Running {
    /// Which, and when it is due.
    #[serde(flatten)]
    pub deadline: Deadline,
    /// The events that it comes to by itself.
    pub comes_to: Vec<&'static str>,
    /// The claim's status then.
    pub status: Status,
}

/// What would have happened otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// Had the command come at this time or later, the deadline would have fired before it.
    Later {
        /// When the deadline was due.
        from: Instant,
        /// The events of the deadline.
        fires: Vec<&'static str>,
        /// And what the command would have come to.
        comes_to: CameTo,
    },
    /// Had the command come before this time.
    Earlier {
        /// When the deadline that beat it was due.
        before: Instant,
        /// What it would have come to.
        comes_to: CameTo,
    },
    /// The deadline would not have fired had one of these been accepted before it.
    Prevented {
        /// Commands that end the wait.
        by: Vec<CommandType>,
    },
}

/// What a command would have come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CameTo {
    /// These events.
    Accepted(Vec<&'static str>),
    /// This refusal.
    Refused(&'static str),
}
