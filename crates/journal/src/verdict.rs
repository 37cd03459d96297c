//! What a reader thinks of one record.

use crate::digest::Head;
use crate::envelope::{FORMAT, Kind};
use crate::ids::{JournalId, LeaderId, PartitionId};
use crate::line::Unreadable;

/// The judgement of one record; see [`Chain::judge`](crate::Chain::judge).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It extends the chain: it is true from now on.
    Valid,
    /// It is the record of the checkpoint that reading was resumed from, unchanged: it was applied before.
    Known,
    /// It has no effect, for ever. To be counted by cause.
    Void(VoidCause),
    /// Reading must stop here.
    Halt(HaltCause),
}

/// Why a record is void. None of these can arise on the embedded log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoidCause {
    /// Not a record in its canonical spelling.
    #[error(transparent)]
    Unreadable(Unreadable),
    /// Of another journal, or of another partition of it. Alarmed (F-13).
    #[error("of journal {journal}, partition {partition}")]
    Foreign {
        /// The journal it is of.
        journal: JournalId,
        /// The partition it is of.
        partition: PartitionId,
    },
    /// Written in a reign that was over: the fence held (F-04).
    #[error("of epoch {epoch}, while epoch {current} had begun")]
    StaleEpoch {
        /// Its epoch.
        epoch: u64,
        /// The epoch when it arrived.
        current: u64,
    },
    /// Of this reign, but a stray: a repeat, or one that came before what it follows.
    #[error("of sequence {sequence}, where {expected} extends the chain")]
    NotExtending {
        /// Its sequence.
        sequence: u64,
        /// The sequence that would extend the chain.
        expected: u64,
    },
    /// An operator declared it void (`accept_void`).
    #[error("declared void by an operator")]
    Accepted,
}

impl VoidCause {
    /// A stable name, for counting.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Foreign { .. } => "foreign_record",
            Self::StaleEpoch { .. } => "stale_epoch",
            Self::NotExtending { .. } => "not_extending",
            Self::Accepted => "accepted_void",
        }
    }
}

/// Why reading must stop. A halt ends only when an operator declares the record void, or the cause is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HaltCause {
    /// Records are missing, or came twice: the offset is not the next one.
    #[error("offset {found} where {expected} is next")]
    OffsetGap {
        /// The next offset, or on a log of positions the least that can be.
        expected: u64,
        /// The offset of this record.
        found: u64,
    },
    /// The envelope's format is not [`FORMAT`]: a newer release wrote it.
    #[error(
        "record format {format}, while this release reads format {FORMAT}: use the release that wrote it"
    )]
    UnknownFormat {
        /// The format.
        format: u64,
    },
    /// The partition does not begin with its first lead.
    #[error("a {kind} of epoch {epoch} where the first lead should be")]
    NoFirstLead {
        /// What was found.
        kind: Kind,
        /// Its epoch.
        epoch: u64,
    },
    /// The writer knew a record to be durable that is not on the log: acknowledged history is gone (F-09).
    #[error("its writer knew sequence {proved} to be durable, and only {sequence} is here")]
    AcknowledgedHistoryMissing {
        /// What the writer knew.
        proved: u64,
        /// The last sequence here.
        sequence: u64,
    },
    /// A lead that skips an epoch.
    #[error("a lead of epoch {epoch} while epoch {current} is the last")]
    LeadBeyond {
        /// Its epoch.
        epoch: u64,
        /// The last epoch here.
        current: u64,
    },
    /// A decision of an epoch that has not begun.
    #[error("a record of epoch {epoch} while epoch {current} is the last")]
    EpochBeyond {
        /// Its epoch.
        epoch: u64,
        /// The last epoch here.
        current: u64,
    },
    /// Another leader writes in the epoch of this one.
    #[error("leader {found} writes in the epoch of leader {leader}")]
    AnotherLeader {
        /// Who leads.
        leader: LeaderId,
        /// Who wrote.
        found: LeaderId,
    },
    /// The next sequence by the right leader, but on another history.
    #[error("sequence {sequence} extends head {previous}, and the head here is {head}")]
    AnotherHistory {
        /// Its sequence.
        sequence: u64,
        /// The head it extends.
        previous: Head,
        /// The head here.
        head: Head,
    },
    /// A valid record whose body has a version that this release does not know (F-81).
    #[error("a {kind} of body version {version}: use the release that wrote it")]
    UnknownBodyVersion {
        /// The kind.
        kind: Kind,
        /// The version.
        version: u64,
    },
    /// A valid record whose body is not the one its envelope commits to.
    #[error("the body is not the one that the envelope commits to")]
    WrongBodyHash,
    /// A valid lead whose body is no lead, or a first lead without settings.
    #[error("a lead whose body is not that of a lead, or a first lead without settings")]
    BadLead,
    /// The record of the checkpoint that reading was resumed from is not on this chain (F-09, F-38).
    #[error("the record at offset {offset} is not the one that the checkpoint names")]
    CheckpointNotOnChain {
        /// The offset that was read.
        offset: u64,
    },
}

impl HaltCause {
    /// A stable name, for messages and alarms.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OffsetGap { .. } => "offset_gap",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::NoFirstLead { .. } => "no_first_lead",
            Self::AcknowledgedHistoryMissing { .. } => "acknowledged_history_missing",
            Self::LeadBeyond { .. } => "lead_beyond",
            Self::EpochBeyond { .. } => "epoch_beyond",
            Self::AnotherLeader { .. } => "another_leader",
            Self::AnotherHistory { .. } => "another_history",
            Self::UnknownBodyVersion { .. } => "unknown_body_version",
            Self::WrongBodyHash => "wrong_body_hash",
            Self::BadLead => "bad_lead",
            Self::CheckpointNotOnChain { .. } => "checkpoint_not_on_chain",
        }
    }
}
