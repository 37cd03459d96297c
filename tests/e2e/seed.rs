//! Chance that can be repeated: the seed is printed when a test fails, and `E2E_SEED` sets it.

/// A xorshift generator that begins with a seed.
pub(crate) struct Chance(u64);

impl Chance {
    /// One with the seed that `E2E_SEED` names, else another one at each run. What is printed shows when a test fails.
    pub(crate) fn new(test: &str) -> Self {
        let set = std::env::var("E2E_SEED").ok().map(|it| it.parse().expect("E2E_SEED is a number"));
        let seed = set.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            u64::from(now.subsec_nanos()) << 16 | u64::from(std::process::id())
        });
        println!("the same again: E2E_SEED={seed} cargo test -p claimlog --test e2e {test}");
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }
}
