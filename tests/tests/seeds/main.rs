//! The seeds of the fuzz targets, as ordinary tests: every decoder ends, and what it takes reads again as the same.
//!
//! The decoders are those of `tests/fuzz`, which needs a nightly compiler for the rest. Start there, in `decoders.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

#[path = "../../fuzz/decoders.rs"]
mod decoders;

use std::collections::BTreeSet;
use std::fs;

use claim_tests::root;

/// A decoder, which says whether it takes these bytes.
type Decoder = fn(&[u8]) -> bool;

/// The targets, each with its decoder.
const TARGETS: [(&str, Decoder); 5] = [
    ("command", decoders::command),
    ("record", decoders::record),
    ("directory", decoders::directory),
    ("configuration", decoders::configuration),
    ("cursor", decoders::cursor),
];

/// The seeds of a target, each with its name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("tests/fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let paths = files.map(|it| it.unwrap().path());
    paths.map(|it| (it.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&it).unwrap())).collect()
}

#[test] // F-28
fn f_28_every_seed_is_taken_or_refused_and_each_target_has_both() {
    for (target, decode) in TARGETS {
        let (taken, refused): (Vec<_>, Vec<_>) = seeds(target).into_iter().partition(|it| decode(&it.1));
        println!("{target}: {} seeds taken, {} refused", taken.len(), refused.len());
        assert!(!taken.is_empty() && !refused.is_empty(), "{target}");
    }
}

#[test] // F-28, F-73
fn f_28_every_seed_cut_anywhere_or_with_any_byte_changed_is_taken_or_refused() {
    for (target, decode) in TARGETS {
        for (_, seed) in seeds(target) {
            // Every place of a short seed, and about a hundred of a long one.
            for at in (0..seed.len()).step_by(seed.len() / 100 + 1) {
                decode(&seed[..at]);
                for other in [0, b'"', b'9', b'\\', seed[at] ^ 0x20, 0xff] {
                    let mut changed = seed.clone();
                    changed[at] = other;
                    decode(&changed);
                }
            }
        }
    }
}

#[test]
fn every_decoder_has_a_fuzz_target() {
    let manifest = fs::read_to_string(root().join("tests/fuzz/Cargo.toml")).unwrap();
    let named: BTreeSet<&str> =
        manifest.lines().filter_map(|it| it.strip_prefix("path = \"targets/")).collect();
    let expected: BTreeSet<String> = TARGETS.iter().map(|(name, _)| format!("{name}.rs\"")).collect();
    assert_eq!(named, expected.iter().map(String::as_str).collect());
    for (name, _) in TARGETS {
        let target = fs::read_to_string(root().join(format!("tests/fuzz/targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("decoders::{name}(bytes)")), "{name}");
    }
}
