//! Architecture tests: what the tree promises about itself, checked over the tree.
//!
//! Each module holds one promise: a pure check from text to complaints, the test that runs it over the tree,
//! and a test that shows the check can fail. Nothing here builds or runs the program.
//! Start reading in `who_knows_whom`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod code;
mod headers;
mod layout;
mod numbers;
mod purity;
mod readme;
mod rule_table;
mod switches;
mod tree;
mod who_knows_whom;
mod wording;

/// Fails with every complaint on a line of its own.
fn assert_clean(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaint(s):\n{}", complaints.len(), complaints.join("\n"));
}

/// Asserts that a check complained exactly once, and about `what`.
fn assert_complains(complaints: &[String], what: &str) {
    assert!(
        matches!(complaints, [only] if only.contains(what)),
        "expected one complaint about {what:?}, got {complaints:#?}"
    );
}
