//! Faults that tests plant in a runner, to show that whoever checks it would notice them.
//!
//! Nothing is ever planted without the feature `planted-faults`, which only tests turn on: then [`Planted::has`] is
//! always false, and what stands behind it is not compiled in. A new fault is a variant here, one look at it where the
//! rule is kept, and an arm in `tests/folding/planted.rs` that names what it is found by.

/// A rule that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantedFault {
    /// The checkpoint is committed before the rows that it speaks of.
    CheckpointBeforeView,
    /// The rows are committed without their checkpoint.
    CheckpointForgotten,
    /// A newer runner fences nobody.
    GenerationOverlooked,
    /// The domain's own fold takes another time for new contacts, as a changed `evolve` might.
    EvolvedOtherwise,
}

/// What is planted in a runner: one fault, or nothing.
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
    pub const ALL: [Self; 4] = [
        Self::CheckpointBeforeView,
        Self::CheckpointForgotten,
        Self::GenerationOverlooked,
        Self::EvolvedOtherwise,
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
