//! What stands in a commands topic: routed commands, and the ticks between them (DESIGN §4, "Time").

use std::sync::Arc;

use claim_domain::time::Instant;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::routed::Routed;

/// One record of a commands topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forwarded {
    /// A command.
    Command(Box<Routed>),
    /// A promise about one inbox partition.
    Tick(InboxTick),
}

impl Forwarded {
    /// The record as it is spelt.
    ///
    /// # Errors
    /// When it cannot be spelt as JSON, which none of our commands is.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When it is none. Intake alone writes here: it is skipped, counted and alarmed (I-03).
    pub fn from_json(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

/// "Everything of `inbox` received before `w` and meant for you is in front of me" (DESIGN §4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboxTick {
    /// The topic of the inbox partition.
    pub topic: Arc<str>,
    /// The inbox partition.
    pub partition: u32,
    /// How many inbox partitions there are in all.
    pub of: u32,
    /// The digest of the list of all of them.
    pub list: Digest,
    /// The promise.
    pub w: Instant,
}
