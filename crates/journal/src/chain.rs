//! The rule that tells valid from void: a left fold over the records of one partition (DESIGN §5, "The rule").

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Head;
use crate::entry::{Entry, Known};
use crate::envelope::{Envelope, FORMAT, Kind};
use crate::ids::{JournalId, LeaderId, PartitionId};
use crate::lead::{Lead, Settings};
use crate::line::{Line, Unreadable};
use crate::verdict::{HaltCause, Verdict, VoidCause};

/// What the offsets of a log mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offsets {
    /// They count the records of the partition, so a gap is a loss (Kafka).
    Count,
    /// They are places in something that other partitions share, so they only grow (the embedded log).
    Positions,
}

/// The last record that a reader applied, and all it needs to go on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Where the record stands.
    pub offset: u64,
    /// n: the sequence of the last decision or binding up to it.
    pub sequence: u64,
    /// E: its epoch.
    pub epoch: u64,
    /// L: its leader.
    pub leader: LeaderId,
    /// The head before it, which makes every byte of its envelope comparable, a lead's too.
    pub before: Head,
    /// h: the head after it.
    pub head: Head,
}

/// The state of the fold over one partition. Every reader and every writer judges by it, and by nothing else.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    partition: PartitionId,
    offsets: Offsets,
    journal: Option<JournalId>,
    settings: Option<Arc<Settings>>,
    next_offset: u64,
    last: Option<Checkpoint>,
    /// Set while the record of the checkpoint was not read again.
    resuming: bool,
    accepted: BTreeSet<u64>,
}

impl Chain {
    /// The chain of a partition before its first record. The first lead will define the journal.
    #[must_use]
    pub fn new(partition: PartitionId, offsets: Offsets) -> Self {
        Self {
            partition,
            offsets,
            journal: None,
            settings: None,
            next_offset: 0,
            last: None,
            resuming: false,
            accepted: BTreeSet::new(),
        }
    }

    /// The chain of a partition before its first record, where the journal is known from elsewhere.
    #[must_use]
    pub fn of_journal(partition: PartitionId, offsets: Offsets, journal: JournalId) -> Self {
        Self { journal: Some(journal), ..Self::new(partition, offsets) }
    }

    /// The chain as it stood at `checkpoint`. The first record read must be the checkpoint's own (DESIGN §5,
    /// "re-verify"): it tells the journal again, and is judged [`Verdict::Known`]. The settings are not read again.
    #[must_use]
    pub fn resume(partition: PartitionId, offsets: Offsets, checkpoint: Checkpoint) -> Self {
        Self {
            next_offset: checkpoint.offset,
            last: Some(checkpoint),
            resuming: true,
            ..Self::new(partition, offsets)
        }
    }

    /// The same chain as it stood at `checkpoint`, which is read again first and compared.
    #[must_use]
    pub fn at(&self, checkpoint: Checkpoint) -> Self {
        Self { next_offset: checkpoint.offset, last: Some(checkpoint), resuming: true, ..self.clone() }
    }

    /// The same chain, which reads the last record it knows again first and compares it (DESIGN §5, "re-verify").
    #[must_use]
    pub fn again(&self) -> Self {
        self.last.map_or_else(|| self.clone(), |last| self.at(last))
    }

    /// Declares the record at `offset` void should it halt: an operator's word (DESIGN §5, `accept_void`).
    pub fn accept_void(&mut self, offset: u64) {
        self.accepted.insert(offset);
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> PartitionId {
        self.partition
    }

    /// The journal, once the first record told it.
    #[must_use]
    pub fn journal(&self) -> Option<JournalId> {
        self.journal
    }

    /// What the journal was made with: from the first lead on, and unknown after [`Chain::resume`].
    #[must_use]
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_deref()
    }

