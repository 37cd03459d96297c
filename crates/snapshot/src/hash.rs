//! A hash of a set of rows that follows each change of a row, without reading the others.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The sum, in eight lanes of 32 bits, of the SHA-256 of every row: in which order rows came does not matter (AdHash:
/// Bellare and Micciancio, 1997). It finds a wrong fold or a wrong store, no forger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldHash([u32; 8]);

impl FoldHash {
    pub(crate) fn of(key: &[u8], value: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update((key.len() as u64).to_be_bytes());
        hash.update(key);
        hash.update(value);
        let bytes: [u8; 32] = hash.finalize().into();
        let mut lanes = [0; 8];
        for (lane, bytes) in lanes.iter_mut().zip(bytes.chunks_exact(4)) {
            *lane = bytes.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte));
        }
        Self(lanes)
    }

    pub(crate) fn add(&mut self, row: Self) {
        self.0.iter_mut().zip(row.0).for_each(|(lane, it)| *lane = lane.wrapping_add(it));
    }

    pub(crate) fn remove(&mut self, row: Self) {
        self.0.iter_mut().zip(row.0).for_each(|(lane, it)| *lane = lane.wrapping_sub(it));
    }
}

impl fmt::Display for FoldHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|lane| write!(f, "{lane:08x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_rows_does_not_matter_and_every_byte_does() {
        let of = |rows: &[(&str, &str)]| {
            let mut hash = FoldHash::default();
            rows.iter().for_each(|(key, value)| hash.add(FoldHash::of(key.as_bytes(), value.as_bytes())));
            hash
        };
        assert_eq!(of(&[("a", "1"), ("b", "2")]), of(&[("b", "2"), ("a", "1")]));
        assert_ne!(of(&[("a", "1")]), of(&[("a", "2")]));
        assert_ne!(of(&[("ab", "c")]), of(&[("a", "bc")]));
        let mut less = of(&[("a", "1"), ("b", "2")]);
        less.remove(FoldHash::of(b"b", b"2"));
        assert_eq!(less, of(&[("a", "1")]));
    }
}
