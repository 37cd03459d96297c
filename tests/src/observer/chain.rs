//! The rule that tells valid from void, as the design states it in "A journal record": a left fold over one partition.

use std::collections::BTreeSet;

use serde_json::Value;

use super::envelope::{Envelope, Kind, Partition};
use super::record::{Record, Unreadable, first_head};

/// What the offsets of a log mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offsets {
    /// They count the records of the partition: a gap is a loss.
    Count,
    /// They are places in something shared: they only grow.
    Places,
}

/// What the rule says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is part of the history.
    Valid,
    /// It has no effect, for ever.
    Void(Void),
    /// Nothing after it may be read before an operator has looked.
    Halt(Halt),
}

/// Why a record is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Void {
    /// It is no record.
    Unreadable,
    /// It is of another journal, or of another partition.
    Foreign,
    /// Its epoch is over.
    StaleEpoch,
    /// Its sequence is not the next.
    NotExtending,
    /// It would halt, but an operator named it.
    Accepted,
}

/// Why a reader stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Records are missing before it, or it stands before what was read.
    OffsetGap,
    /// Its format is unknown.
    UnknownFormat,
    /// It proves a sequence that this journal does not have.
    AcknowledgedHistoryMissing,
    /// A lead of an epoch beyond the next.
    LeadBeyond,
    /// A decision of an epoch that nobody opened.
    EpochBeyond,
    /// A decision of the present epoch by somebody else.
    AnotherLeader,
    /// The next sequence by the right leader, but it extends another history.
    AnotherHistory,
    /// The shape of its body is unknown.
    UnknownBodyVersion,
    /// Its body is not the one that its envelope commits to.
    WrongBodyHash,
    /// A lead that does not say what a lead says; the first one must say the settings, no other may.
    BadLead,
}

/// The state of the fold: next offset, epoch E, leader L, sequence n, head h.
#[derive(Clone, Debug)]
pub struct Chain {
    partition: Partition,
    offsets: Offsets,
    next_offset: u64,
    journal: Option<String>,
    epoch: u64,
    leader: Option<String>,
    sequence: u64,
    head: Option<String>,
    accepted: BTreeSet<u64>,
}

impl Chain {
    /// The chain of a partition before its first record.
    #[must_use]
    pub fn new(partition: Partition, offsets: Offsets) -> Self {
        Self {
            partition,
            offsets,
            next_offset: 0,
            journal: None,
            epoch: 0,
            leader: None,
            sequence: 0,
            head: None,
            accepted: BTreeSet::new(),
        }
    }

    /// An operator's word: should the record at this offset halt, it is void.
    pub fn accept_void(&mut self, offset: u64) {
        self.accepted.insert(offset);
    }

    /// E, the epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// n, the sequence.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// h, the head; none before the first lead.
    #[must_use]
    pub fn head(&self) -> Option<&str> {
        self.head.as_deref()
    }

    /// The journal, once the first lead told it.
    #[must_use]
    pub fn journal(&self) -> Option<&str> {
        self.journal.as_deref()
    }

    /// Judges what stands at `offset` and goes on from it; at a halt the chain stays where it was.
    pub fn step(&mut self, offset: u64, read: &Result<Record, Unreadable>) -> Verdict {
        let verdict = match self.judge(offset, read) {
            Verdict::Halt(_) if self.accepted.contains(&offset) => Verdict::Void(Void::Accepted),
            verdict => verdict,
        };
        if let (Verdict::Valid, Ok(record)) = (verdict, read) {
            self.extend(record);
        }
        if !matches!(verdict, Verdict::Halt(_)) {
            self.next_offset = offset + 1;
        }
        verdict
    }

    fn judge(&self, offset: u64, read: &Result<Record, Unreadable>) -> Verdict {
        let follows = match self.offsets {
            Offsets::Count => offset == self.next_offset,
            Offsets::Places => offset >= self.next_offset,
        };
        if !follows {
            return Verdict::Halt(Halt::OffsetGap);
        }
        let Ok(record) = read else { return Verdict::Void(Void::Unreadable) };
        match self.judge_envelope(&record.envelope) {
            Verdict::Valid => self.judge_body(record),
            verdict => verdict,
        }
    }

    fn judge_envelope(&self, it: &Envelope) -> Verdict {
        if it.format != 1 {
            return Verdict::Halt(Halt::UnknownFormat);
        }
        let foreign = self.journal.as_ref().is_some_and(|ours| *ours != it.journal);
        if foreign || it.partition != self.partition {
            return Verdict::Void(Void::Foreign);
        }
        if it.proved > self.sequence {
            return Verdict::Halt(Halt::AcknowledgedHistoryMissing);
        }
        match it.kind {
            Kind::Lead if it.epoch == self.epoch + 1 => Verdict::Valid,
            Kind::Lead if it.epoch > self.epoch => Verdict::Halt(Halt::LeadBeyond),
            Kind::Decision | Kind::Binding if it.epoch > self.epoch => Verdict::Halt(Halt::EpochBeyond),
            Kind::Lead => Verdict::Void(Void::StaleEpoch),
            Kind::Decision | Kind::Binding if it.epoch < self.epoch => Verdict::Void(Void::StaleEpoch),
            Kind::Decision | Kind::Binding => {
                if self.leader.as_ref() != Some(&it.leader) {
                    Verdict::Halt(Halt::AnotherLeader)
                } else if it.sequence != self.sequence + 1 {
                    Verdict::Void(Void::NotExtending)
                } else if it.previous != self.head {
                    Verdict::Halt(Halt::AnotherHistory)
                } else {
                    Verdict::Valid
                }
            }
        }
    }

    fn judge_body(&self, record: &Record) -> Verdict {
        if record.envelope.body_version != 1 {
            return Verdict::Halt(Halt::UnknownBodyVersion);
        }
        if !record.body_is_whole() {
            return Verdict::Halt(Halt::WrongBodyHash);
        }
        if record.envelope.kind == Kind::Lead && !is_lead(&record.body, self.epoch == 0) {
            return Verdict::Halt(Halt::BadLead);
        }
        Verdict::Valid
    }

    fn extend(&mut self, record: &Record) {
        let envelope = &record.envelope;
        let before = self.head.take().unwrap_or_else(|| first_head(&envelope.journal));
        self.head = Some(record.head_after(&before));
        if envelope.kind == Kind::Lead {
            self.journal.get_or_insert_with(|| envelope.journal.clone());
            self.epoch = envelope.epoch;
            self.leader = Some(envelope.leader.clone());
        } else {
            self.sequence = envelope.sequence;
        }
    }
}

/// Whether a body is a lead's, in its one spelling: release and rules, and in the first one the journal's settings.
fn is_lead(body: &str, first: bool) -> bool {
    serde_json::from_str(body).is_ok_and(|it: Value| spelt_lead(&it, first).as_deref() == Some(body))
}

fn spelt_lead(body: &Value, first: bool) -> Option<String> {
    let release = body.get("release").filter(|it| it.is_string())?;
    let rules = body.get("rules")?.as_u64()?;
    let settings = match (first, body.get("settings")) {
        (false, None) => String::new(),
        (true, Some(it)) => {
            let small = |name: &str| u16::try_from(it.get(name)?.as_u64()?).ok();
            let (slots, partitions) = (small("slots")?, small("partitions")?);
            let simulated = it.get("simulated")?.as_bool()?;
            format!(
                ",\"settings\":{{\"slots\":{slots},\"partitions\":{partitions},\"simulated\":{simulated}}}"
            )
        }
        _ => return None,
    };
    Some(format!("{{\"release\":{release},\"rules\":{rules}{settings}}}"))
}
