//! The one shape of a row in all three views.

use std::collections::BTreeSet;

use claim_domain::claim::{Group, Origin, Status};
use claim_domain::command::CommandType;
use claim_domain::identifier::Identifier;
use claim_domain::ids::{ClaimId, CustomerId, LocationId};
use claim_domain::refusal::Refusal;
use claim_domain::sealed::SealedBox;
use claim_domain::time::Instant;
use claim_journal::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A claim, or a known customer without an open claim, on the page of one engagement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The customer.
    pub customer: CustomerId,
    /// The organisation's name, as this partner gave it.
    pub name: String,
    /// The identifiers that this partner used for it; nobody else's are shown.
    pub identifiers: BTreeSet<Identifier>,
    /// The claim; null for a customer that may or may not be claimed.
    pub claim: Option<ClaimId>,
    /// The friendly name, closed; whoever may see it opens it when it is shown.
    pub friendly_name: Option<SealedBox>,
    /// The partner's location.
    pub location: Option<LocationId>,
    /// Where the claim stands.
    pub status: Option<Status>,
    /// Under what heading that is shown.
    pub group: Option<Group>,
    /// Whether the customer was added or claimed.
    pub origin: Option<Origin>,
    /// What the partner can do next.
    pub next_actions: Vec<CommandType>,
    /// The deadline that runs.
    pub next_due_at: Option<Instant>,
    /// Why the customer is not eligible, in the order of A-79.
    pub reasons: Vec<RowReason>,
    /// When the facts were observed that count here.
    pub facts_as_of_at: Option<Instant>,
    /// When the claim, or for a customer without one the newest of its claims, last changed.
    pub updated_at: Instant,
    /// The decision that changed it.
    pub position: Position,
    /// Whether the deadline has passed and has not fired yet.
    pub past_due: bool,
}

/// One reason for which a customer is not eligible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowReason {
    /// Its stable code.
    pub code: String,
    /// A sentence that helps.
    pub message: String,
}

impl From<&Refusal> for RowReason {
    fn from(refusal: &Refusal) -> Self {
        Self { code: refusal.code().to_owned(), message: refusal.message() }
    }
}
