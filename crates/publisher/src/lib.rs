//! The publisher: the journal as public events, for whoever analyses claims downstream.
//!
//! **Duty.** A [`CloudEvent`] is one event of the journal in the shape of CloudEvents 1.0, with where it stands. An
//! [`Events`] reads a log and yields them from a [`Cursor`](claim_journal::Cursor) on, each with the cursor after it
//! (CONTRACT §4, "events --from CURSOR"). Each partition keeps its order, and a log of one file keeps the order of all.
//!
//! **Invariants.** What is not a valid record is never published (I-26). An id is made of the position, so the same
//! event has the same id whenever it is published, and whoever reads at least once can tell a repeat. A cursor never
//! stands within a decision: an event that is not the last of its decision carries the cursor before it, so that going
//! on from any event loses none, and repeats at most those of its decision.
//!
//! Where the log has topics, [`publish`] writes events and outcomes to theirs, going on from the last record of its
//! output: after a crash the same ids may come again, and nothing is lost or reordered.
//!
//! **Absent.** Nothing is opened: personal data stays in its boxes (DESIGN §7). No transactions.
//!
//! **Start** at [`Events::next`], then [`publish`].

mod cloud_event;
mod events;
mod publication;
mod publisher;
mod records;

pub use cloud_event::CloudEvent;
pub use events::{Events, PublishError};
pub use publisher::{PublisherParts, PublisherStatus, publish};
