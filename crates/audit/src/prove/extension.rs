//! The proof that one checkpoint extends another: nothing that was signed before was changed or taken away since.

use claim_journal::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::inclusion::NotProved;
use super::key::PublicKey;
use super::leaves::Leaves;
use super::merkle;

/// Two checkpoints, and the hashes between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The older one.
    pub old: Checkpoint,
    /// The newer one.
    pub new: Checkpoint,
    /// For each head of the older one the consistency proof of RFC 6962 §2.1.2.
    pub proofs: Vec<Vec<Digest>>,
}

impl Extension {
    /// The proof between two checkpoints over these leaves; where the older one is no beginning, it will not check.
    #[must_use]
    pub fn of(leaves: &Leaves, old: Checkpoint, new: Checkpoint) -> Self {
        let proof = |(partition, size): (_, u64)| {
            let newer = new.head(partition).map_or(0, |(_, it)| it.size);
            let hashes = leaves.hashes(partition);
            let hashes = usize::try_from(newer).ok().and_then(|it| hashes.get(..it)).unwrap_or_default();
            merkle::consistency(usize::try_from(size).unwrap_or(0), hashes)
        };
        let proofs = old.heads.iter().map(|it| proof((it.partition, it.size))).collect();
        Self { old, new, proofs }
    }

    /// Checks both signatures, and that every partition of the older checkpoint is the beginning of the newer one's.
    ///
    /// # Errors
    /// [`NotProved`], the first step that fails.
    pub fn check(&self, key: &PublicKey) -> Result<(), NotProved> {
        if !self.old.is_by(key) || !self.new.is_by(key) {
            return Err(NotProved::NotSigned);
        }
        let journal = |it: &Checkpoint| it.signed.statement.journal;
        if journal(&self.old) != journal(&self.new) {
            return Err(NotProved::TwoJournals(journal(&self.old), journal(&self.new)));
        }
        for (at, old) in self.old.heads.iter().enumerate() {
            let new = self.new.head(old.partition).map(|(_, it)| (it.size, it.root));
            let proof = self.proofs.get(at).map_or(&[][..], Vec::as_slice);
            if !new.is_some_and(|new| merkle::is_beginning((old.size, old.root), new, proof)) {
                return Err(NotProved::NotTheBeginning(old.partition));
            }
        }
        Ok(())
    }
}
