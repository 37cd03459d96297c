//! What a log is: the traits, their errors, and the suite every log must pass.
//!
//! **Duty.** A log stores lines, each for a partition, and gives them back in the order of the partition. [`Log`] appends,
//! [`ReadLog`] reads; both are small enough for one directory of files and for a cluster of brokers (DESIGN §4, §5).
//! [`Inbox`] and [`Outlet`] are the topics around it, where there are brokers (DESIGN §6). [`way`] tells how a command passes.
//!
//! **Invariants.** Receipts of a partition are told in the order of its appends. [`Receipt::Appended`] means durable, and nothing that is
//! not durable is read through the handle that appends. What is unclear stays so until it was read.
//!
//! **Absent.** No meaning: a log does not decode bodies, lead, decide or retry. Whether a stored line counts is said by
//! [`claim_journal::Chain`], since on some logs void records are stored too. No async: an append returns at once and
//! its receipt is told later, on a thread of the log.
//!
//! **Start** at [`Log`]; the feature `contract` adds the suite, the other half of the definition.

mod append;
#[cfg(feature = "contract")]
pub mod contract;
mod feed;
mod flight;
mod judged;
mod read;
mod topics;
pub mod way;

pub use append::{Batch, Log, Receipt, Tell, Unclear};
pub use feed::{Feed, TellOutcome, Told, Unavailable};
pub use flight::{Flight, Underway};
pub use judged::{JudgeError, Judged, Judging, beginning};
pub use read::{LogError, ReadLog, Records, Start, Stored};
pub use topics::{
    Arrivals, Change, Headers, Inbox, Membership, Outgoing, Outlet, Place, Received, TellOffset,
};
