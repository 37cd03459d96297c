//! How often, and with which seed: `CLAIMLOG_CASES` and `CLAIMLOG_SEED` set them, and what is printed repeats a run.

use proptest::test_runner::{Config, RngSeed};

/// So many cases, if nothing else is set.
pub(crate) fn cases(usual: u32) -> Config {
    let set = |name: &str| std::env::var(name).ok().map(|it| it.parse::<u64>().expect("a number"));
    let cases = set("CLAIMLOG_CASES").map_or(usual, |it| u32::try_from(it).expect("fewer cases"));
    let seed = set("CLAIMLOG_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
    println!("the same again: CLAIMLOG_SEED={seed} CLAIMLOG_CASES={cases}");
    Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() }
}
