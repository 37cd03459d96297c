//! What stands on the log: envelope, lead, decision, binding, and the rule that tells valid from void.
//!
//! **Duty.** A record is one line of JSON, spelt one way only ([`Line`]). Its [`Envelope`] carries all that is needed to
//! judge it; its body is a text here, and typed in [`Lead`] and [`Binding`]. A [`Chain`] is the fold of
//! one partition: every reader, on every log, judges by [`Chain::judge`] and by nothing else. A [`Pen`] writes records
//! that extend a chain, and looks at each with the readers' eyes before it gives it away (DESIGN §5).
//!
//! **Absent.** No I/O, no clock, no randomness: ids are given, offsets are numbers. No knowledge of what a log is, and
//! of the domain nothing but the shapes that stand in bodies.
//!
//! **Start** at [`Chain::judge`] and the tables of tests in `tests/rule.rs`; then [`Line::parse`] and [`Pen::write`].

mod binding;
pub mod canonical;
mod chain;
mod correlation;
mod cursor;
mod decision;
mod digest;
mod entry;
mod envelope;
mod forwarded;
mod ids;
mod lead;
mod line;
mod outcome;
mod pen;
mod retold;
mod routed;
mod spelling;
mod verdict;

pub use binding::Binding;
pub use chain::{Chain, Checkpoint, Offsets};
pub use correlation::{Correlation, NotCorrelation};
pub use cursor::{Cursor, NotACursor};
pub use decision::{Asked, AskedAs, Cause, Content, Decision, Named, ProgramPosition, Ruling, SpeltDecision};
pub use digest::{Digest, Head, NotADigest};
pub use entry::Entry;
pub use envelope::{Envelope, FORMAT, Kind};
pub use forwarded::{Forwarded, InboxTick};
pub use ids::{JournalId, LeaderId, NotAPartition, PartitionId};
pub use lead::{Lead, Settings};
pub use line::{Line, Record, Unreadable};
pub use outcome::{Outcome, OutcomeKind, Position};
pub use pen::{Pen, PenError};
pub use retold::{Retold, RetoldCommand, RetoldEvent, RetoldRuling};
pub use routed::{Route, Routed, Tick};
pub use verdict::{HaltCause, Verdict, VoidCause};
