//! From bytes to routed commands: strict decoding, identity, facts, sealing.
//!
//! # Duty
//! A command's line is read into one tree ([`strict`]), once; identifiers in it become canonical ([`canonical`],
//! [`email`]), what is known outside is asked for ([`ports`], [`directory`]), personal texts become closed boxes
//! ([`keys`], [`seal`]); only then is the tree decoded into the typed command. What cannot become a command is answered
//! with a [`problem`].
//!
//! # Deliberately absent
//! - No rule about claims: what a well-formed command is allowed to do is decided in the domain. A blank name is not
//!   a problem, a name that is not text is.
//! - No personal data leaves this crate unsealed, in an error or a `Debug` either; problems alone go back to who asked.
//! - No look-up without an end: every question to the outside has a time-out ([`ports::WithTimeout`]).
//!
//! # Where to start
//! [`Intake::take`], then [`strict::read`] and [`seal::seal`].

mod admit;
mod answer;
mod asking;
mod bindings;
pub mod canonical;
mod clock;
pub mod digest;
pub mod directory;
pub mod email;
mod forward;
mod identity;
mod index;
mod intake;
pub mod json;
pub mod keys;
mod lookup;
mod nominate;
mod persistent;
mod personal;
pub mod ports;
pub mod problem;
pub mod relay;
pub mod schema;
pub mod seal;
mod shared_keys;
mod sources;
pub mod strict;
mod turning;

pub use answer::{Answer, Pending, ProblemLine, ProblemWord};
pub use asking::Door;
pub use bindings::{Bindings, Bound, IdentityPartition, Progress};
pub use clock::Mode;
pub use intake::{FileTimes, Input, Intake, Parts, Remembered, UnreadableBinding};
pub use nominate::{Nominated, nominate};
pub use personal::{Person, PlainText};
pub use shared_keys::are_shared;
pub use sources::{NotSources, Sources};
