//! A checkpoint: what a journal was up to a moment, in one signed root.
//!
//! Each partition has a tree of its own (RFC 6962), since only within a partition records have one order on every log. The
//! heads of these trees are the leaves of one more tree, whose root is signed: so a proof about one partition need not tell
//! of the others.

use claim_domain::time::Instant;
use claim_journal::{Digest, JournalId, PartitionId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::{Key, PublicKey, Signature};
use super::leaves::Leaves;
use super::merkle;

/// The head of one partition's tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The partition.
    pub partition: PartitionId,
    /// How many records it has, leads included.
    pub size: u64,
    /// The root over their envelopes.
    pub root: Digest,
}

impl Head {
    pub(crate) fn of(partition: PartitionId, hashes: &[Digest]) -> Self {
        Self { partition, size: hashes.len() as u64, root: merkle::root(hashes) }
    }

    /// The leaf that it is in the tree of heads: of `<partition> <size> <root>`.
    pub(crate) fn leaf(&self) -> Digest {
        merkle::leaf(format!("{} {} {}", self.partition, self.size, self.root).as_bytes())
    }
}

/// What a checkpoint says and is signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The journal.
    pub journal: JournalId,
    /// When it was made, by the clock of whoever signed.
    pub made_at: Instant,
    /// How many partitions have records.
    pub partitions: u64,
    /// The root over their heads.
    pub root: Digest,
}

impl Statement {
    /// The bytes that are signed: five lines.
    fn bytes(&self) -> Vec<u8> {
        let Self { journal, made_at, partitions, root } = self;
        format!("claimlog checkpoint 1\n{journal}\n{made_at}\n{partitions}\n{root}\n").into_bytes()
    }
}

/// A statement and its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// What is said.
    pub statement: Statement,
    /// The Ed25519 signature over its five lines.
    pub signature: Signature,
}

impl Signed {
    /// Whether the key's owner signed it.
    #[must_use]
    pub fn is_by(&self, key: &PublicKey) -> bool {
        key.verifies(&self.statement.bytes(), &self.signature)
    }
}

/// A signed statement with the heads that it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// What is signed.
    pub signed: Signed,
    /// The heads, in the order of their partitions.
    pub heads: Vec<Head>,
}

impl Checkpoint {
    /// Signs what was read; none when there is no record, or reading did not reach the end.
    #[must_use]
    pub fn sign(leaves: &Leaves, made_at: Instant, key: &Key) -> Option<Self> {
        let journal = leaves.journal.filter(|_| leaves.wrong.is_empty())?;
        let heads = leaves.heads();
        let statement = Statement { journal, made_at, partitions: heads.len() as u64, root: root(&heads) };
        let signature = key.sign(&statement.bytes());
        Some(Self { signed: Signed { statement, signature }, heads })
    }

    /// Whether the key's owner signed these heads.
    #[must_use]
    pub fn is_by(&self, key: &PublicKey) -> bool {
        let statement = &self.signed.statement;
        statement.partitions == self.heads.len() as u64
            && statement.root == root(&self.heads)
            && self.heads.is_sorted_by(|a, b| a.partition < b.partition)
            && self.signed.is_by(key)
    }

    /// How many records it is over.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.heads.iter().map(|it| it.size).sum()
    }

    /// Whether it says of the journal what was read now.
    #[must_use]
    pub fn is_of(&self, leaves: &Leaves) -> bool {
        Some(self.signed.statement.journal) == leaves.journal && self.heads == leaves.heads()
    }

    pub(crate) fn head(&self, partition: PartitionId) -> Option<(usize, &Head)> {
        self.heads.iter().enumerate().find(|(_, it)| it.partition == partition)
    }
}

/// The root over heads.
pub(crate) fn root(heads: &[Head]) -> Digest {
    merkle::root(&heads.iter().map(Head::leaf).collect::<Vec<_>>())
}
