//! Moves: by chance for properties, by a fixed seed for golden histories.

use proptest::prelude::*;

use super::Move;

/// Between one and so many moves.
pub(crate) fn moves(most: usize) -> impl Strategy<Value = Vec<Move>> {
    let spoilt = prop_oneof![2 => Just(0), 1 => any::<u16>()];
    let one = (any::<u8>(), any::<u16>(), any::<u8>(), any::<u8>(), any::<u8>(), spoilt);
    let one = one.prop_map(|(what, which, customer, claim, when, spoilt)| Move {
        what,
        which,
        customer,
        claim,
        when,
        spoilt,
    });
    prop::collection::vec(one, 1..most)
}

/// So many moves that are the same on every machine and for ever.
pub(crate) fn fixed(seed: u64, count: usize) -> Vec<Move> {
    let mut state = seed;
    let mut next = move || {
        // SplitMix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = state;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)).to_be_bytes()
    };
    let mut one = || {
        let [what, high, low, customer, claim, when, spoils, spoilt] = next();
        let spoilt = if spoils < 80 { u16::from_be_bytes([spoils, spoilt]) } else { 0 };
        Move { what, which: u16::from_be_bytes([high, low]), customer, claim, when, spoilt }
    };
    (0..count).map(|_| one()).collect()
}
