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
//! [`strict::read`], then [`seal::seal`].

pub mod canonical;
pub mod digest;
pub mod directory;
pub mod email;
pub mod json;
pub mod keys;
pub mod ports;
pub mod problem;
pub mod seal;
pub mod strict;
