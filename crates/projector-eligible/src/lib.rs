//! The Eligible view: open claims, and known customers that may be claimed.
