//! An observer of one history: own decoder, own fold, own idea of what must hold.
//!
//! It sees what anybody outside sees: the lines of a journal partition, the records of its commands partition, and what
//! askers were told. From these it says what is wrong, as [`Complaint`]s; an empty list means that the histories agree.
//! Written from the design, not from the crates, and knowing none of them.
//!
//! | file | what it answers |
//! |---|---|
//! | [`envelope`], [`record`] | is this line a record, and what does it say |
//! | [`chain`] | is the record valid, void, or a reason to stop |
//! | [`history`] | what was decided in this partition |
//! | [`order`] | is every decision one, in order, and judged at the right time |
//! | [`told`] | does the history hold whatever was told |
//! | [`commands`], [`asked`] | does each command have its one decision, and each decision its command |
//! | [`watermark`] | did any deadline fire before it could |

pub mod asked;
pub mod chain;
pub mod commands;
pub mod complaint;
pub mod envelope;
pub mod history;
pub mod order;
pub mod record;
pub mod told;
pub mod watermark;

pub use commands::Commands;
pub use complaint::Complaint;
pub use envelope::Partition;
pub use history::History;

/// Everything that must hold of one journal partition by itself: it was read to its end, and [`order`] has nothing to say.
#[must_use]
pub fn complaints(history: &History) -> Vec<Complaint> {
    let mut all = history.complaints();
    all.extend(order::complaints(history));
    all
}

/// Everything that must hold of a journal partition and its commands partition, once all commands were decided.
#[must_use]
pub fn complaints_with(history: &History, commands: &Commands) -> Vec<Complaint> {
    let mut all = complaints(history);
    all.extend(commands.complaints(history.partition));
    all.extend(asked::complaints(history, commands));
    all.extend(watermark::complaints(history, commands));
    all
}