    /// The offset after the last record seen, valid or void; on a log of positions the least that can be next.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// E: the epoch of the last valid lead; 0 before the first.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.last.map_or(0, |it| it.epoch)
    }

    /// L: the leader of the last valid lead.
    #[must_use]
    pub fn leader(&self) -> Option<LeaderId> {
        self.last.map(|it| it.leader)
    }

    /// n: the sequence of the last valid decision or binding; 0 before the first.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.last.map_or(0, |it| it.sequence)
    }

    /// h: the head; unknown only while no record told the journal.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        self.last.map(|it| it.head).or_else(|| self.journal.map(Head::first))
    }

    /// Where reading can go on later: the last valid record.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.last
    }

    /// Judges what stands at `offset`: the whole rule, pure.
    #[must_use]
    pub fn judge(&self, offset: u64, read: &Result<Line<'_>, Unreadable>) -> Verdict {
        self.unless_accepted(offset, self.judge_strictly(offset, read))
    }

    /// Adds a record that was judged [`Verdict::Valid`] at `offset`.
    pub fn apply(&mut self, offset: u64, line: &Line<'_>) {
        self.extend(offset, line);
        self.skip(offset);
    }

    /// Steps over a record that was judged void.
    pub fn skip(&mut self, offset: u64) {
        self.next_offset = offset + 1;
    }

    /// Judges what stands at `offset` and takes the step that follows from it. A halt leaves the chain as it was.
    pub fn read(&mut self, offset: u64, read: &Result<Line<'_>, Unreadable>) -> Verdict {
        let verdict = self.judge(offset, read);
        match (&verdict, read) {
            (Verdict::Valid, Ok(line)) => self.apply(offset, line),
            (Verdict::Known, Ok(line)) => {
                self.journal = Some(line.envelope.journal);
                self.resuming = false;
                self.skip(offset);
            }
            (Verdict::Void(_), _) => self.skip(offset),
            (Verdict::Valid | Verdict::Known | Verdict::Halt(_), _) => {}
        }
        verdict
    }

    /// Judges an entry at `offset` and takes the step that follows, as [`Chain::read`] does with what stands there. Of what a
    /// pen wrote only the envelope is judged: its body is the pen's, and a head that its `previous` agrees on needs no hashing.
    pub fn take(&mut self, offset: u64, entry: &Entry) -> Verdict {
        match entry.known() {
            Some(Known { envelope, head }) if envelope.previous.is_some() && !self.resuming => {
                let verdict = match self.judge_offset(offset) {
                    None => self.judge_envelope(envelope),
                    Some(gap) => gap,
                };
                let verdict = if verdict == Verdict::Valid { judge_version(envelope) } else { verdict };
                let verdict = self.unless_accepted(offset, verdict);
                match verdict {
                    Verdict::Valid => {
                        self.follow(offset, envelope, |_| *head);
                        self.skip(offset);
                    }
                    Verdict::Void(_) => self.skip(offset),
                    Verdict::Known | Verdict::Halt(_) => {}
                }
                verdict
            }
            _ => self.read(offset, &Line::parse(entry.strip_suffix(b"\n").unwrap_or(entry))),
        }
    }

    /// Adds the record without a change of the next offset, which a writer does not know.
    pub(crate) fn extend(&mut self, offset: u64, line: &Line<'_>) {
        let envelope = &line.envelope;
        if envelope.kind == Kind::Lead && self.epoch() == 0 {
            self.settings = Lead::decode(line.body).ok().and_then(|it| it.settings).map(Arc::new);
        }
        self.follow(offset, envelope, |before| line.extends(before));
    }

    fn follow(&mut self, offset: u64, envelope: &Envelope, after: impl FnOnce(Head) -> Head) {
        let journal = *self.journal.get_or_insert(envelope.journal);
        let before = self.last.map_or_else(|| Head::first(journal), |it| it.head);
        self.last = Some(Checkpoint {
            offset,
            sequence: self.sequence().max(envelope.sequence),
            epoch: envelope.epoch,
            leader: envelope.leader,
            before,
            head: after(before),
        });
    }

    fn judge_strictly(&self, offset: u64, read: &Result<Line<'_>, Unreadable>) -> Verdict {
        if let (true, Some(checkpoint)) = (self.resuming, &self.last) {
            return match read {
                Ok(line) if self.is_checkpoint(offset, line, checkpoint) => Verdict::Known,
                _ => Verdict::Halt(HaltCause::CheckpointNotOnChain { offset }),
            };
        }
        if let Some(gap) = self.judge_offset(offset) {
            return gap;
        }
        let line = match read {
            Err(unreadable) => return Verdict::Void(VoidCause::Unreadable(*unreadable)),
            Ok(line) => line,
        };
        match self.judge_envelope(&line.envelope) {
            Verdict::Valid => self.judge_body(line),
            verdict => verdict,
        }
    }

    fn unless_accepted(&self, offset: u64, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Halt(_) if self.accepted.contains(&offset) => Verdict::Void(VoidCause::Accepted),
            verdict => verdict,
        }
    }

    /// Halts at a gap.
    fn judge_offset(&self, offset: u64) -> Option<Verdict> {
        let gap = offset < self.next_offset || (self.offsets == Offsets::Count && offset > self.next_offset);
        gap.then_some(Verdict::Halt(HaltCause::OffsetGap { expected: self.next_offset, found: offset }))
    }

    fn is_checkpoint(&self, offset: u64, line: &Line<'_>, checkpoint: &Checkpoint) -> bool {
        let envelope = &line.envelope;
        offset == checkpoint.offset
            && envelope.partition == self.partition
            && (envelope.epoch, envelope.leader) == (checkpoint.epoch, checkpoint.leader)
            && (envelope.kind == Kind::Lead || envelope.sequence == checkpoint.sequence)
            && line.extends(checkpoint.before) == checkpoint.head
    }

    /// The rule over the envelope alone, in the order of DESIGN §5.
    pub(crate) fn judge_envelope(&self, envelope: &Envelope) -> Verdict {
        if envelope.format != FORMAT {
            return Verdict::Halt(HaltCause::UnknownFormat { format: envelope.format });
        }
        if envelope.partition != self.partition || self.journal.is_some_and(|it| it != envelope.journal) {
            let Envelope { journal, partition, .. } = *envelope;
            return Verdict::Void(VoidCause::Foreign { journal, partition });
        }
        if envelope.proved > self.sequence() {
            let (proved, sequence) = (envelope.proved, self.sequence());
            return Verdict::Halt(HaltCause::AcknowledgedHistoryMissing { proved, sequence });
        }
        let Some(last) = &self.last else {
            let Envelope { kind, epoch, .. } = *envelope;
            return match (kind, epoch) {
                (Kind::Lead, 1) => Verdict::Valid,
                _ => Verdict::Halt(HaltCause::NoFirstLead { kind, epoch }),
            };
        };
        match envelope.kind {
            Kind::Lead => judge_lead(last, envelope),
            Kind::Decision | Kind::Binding => judge_sequenced(last, envelope),
        }
    }

    /// What the envelope says about the body, checked on a record whose envelope is valid.
    pub(crate) fn judge_body(&self, line: &Line<'_>) -> Verdict {
        let known = judge_version(&line.envelope);
        if known != Verdict::Valid {
            return known;
        }
        if !line.body_is_whole() {
            return Verdict::Halt(HaltCause::WrongBodyHash);
        }
        let first = self.epoch() == 0;
        let whole = match line.envelope.kind {
            Kind::Lead => Lead::decode(line.body).is_ok_and(|it| it.settings.is_some() == first),
            Kind::Decision | Kind::Binding => true,
        };
        if whole { Verdict::Valid } else { Verdict::Halt(HaltCause::BadLead) }
    }
}

