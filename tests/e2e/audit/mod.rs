//! What an auditor asks: the past as it was, why, what if, and proofs for others.

mod as_of;
mod explain;
mod export;
mod prove;
mod what_if;
