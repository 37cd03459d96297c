//! A leader's hand on one partition: it writes records that extend the chain, and checks each by the readers' rule.

use crate::canonical;
use crate::chain::Chain;
use crate::digest::{Digest, Head};
use crate::entry::Entry;
use crate::envelope::{Envelope, FORMAT, Kind};
use crate::ids::{JournalId, LeaderId, PartitionId};
use crate::lead::{Lead, Settings};
use crate::line::{self, Line, Unreadable};
use crate::verdict::Verdict;

/// Why a pen wrote nothing.
#[derive(Debug, thiserror::Error)]
pub enum PenError {
    /// A leader writes its lead before anything else, and only once; or it does not lead on the chain that was read.
    #[error("the lead was not written yet, was written before, or does not lead")]
    NotLeading,
    /// A lead is written by [`Pen::lead`].
    #[error("a lead is not written as a {0}")]
    NotSequenced(Kind),
    /// The body cannot stand on the log.
    #[error(transparent)]
    Body(#[from] Unreadable),
    /// The lead cannot be spelt.
    #[error("the lead cannot be spelt")]
    Lead(#[source] serde_json::Error),
    /// The record would not be valid to its readers: a bug of the writer, who must stop (DESIGN §5, "Leaders").
    #[error("the record would be judged {0:?}")]
    Judged(Verdict),
}

/// One reign over one partition.
///
/// What it wrote is speculative until the log told that it is durable. After any unclear result, and when fenced, drop
/// the pen, read, and lead again with a new one (DESIGN §5, "Leaders").
#[derive(Clone, Debug)]
pub struct Pen {
    chain: Chain,
    journal: JournalId,
    leader: LeaderId,
    leading: bool,
}

impl Pen {
    /// A pen that goes on from `chain`, as it was read. `leader` must be fresh. `journal` is the journal to begin when
    /// the chain has no record yet; else it must be the chain's.
    #[must_use]
    pub fn new(chain: &Chain, journal: JournalId, leader: LeaderId) -> Self {
        Self { chain: chain.clone(), journal, leader, leading: false }
    }

    /// Writes the lead that opens this reign; the settings belong in the first lead of a partition, and only there.
    ///
    /// # Errors
    /// [`PenError::NotLeading`] when called twice, [`PenError::Judged`] when the readers would not take it.
    pub fn lead(
        &mut self,
        release: &str,
        rules: u32,
        settings: Option<&Settings>,
    ) -> Result<Entry, PenError> {
        if self.leading {
            return Err(PenError::NotLeading);
        }
        let lead = Lead { release: release.to_owned(), rules, settings: settings.cloned() };
        let body = canonical::to_string(&lead).map_err(PenError::Lead)?;
        let line = self.put(Kind::Lead, Kind::Lead.newest_body_version(), &body, self.chain.sequence())?;
        self.leading = true;
        Ok(line)
    }

    /// Goes on from `chain`, which was read up to this pen's own lead: others may have written between what was read
    /// before leading and the lead. A log with other writers asks for this before the first decision; on the embedded
    /// log nobody can write between.
    ///
    /// # Errors
    /// [`PenError::NotLeading`] when the lead is not the one that leads on `chain`; then drop the pen.
    pub fn read_back(&mut self, chain: &Chain) -> Result<(), PenError> {
        if !self.leading || chain.leader() != Some(self.leader) {
            return Err(PenError::NotLeading);
        }
        self.chain = chain.clone();
        Ok(())
    }

    /// Writes a decision or a binding with the next sequence. `proved` is the highest sequence that the writer knows
    /// to be valid and durable. The line ends with a line feed.
    ///
    /// # Errors
    /// [`PenError::NotLeading`] before the lead, [`PenError::Body`] when `body` is not an object or has control
    /// characters, [`PenError::Judged`] when the readers would not take the record, for instance because of `proved`.
    pub fn write(
        &mut self,
        kind: Kind,
        body_version: u64,
        body: &str,
        proved: u64,
    ) -> Result<Entry, PenError> {
        match kind {
            Kind::Lead => Err(PenError::NotSequenced(kind)),
            Kind::Decision | Kind::Binding if !self.leading => Err(PenError::NotLeading),
            Kind::Decision | Kind::Binding => self.put(kind, body_version, body, proved),
        }
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> PartitionId {
        self.chain.partition()
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> JournalId {
        self.journal
    }

    /// Whose reign this is.
    #[must_use]
    pub fn leader(&self) -> LeaderId {
        self.leader
    }

    /// The epoch of the last lead, one's own once it is written.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.chain.epoch()
    }

    /// The sequence of the last record, written or read.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.chain.sequence()
    }

    /// The head after the last record, written or read.
    #[must_use]
    pub fn head(&self) -> Head {
        self.chain.head().unwrap_or_else(|| Head::first(self.journal))
    }

    fn put(&mut self, kind: Kind, body_version: u64, body: &str, proved: u64) -> Result<Entry, PenError> {
        let (epoch, sequence, previous) = match kind {
            Kind::Lead => (self.chain.epoch() + 1, 0, None),
            Kind::Decision | Kind::Binding => {
                (self.chain.epoch(), self.chain.sequence() + 1, Some(self.head()))
            }
        };
        let envelope = Envelope {
            format: FORMAT,
            journal: self.journal,
            kind,
            partition: self.chain.partition(),
            epoch,
            leader: self.leader,
            sequence,
            previous,
            proved,
            body_version,
            body_length: body.len() as u64,
            body_sha256: Digest::of(body.as_bytes()),
        };
        let bytes = line::write(&envelope, body);
        // The readers' eyes over one's own bytes; only a body on the hot path is not hashed a second time.
        let own = Line::parse(bytes.strip_suffix(b"\n").unwrap_or(&bytes))?;
        let verdict = match self.chain.judge_envelope(&own.envelope) {
            Verdict::Valid if kind == Kind::Lead => self.chain.judge_body(&own),
            verdict => verdict,
        };
        match verdict {
            Verdict::Valid => self.chain.extend(self.chain.next_offset(), &own),
            verdict => return Err(PenError::Judged(verdict)),
        }
        Ok(Entry::written(bytes, envelope, self.head()))
    }
}
