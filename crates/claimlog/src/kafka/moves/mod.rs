//! Moving a journal between logs: from a directory to Kafka, and the other way.
//!
//! What moves is every valid record, byte for byte and in the order of its partition, so that sequences, heads and answers
//! stay what they were; what is void stays behind. Identifiers are a chain of their own in a directory and plain bindings on
//! Kafka, so their order moves and their chain is made anew. Afterwards the target is read and compared.
//! Start at [`export()`] and [`import()`].

mod export;
mod import;
mod inputs;
mod report;
mod stand;

pub(crate) use export::export;
pub(crate) use import::import;
pub(crate) use report::{Moved, print};
