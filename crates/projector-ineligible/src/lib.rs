//! The Ineligible view: known customers that may not be claimed, and why.
