//! The proof that one record stands in a journal: checked with a public key, without the journal.

use claim_journal::{Decision, Digest, Envelope, JournalId, Kind, Line, Outcome, Position, Retold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, Head, Signed};
use super::key::PublicKey;
use super::leaves::Leaves;
use super::merkle;

/// The most bytes of a proof as one line of JSON.
pub const MOST_PROOF_BYTES: usize = 4096;

/// A record, and the hashes that lead from it to a signed root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inclusion {
    /// The signed root.
    pub signed: Signed,
    /// The head of the record's partition.
    pub head: Head,
    /// Its place among the heads, from 0.
    pub head_index: u64,
    /// The hashes from it to the signed root.
    pub head_path: Vec<Digest>,
    /// The record's place in its partition, from 0; leads count.
    pub index: u64,
    /// The hashes from it to the partition's root.
    pub path: Vec<Digest>,
    /// The record's envelope, byte for byte. It commits to the body.
    pub envelope: String,
    /// The record's body, byte for byte; absent when it would make the proof too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// What a proof proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The envelope of the record that stands in the journal.
    pub envelope: Envelope,
    /// Its body; absent where neither the proof nor anybody gave it.
    pub body: Option<String>,
}

/// A proof that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProved {
    /// The key's owner did not sign this.
    #[error("the checkpoint is not signed by this key")]
    NotSigned,
    /// The partition's head is not what was signed.
    #[error("the head of partition {} is not under the signed root", .0.partition)]
    HeadElsewhere(Head),
    /// The record is not what was signed.
    #[error("the record is not under the head of its partition")]
    RecordElsewhere,
    /// The envelope is none, or of another journal or partition than it stands in.
    #[error("the envelope is not that of a record of this journal and partition")]
    NotAnEnvelope,
    /// The body is another than the envelope commits to.
    #[error("the body is not the one that the record commits to")]
    AnotherBody,
    /// The checkpoints, or the hashes between them, do not fit.
    #[error("partition {0} of the older checkpoint is not the beginning of that of the newer one")]
    NotTheBeginning(claim_journal::PartitionId),
    /// They are of two journals.
    #[error("the checkpoints are of two journals, {0} and {1}")]
    TwoJournals(JournalId, JournalId),
}

impl Inclusion {
    /// The proof for the record with this place in a partition, whose line this is; none if the checkpoint is not over it.
    #[must_use]
    pub fn of(leaves: &Leaves, checkpoint: &Checkpoint, line: &Line<'_>, index: u64) -> Option<Self> {
        let (head_index, head) = checkpoint.head(line.envelope.partition)?;
        let (at, size) = (usize::try_from(index).ok()?, usize::try_from(head.size).ok()?);
        let hashes = leaves.hashes(head.partition).get(..size)?;
        if *hashes.get(at)? != merkle::leaf(line.envelope_bytes) {
            return None;
        }
        let heads: Vec<_> = checkpoint.heads.iter().map(Head::leaf).collect();
        let mut proof = Self {
            signed: checkpoint.signed,
            head: *head,
            head_index: head_index as u64,
            head_path: merkle::path(head_index, &heads),
            index,
            path: merkle::path(at, hashes),
            envelope: String::from_utf8(line.envelope_bytes.to_vec()).ok()?,
            body: Some(line.body.to_owned()),
        };
        if serde_json::to_string(&proof).ok()?.len() > MOST_PROOF_BYTES {
            proof.body = None;
        }
        Some(proof)
    }

    /// Checks everything that can be checked with a public key; `body` is the record's, where the proof leaves it out.
    ///
    /// # Errors
    /// [`NotProved`], the first step that fails.
    pub fn check(&self, key: &PublicKey, body: Option<&str>) -> Result<Proved, NotProved> {
        let statement = &self.signed.statement;
        if !self.signed.is_by(key) {
            return Err(NotProved::NotSigned);
        }
        let root =
            merkle::root_from(self.head.leaf(), self.head_index, statement.partitions, &self.head_path);
        if root != Some(statement.root) {
            return Err(NotProved::HeadElsewhere(self.head));
        }
        let leaf = merkle::leaf(self.envelope.as_bytes());
        if merkle::root_from(leaf, self.index, self.head.size, &self.path) != Some(self.head.root) {
            return Err(NotProved::RecordElsewhere);
        }
        let envelope: Envelope =
            serde_json::from_str(&self.envelope).map_err(|_| NotProved::NotAnEnvelope)?;
        if (envelope.journal, envelope.partition) != (statement.journal, self.head.partition) {
            return Err(NotProved::NotAnEnvelope);
        }
        let body = body.or(self.body.as_deref());
        if body.is_some_and(|it| Digest::of(it.as_bytes()) != envelope.body_sha256) {
            return Err(NotProved::AnotherBody);
        }
        Ok(Proved { envelope, body: body.map(str::to_owned) })
    }
}

impl Proved {
    /// The position of a decision.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { partition: self.envelope.partition, sequence: self.envelope.sequence }
    }

    /// The decision, where the record is one and its body is here.
    #[must_use]
    pub fn decision(&self) -> Option<Decision> {
        Decision::decode(self.decided()?).ok()
    }

    /// What its asker was told, where the decision has one and is here.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome<'_>> {
        Outcome::of(&Retold::read(self.decided()?).ok()?, self.position())
    }

    fn decided(&self) -> Option<&str> {
        self.body.as_deref().filter(|_| self.envelope.kind == Kind::Decision)
    }
}
