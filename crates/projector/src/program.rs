//! Which program folded: what is recorded with the views, so that another program is held against it.

use claim_domain::decide::RULES;

/// A program, as far as it folds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// A digest of the sources that say how events are folded. Another one may fold otherwise; it need not.
    pub sources: String,
    /// The number of its rules; a change of behaviour raises it (DESIGN rule 6).
    pub rules: u32,
}

impl Program {
    /// This one.
    #[must_use]
    pub fn this() -> Self {
        Self { sources: env!("CLAIMLOG_FOLDS").to_owned(), rules: RULES }
    }
}
