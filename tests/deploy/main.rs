//! What stands in `deploy/` is read by a parser and held to what it promises: pinned images, loopback addresses, options and
//! routes that exist, one list of metrics.
//!
//! Each module holds one kind of file: a pure check from text to complaints, the test over the tree, and a test that shows
//! that the check can fail. Nothing here starts a container.
//! Start reading in `options`, which knows the command line as `help` reads it from the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod compose;
mod help;
mod images;
mod kubernetes;
mod operating;
mod options;
mod schema;
mod unit;
mod watching;
mod yaml;

/// A file below `deploy`.
fn file(path: &str) -> String {
    let whole = claim_tests::root().join("deploy").join(path);
    std::fs::read_to_string(&whole).unwrap_or_else(|why| panic!("{path} cannot be read: {why}"))
}

/// The paths of all files below a folder of `deploy`, from that folder, sorted.
fn files(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(claim_tests::root().join("deploy").join(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .map(|it| format!("{folder}/{it}"))
        .collect();
    names.sort();
    names
}

/// Fails with every complaint on a line of its own.
#[track_caller]
fn assert_clean(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaint(s):\n{}", complaints.len(), complaints.join("\n"));
}

/// Asserts that a check complained exactly once, and about `what`.
#[track_caller]
fn assert_complains(complaints: &[String], what: &str) {
    assert!(
        matches!(complaints, [only] if only.contains(what)),
        "expected one complaint about {what:?}, got {complaints:#?}"
    );
}
