//! Where a snapshot stands in the log, and by which rules it was folded.

use std::collections::BTreeMap;

use claim_domain::decide::RULES;
use claim_domain::time::Instant;
use claim_journal::{Chain, Head, PartitionId};
use serde::{Deserialize, Serialize};

use crate::hash::FoldHash;
use crate::newer::Releases;

/// The number of the layout of rows; raised whenever one of them changes its shape or its meaning.
pub(crate) const LAYOUT: u32 = 1;

/// Where a snapshot stands: it is the fold of every record before `end`, and of nothing else.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// The number of the layout.
    pub(crate) layout: u32,
    /// The number of the rules that folded it (DESIGN rule 6).
    pub(crate) rules: u32,
    /// The offset of the first record that is not in it.
    pub end: u64,
    /// How many records are in it.
    pub records: u64,
    /// Where the chain of each partition stands, its head included.
    pub chains: BTreeMap<PartitionId, Chain>,
    /// The release that leads each partition.
    pub releases: Releases,
    /// The head just after the newest decision of the program.
    pub program_head: Option<Head>,
    /// When the newest decision of the program was judged.
    pub program_judged_at: Instant,
    /// The newest time that the log was given with a command (CONTRACT §1).
    pub given: Option<Instant>,
    /// The newest time that the log holds.
    pub newest: Instant,
    /// The hash of all other rows.
    pub fold: FoldHash,
}

impl Default for Cut {
    /// Before the first record.
    fn default() -> Self {
        Self {
            layout: LAYOUT,
            rules: RULES,
            end: 0,
            records: 0,
            chains: BTreeMap::new(),
            releases: Releases::default(),
            program_head: None,
            program_judged_at: Instant::default(),
            given: None,
            newest: Instant::default(),
            fold: FoldHash::default(),
        }
    }
}

impl Cut {
    /// Why this program cannot go on from it, if it cannot.
    pub(crate) fn unfit(&self) -> Option<String> {
        if self.layout != LAYOUT {
            return Some(format!("its layout is {}, and this program's is {LAYOUT}", self.layout));
        }
        (self.rules != RULES)
            .then(|| format!("it was folded by the rules {}, and this program's are {RULES}", self.rules))
    }
}
