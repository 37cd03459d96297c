//! The program as it stood at each of its positions (DESIGN §4, "Program").

use claim_domain::catalog::Catalog;
use claim_domain::time::Instant;
use claim_journal::{Decision, Head, ProgramPosition};

/// The fold of the program partition.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) catalog: Catalog,
    /// The head after each of its decisions, the first at index 0.
    heads: Vec<Option<Head>>,
    /// When its newest decision was judged.
    pub(crate) judged_at: Instant,
}

impl Program {
    pub(crate) fn apply(&mut self, sequence: u64, head: Option<Head>, decision: &Decision) {
        decision.events().iter().for_each(|event| self.catalog.evolve(sequence, event));
        self.heads.push(head);
        self.judged_at = self.judged_at.max(decision.judged_at);
    }

    /// The sequence of its newest decision.
    pub(crate) fn sequence(&self) -> u64 {
        self.heads.len() as u64
    }

    /// Its position with this sequence; none if it was not read.
    pub(crate) fn position(&self, sequence: u64) -> Option<ProgramPosition> {
        let head = match usize::try_from(sequence).ok()?.checked_sub(1) {
            None => None,
            Some(index) => *self.heads.get(index)?,
        };
        Some(ProgramPosition { sequence, head })
    }
}
