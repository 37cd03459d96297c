//! How fast an audit is; to be run by hand: `cargo test --release -p claim-audit --test speed -- --ignored --nocapture`.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Instant;

use support::Writer;

#[test]
#[ignore = "a figure, not a check of behaviour"]
fn decisions_a_second() {
    let mut writer = Writer::new();
    for nth in 0..12_000 {
        writer.whole_claim(&format!("w{nth}.example"));
    }
    let begun = Instant::now();
    let report = writer.report();
    assert!(report.holds);
    let bytes: usize = writer.lines.0.iter().map(|it| it.line.len()).sum();
    let micros = begun.elapsed().as_micros();
    let decisions = report.checked.decisions;
    let each = u128::from(decisions) * 1_000_000 / micros;
    println!("{decisions} decisions, {bytes} bytes in {micros} µs: {each} decisions/s");
}
