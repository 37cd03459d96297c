//! Referrals, and the ledger of effects intended, done and failed.
