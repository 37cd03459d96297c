//! Tests that need what is not here.

use std::io::Write as _;

/// Says that the running test, or a part of it, did not run, and why: on stderr, also when the test passes. With `CI=true`
/// nothing may be skipped, so it fails there.
///
/// # Panics
/// With `CI=true`.
#[allow(clippy::panic, reason = "for tests only")]
pub fn skipped(reason: &str) {
    let thread = std::thread::current();
    let line = format!("SKIPPED {}: {reason}", thread.name().unwrap_or("a test"));
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line}");
    // Not `eprintln!`, which shows only what failed.
    let _ = writeln!(std::io::stderr(), "{line}");
}
