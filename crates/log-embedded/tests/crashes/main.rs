//! A crash at every moment: a disk in memory records what the log does to it, and every image that a crash could leave
//! of it is opened by the code that opens a real directory (FAULTS F-14, F-15, F-70 … F-76).
//!
//! `life.rs` is what happens, `moment.rs` what may be left of it, `judge.rs` what must hold then, `flips.rs` every flipped bit, `planted.rs` the proof that
//! all this can fail, `whole.rs` the same with intake, engine and views on top. Start reading in `campaign.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it fails")]

mod campaign;
mod flips;
mod judge;
mod life;
mod moment;
mod planted;
mod recorder;
#[path = "../support/mod.rs"]
mod support;
mod whole;

use claim_log_embedded::Planted;

use campaign::{Campaign, Report};

/// Enough for 100,000 crash images.
const LIVES: u64 = 7;

fn go_through(first: u64, lives: u64) -> Report {
    let all = Campaign { first, lives, stride: 1, planted: Planted::default() };
    all.run().unwrap_or_else(|it| panic!("{it}"))
}

#[test] // F-14, F-15, F-70, F-71, F-72, F-76
fn f_71_a_crash_at_any_moment_loses_nothing_told_and_invents_nothing() {
    let report = go_through(1, LIVES);
    println!("{report}");
    assert!(report.total() >= 100_000, "{report}");
    for what in ["a new segment missing", "any parts of any writes", "the mark torn at a byte"] {
        assert!(report.images.contains_key(what), "{what}: never");
    }
    for what in ["ends cut back", "processes that went on", "segments begun", "syncs that failed"] {
        assert!(report.seen.contains_key(what), "{what}: never");
    }
}

/// `CRASH_SEED=1 CRASH_LIVES=80 cargo test --release -p claim-log-embedded --test crashes -- --ignored --nocapture`
#[test]
#[ignore = "the long run, for a million images and more"]
fn f_71_a_crash_at_any_moment_of_many_lives() {
    let number = |name: &str, default| std::env::var(name).map_or(default, |it| it.parse().unwrap());
    let (seed, lives) = (number("CRASH_SEED", 1), number("CRASH_LIVES", 80));
    let report = go_through(seed, lives);
    println!("seeds {seed} to {}: {report}", seed + lives - 1);
}
