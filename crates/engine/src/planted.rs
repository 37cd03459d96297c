//! Faults that tests plant in an engine, to show that whoever checks it would notice them.
//!
//! Nothing is ever planted without the feature `planted-faults`, which only tests turn on: then [`Planted::has`] is
//! always false, and what stands behind it is not compiled in. A new fault is a variant here, one look at it where the
//! rule is kept, and an arm in `tests/shared/planted.rs` that names what it is found by.

/// A rule that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantedFault {
    /// A leader starts at the offset that its group committed, not behind the highest input that was decided.
    ResumeAtCommitted,
    /// What is acknowledged is told, wherever it landed.
    TellWhenAcknowledged,
    /// The rule of void records is off: what is void counts all the same.
    CountVoid,
    /// A leader writes two different records for each sequence.
    WriteTwice,
    /// No answer is permanent: what was answered is decided again.
    AnswersForgotten,
    /// An id that was answered for another body is decided for this one.
    ReuseDecided,
    /// A deadline fires twice.
    FireTwice,
    /// A deadline fires before it is promised that nothing earlier is to come.
    FireUnpromised,
    /// A command is judged before the deadlines of its customer that were due when it came.
    TouchNothing,
    /// A command is judged when it was received, though its customer was judged later before.
    TimeGoesBack,
}

/// What is planted in an engine: one fault, or nothing.
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
}

#[cfg(feature = "planted-faults")]
impl PlantedFault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ResumeAtCommitted,
        Self::TellWhenAcknowledged,
        Self::CountVoid,
        Self::WriteTwice,
        Self::AnswersForgotten,
        Self::ReuseDecided,
        Self::FireTwice,
        Self::FireUnpromised,
        Self::TouchNothing,
        Self::TimeGoesBack,
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
