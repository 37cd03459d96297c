//! Faults that tests plant in a log, to show that whoever checks it would notice them.
//!
//! Nothing is ever planted without the feature `planted-faults`, which only tests turn on: then [`Planted::has`] is
//! always false, and what stands behind it is not compiled in. A new fault is a variant here, one look at it where the
//! rule is kept, and an arm in `tests/crashes/planted.rs` that names what it is found by.

use claim_journal::{Line, Unreadable};

/// A rule that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantedFault {
    /// What was written is told before it is synced.
    ToldBeforeSynced,
    /// What was written is read before it is synced.
    ReadBeforeSynced,
    /// A sync that failed is asked for again, and then believed.
    SyncAskedAgain,
    /// A short write is taken for a whole one.
    ShortWriteBelieved,
    /// What was written and not confirmed is left where the next start believes it.
    EndNotCutBack,
    /// A new segment is written to before its directory was synced.
    DirectoryNotSynced,
    /// The end is marked before it is durable.
    MarkedBeforeSynced,
    /// A line is appended whether it extends its chain or not.
    ChainNotJudged,
    /// The checksum of a line is not compared.
    ChecksumSkipped,
    /// Whatever is unreadable counts as a torn tail.
    RotTakenForTail,
    /// A hole of zeros counts as torn, though a record behind it says that it was durable.
    HoleTakenForTail,
    /// The mark of the known end is not read.
    MarkOverlooked,
    /// The mark of the known end is believed whatever its checksum says.
    MarkBelieved,
    /// A torn tail stays where it is when the log is opened.
    TailLeft,
    /// What was read at the start is told without a sync.
    StartNotSynced,
    /// The directory is opened though another process holds it.
    LockOverlooked,
}

/// What is planted in a log: one fault, or nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planted {
    #[cfg(feature = "planted-faults")]
    fault: Option<PlantedFault>,
}

impl Planted {
    /// Whether this fault is planted.
    #[cfg(not(feature = "planted-faults"))]
    pub(crate) const fn has(self, _: PlantedFault) -> bool {
        false
    }

    /// Reads a line, as [`Line::parse`] does.
    pub(crate) fn parse(self, bytes: &[u8]) -> Result<Line<'_>, Unreadable> {
        #[cfg(feature = "planted-faults")]
        if self.has(PlantedFault::ChecksumSkipped) {
            return Line::parse_unsummed(bytes);
        }
        Line::parse(bytes)
    }
}

#[cfg(feature = "planted-faults")]
impl PlantedFault {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::ToldBeforeSynced,
        Self::ReadBeforeSynced,
        Self::SyncAskedAgain,
        Self::ShortWriteBelieved,
        Self::EndNotCutBack,
        Self::DirectoryNotSynced,
        Self::MarkedBeforeSynced,
        Self::ChainNotJudged,
        Self::ChecksumSkipped,
        Self::RotTakenForTail,
        Self::HoleTakenForTail,
        Self::MarkOverlooked,
        Self::MarkBelieved,
        Self::TailLeft,
        Self::StartNotSynced,
        Self::LockOverlooked,
    ];
}

#[cfg(feature = "planted-faults")]
impl Planted {
    /// With this fault.
    #[must_use]
    pub const fn with(fault: PlantedFault) -> Self {
        Self { fault: Some(fault) }
    }

    /// Whether this fault is planted.
    pub(crate) fn has(self, fault: PlantedFault) -> bool {
        self.fault == Some(fault)
    }
}
