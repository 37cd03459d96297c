//! What an auditor asks: the past as it was, why, and what if.

mod as_of;
mod explain;
mod what_if;
