//! Referrals, and the ledger of effects: what is to be done outside, what was done, what failed (DESIGN rule 8).
//!
//! **Duty.** Folds two tables. `referrals` has one row for each claim whose referral policy was asked. `effects` has one row
//! for each intent, mail included, under the id that is its key outside. What became of an effect is read back from the
//! domain's fold of the claim, so ledger and domain cannot differ. [`due_referral_effects`] gives a performer all that it
//! needs to build its request.
//!
//! **Invariants.** Folding, rebuilding and reading perform nothing. A row exists because an event intended it and for no
//! other reason; the domain intends at most one referral and one upgrade for a claim, so the ledger holds no more,
//! whatever is replayed. Effects of imported history are *held*. The customer's person is in the request for an upgrade
//! and in no other, as a closed box.
//!
//! **Absent.** No performer, no retry, no clock: when to try is the performer's, and only `RetryEffect` starts again
//! what has failed.
//!
//! **Start** at [`Referral::apply`](claim_projector::Projector::apply), then [`due_referral_effects`].

mod due;
mod fold;
mod ledger;
mod referrals;

pub use due::{DueEffect, Request, due_referral_effects};
pub use fold::Referral;
pub use ledger::{EffectsQuery, LedgerEntry, StateName, effect, effects};
pub use referrals::{ReferralRow, referral};
