//! The rules of claims.
pub mod identifier;
pub mod ids;
pub mod time;
