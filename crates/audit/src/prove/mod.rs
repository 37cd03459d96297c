//! Checkpoints and proofs: what a journal was can be shown to others, and a change to what was shown is found.
//!
//! The chain alone shows changes by anyone who cannot rewrite everything behind them. A checkpoint is signed with a key that
//! the writer of the log need not have, so a log that was re-chained is another one than was signed.

mod checkpoint;
mod extension;
mod inclusion;
mod key;
mod leaves;
mod merkle;
mod tampered;

pub use checkpoint::{Checkpoint, Head, Signed, Statement};
pub use extension::Extension;
pub use inclusion::{Inclusion, MOST_PROOF_BYTES, NotProved, Proved};
pub use key::{Key, NotOfEd25519, PublicKey, Signature};
pub use leaves::Leaves;
pub use tampered::{Kept, tampered};
