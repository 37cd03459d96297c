//! A command, and a tick, on the way from intake to the engine: what stands in the commands topic on Kafka.

use claim_domain::asker::{Asker, Source};
use claim_domain::command::Command;
use claim_domain::ids::{ClaimId, CommandId, CustomerId, Slot};
use claim_domain::time::Instant;
use serde::{Deserialize, Serialize};

use crate::binding::Binding;
use crate::correlation::Correlation;
use crate::decision::ProgramPosition;
use crate::digest::Digest;
use crate::ids::PartitionId;

/// Who decides a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// The program.
    Program,
    /// A customer.
    Customer(CustomerId),
    /// The customer of a claim, or the nil customer of its slot.
    Claim(ClaimId),
}

impl Route {
    /// The partition, of `partitions` numbered ones, that decides (DESIGN rule 5).
    #[must_use]
    pub fn partition(self, partitions: u16) -> PartitionId {
        let of = |slot: Slot| PartitionId::Number(slot.number() % partitions.max(1));
        match self {
            Self::Program => PartitionId::Program,
            Self::Customer(customer) => of(customer.slot()),
            Self::Claim(claim) => of(claim.slot()),
        }
    }
}

/// A command, decoded, canonical, sealed and routed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    /// Who decides it. A known id goes to where it was answered (DESIGN §4).
    pub route: Route,
    /// Where it comes from.
    pub source: Source,
    /// Its id.
    pub id: CommandId,
    /// Who asks.
    pub asker: Asker,
    /// The keyed digest of what was sent.
    pub digest: Digest,
    /// When it was first received.
    pub received_at: Instant,
    /// Whether it is imported history.
    pub imported: bool,
    /// The headers it came with.
    #[serde(default, skip_serializing_if = "Correlation::is_empty")]
    pub correlation: Correlation,
    /// The binding that found its customer.
    pub binding: Option<Binding>,
    /// The newest program position known to be valid when it was routed.
    pub program: ProgramPosition,
    /// What is asked.
    pub command: Command,
}

/// A promise of intake: everything received before `w` stands in front of this tick (DESIGN §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Every deadline due at or before it may fire.
    pub w: Instant,
    /// Whether it is a time of imported history, whose intents are held.
    pub imported: bool,
}
