//! The body of a lead: who took over, with which program.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::canonical::{self, BodyError};

/// The body of a lead (DESIGN §5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lead {
    /// The release of the program that leads, as it prints its version.
    pub release: String,
    /// The number of the rules it decides by; a change of behaviour raises it (DESIGN rule 6).
    pub rules: u32,
    /// What the journal was made with; stands in the first lead of each partition, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
}

/// What a journal is made with, for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How many slots customers are hashed into (DESIGN rule 5).
    pub slots: u16,
    /// P: how many numbered partitions the slots are spread over.
    pub partitions: u16,
    /// Whether the clock of this journal is always the newest time given (CONTRACT §1).
    pub simulated: bool,
}

impl Lead {
    /// Reads the body of a lead, version 1.
    ///
    /// # Errors
    /// When it has another shape or another spelling than a lead.
    pub fn decode(body: &str) -> Result<Self, BodyError> {
        canonical::from_str(body)
    }
}
