//! Effects: what events intend is done outside, and what came of it is reported as a command (DESIGN rule 8).
//!
//! **Duty.** A [`Performer`] takes what is [`Due`] on the ledger, asks the port [`Referrals`] for it with bounded
//! parallelism, tries again after longer and longer pauses, and yields each result as a command of `service:effects`
//! (R-078 … ). The shapes of the requests are those of the referrals API ([`wire`], DOMAIN §5.2).
//! [`LocalReferrals`] is the port's stand-in: **it sends nothing**, it writes what it would send to a file.
//!
//! **Invariants.** An effect has one key outside, its id. Whoever performs looks for that key first, so that a crash
//! between doing and recording does nothing twice. A result has the id UUIDv5(effect id `/` attempt), so that reporting
//! it again is answered and not decided again. Closed boxes stay closed in every file of ours.
//!
//! **Absent.** No ledger: what is due is said by the projector of referrals. No mail: its intents are not of a kind that
//! a [`Request`](claim_projector_referral::Request) can be, they wait. No clock but pauses, which are injected, and no randomness in them. No decision
//! whether an effect should be done: held and failed ones are simply not given.
//!
//! **Start** at [`Performer::perform`], then `local.rs` for what "once" rests on.

mod due;
mod local;
mod performer;
mod port;
mod result;
mod schedule;
pub mod wire;

pub use due::Due;
pub use local::{LocalReferrals, OpenError};
pub use performer::{Performed, Performer};
pub use port::{Failure, Referrals, Standing, Upgraded};
pub use schedule::{Pause, Schedule, Sleep};
