//! What changed terms would have changed.

use std::collections::BTreeMap;

use claim_domain::claim::Status;
use claim_domain::ids::{ClaimId, CustomerId, EngagementId, PartnerId};
use claim_domain::payout::Payout;
use claim_domain::time::Instant;
use claim_journal::Position;
use claim_projector::Tab;
use schemars::JsonSchema;
use serde::Serialize;

/// What would be otherwise under changed terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WhatIf {
    /// The engagements whose terms were changed.
    pub engagements: Vec<EngagementId>,
    /// From when on; absent: from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// The newest time that the log told: deadlines due by then were fired in both worlds.
    pub at: Instant,
    /// Commands that were decided again.
    pub commands: u64,
    /// Claims that are there in one world or the other.
    pub claims: u64,
    /// Those of them that differ, and those that only refused commands asked for.
    pub differing: u64,
    /// How many differ for which reason; the most frequent first.
    pub counts: Vec<Count>,
    /// What differing claims pay in all, in cents by currency.
    pub payouts: BTreeMap<String, Totals>,
    /// The claims that differ, the first difference first; at most as many as were asked for.
    pub first: Vec<Differing>,
    /// Known customers without an open claim whose place in the views of the changed engagements differs, by reason.
    pub known_customers: Vec<Count>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Commands decided again in a second.
    pub commands_per_second: u64,
    /// How many threads decided.
    pub threads: usize,
}

/// How many differ for one reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Count {
    /// What differs.
    pub what: What,
    /// As the log has it.
    pub then: String,
    /// Under the changed terms.
    pub now: String,
    /// How many.
    pub count: u64,
}

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// What a command came to.
    Outcome,
    /// What the claim pays.
    Payout,
    /// In which view it stands, in which status, and until when.
    View,
}

/// Then and now, in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// As the log has it.
    pub then_cents: u64,
    /// Under the changed terms.
    pub now_cents: u64,
}

/// A claim that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Differing {
    /// The claim; where no command made it, the one that it would have made.
    pub claim: ClaimId,
    /// Its customer.
    pub customer: CustomerId,
    /// Its partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// Its engagement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engagement: Option<EngagementId>,
    /// The first decision about it that differs in anything; absent where only the newest state does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Seen>,
    /// The first command or deadline that comes to something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeDiffers>,
    /// What it pays, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payout: Option<Both<Payout>>,
    /// Where it stands, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<Both<Place>>,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Seen {
    /// When it was judged.
    pub judged_at: Instant,
    /// Where it stands.
    pub position: Position,
}

/// A decision that comes to something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OutcomeDiffers {
    /// Which.
    #[serde(flatten)]
    pub seen: Seen,
    /// What it came to.
    pub then: String,
    /// What it would come to.
    pub now: String,
}

/// As the log has it, and under the changed terms; absent where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Both<T> {
    /// As the log has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<T>,
    /// Under the changed terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<T>,
}

/// Where a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// The view that shows it; absent: none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tab: Option<Tab>,
    /// Its status.
    pub status: Status,
    /// The deadline that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due_at: Option<Instant>,
}
