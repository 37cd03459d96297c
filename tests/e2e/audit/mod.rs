//! What an auditor asks: the past as it was.

mod as_of;
