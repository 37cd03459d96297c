//! What an auditor asks: the past as it was, and why.

mod as_of;
mod explain;