/// Whether this release knows the shape of the body.
fn judge_version(envelope: &Envelope) -> Verdict {
    let Envelope { kind, body_version: version, .. } = *envelope;
    if (1..=kind.newest_body_version()).contains(&version) {
        Verdict::Valid
    } else {
        Verdict::Halt(HaltCause::UnknownBodyVersion { kind, version })
    }
}

/// A lead is valid if its epoch is E + 1; it names no predecessor.
fn judge_lead(last: &Checkpoint, envelope: &Envelope) -> Verdict {
    let (epoch, current) = (envelope.epoch, last.epoch);
    if epoch == current + 1 {
        Verdict::Valid
    } else if epoch > current {
        Verdict::Halt(HaltCause::LeadBeyond { epoch, current })
    } else {
        Verdict::Void(VoidCause::StaleEpoch { epoch, current })
    }
}

/// A decision, or a binding, is valid if epoch = E, leader = L, sequence = n + 1 and previous head = h.
fn judge_sequenced(last: &Checkpoint, envelope: &Envelope) -> Verdict {
    let (epoch, current) = (envelope.epoch, last.epoch);
    if epoch > current {
        return Verdict::Halt(HaltCause::EpochBeyond { epoch, current });
    }
    if epoch < current {
        return Verdict::Void(VoidCause::StaleEpoch { epoch, current });
    }
    if envelope.leader != last.leader {
        return Verdict::Halt(HaltCause::AnotherLeader { leader: last.leader, found: envelope.leader });
    }
    let (sequence, expected) = (envelope.sequence, last.sequence + 1);
    if sequence != expected {
        return Verdict::Void(VoidCause::NotExtending { sequence, expected });
    }
    match envelope.previous {
        Some(previous) if previous != last.head => {
            Verdict::Halt(HaltCause::AnotherHistory { sequence, previous, head: last.head })
        }
        _ => Verdict::Valid,
    }
}
