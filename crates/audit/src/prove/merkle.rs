//! The Merkle tree of RFC 6962 §2.1: its root, and the two proofs that a verifier checks with hashes alone.
//!
//! The words are those of the RFC: a *path* proves that a leaf is in a tree, a *consistency* proof that one tree is the
//! beginning of another. Leaves are given by their hashes.

use claim_journal::Digest;
use sha2::{Digest as _, Sha256};

/// The hash of a leaf.
pub(crate) fn leaf(data: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(data);
    Digest(hash.finalize().into())
}

fn node(left: Digest, right: Digest) -> Digest {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left.0);
    hash.update(right.0);
    Digest(hash.finalize().into())
}

/// MTH: the root of a tree of these leaves.
pub(crate) fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(root(left), root(right))
        }
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// PATH: the hashes that lead from the leaf at `index` to the root (§2.1.1).
pub(crate) fn path(index: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut below, sibling) =
        if index < at { (path(index, left), root(right)) } else { (path(index - at, right), root(left)) };
    below.push(sibling);
    below
}

/// The root that a path leads to from a leaf; none when the path is not as long as such a tree is deep.
pub(crate) fn root_from(leaf: Digest, index: u64, size: u64, path: &[Digest]) -> Option<Digest> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(*sibling, hash);
            climb_right(&mut at, &mut last);
        } else {
            hash = node(hash, *sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// PROOF: the hashes that show the tree of the first `old` leaves to be the beginning of this one (§2.1.2).
pub(crate) fn consistency(old: usize, leaves: &[Digest]) -> Vec<Digest> {
    if old == 0 || old >= leaves.len() { Vec::new() } else { subproof(old, leaves, true) }
}

fn subproof(old: usize, leaves: &[Digest], whole: bool) -> Vec<Digest> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut proof, sibling) = if old <= at {
        (subproof(old, left, whole), root(right))
    } else {
        (subproof(old - at, right, false), root(left))
    };
    proof.push(sibling);
    proof
}

/// Whether a proof shows that a tree of `old` leaves is the beginning of one of `new` (§2.1.4 of RFC 9162, which spells out
/// the check).
pub(crate) fn is_beginning(old: (u64, Digest), new: (u64, Digest), proof: &[Digest]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == 0 || old_size >= new_size {
        let empty = old_size == 0 && old_root == root(&[]);
        return proof.is_empty() && (empty || old == new);
    }
    let mut hashes = proof.iter().copied();
    let first = if old_size.is_power_of_two() { Some(old_root) } else { hashes.next() };
    let Some(first) = first else { return false };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut of_old, mut of_new) = (first, first);
    for sibling in hashes {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            of_old = node(sibling, of_old);
            of_new = node(sibling, of_new);
            climb_right(&mut at, &mut last);
        } else {
            of_new = node(of_new, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && of_old == old_root && of_new == new_root
}

/// Skips the levels on which the last node has no sibling.
fn climb_right(at: &mut u64, last: &mut u64) {
    while *at & 1 == 0 && *at != 0 {
        *at >>= 1;
        *last >>= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves and roots that implementations of RFC 6962 test with.
    const INPUTS: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test] // RFC 6962 §2.1
    fn the_roots_are_those_of_the_rfcs_test_data() {
        let bytes = |hex: &str| -> Vec<u8> {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        };
        let leaves: Vec<_> = INPUTS.iter().map(|it| leaf(&bytes(it))).collect();
        for (size, expected) in (1..).zip(ROOTS) {
            assert_eq!(root(&leaves[..size]).to_string(), expected);
        }
        assert_eq!(root(&[]).to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    fn leaves(size: u32) -> Vec<Digest> {
        (0..size).map(|it| leaf(&it.to_be_bytes())).collect()
    }

    /// The proof with each of its hashes changed once, one left out, and one too many.
    fn spoilt(proof: &[Digest]) -> Vec<Vec<Digest>> {
        let mut all: Vec<Vec<Digest>> = vec![[proof, &[leaf(b"more")]].concat()];
        for at in 0..proof.len() {
            let mut changed = proof.to_vec();
            changed[at].0[7] ^= 1;
            all.push(changed);
            all.push([&proof[..at], &proof[at + 1..]].concat());
        }
        all
    }

    #[test] // RFC 6962 §2.1.1
    fn a_path_leads_from_its_leaf_to_the_root_and_from_nothing_else() {
        for size in 1..=33 {
            let all = leaves(size);
            let whole = root(&all);
            for index in 0..size {
                let (leaf, path) = (all[index as usize], path(index as usize, &all));
                let to = |leaf, index, size, path: &[Digest]| {
                    root_from(leaf, u64::from(index), u64::from(size), path)
                };
                assert_eq!(to(leaf, index, size, &path), Some(whole), "{index} of {size}");
                assert_ne!(to(whole, index, size, &path), Some(whole).filter(|_| size > 1));
                assert_eq!(to(leaf, size, size, &path), None);
                for other in (0..size).filter(|it| *it != index) {
                    assert_ne!(to(leaf, other, size, &path), Some(whole), "{index} as {other} of {size}");
                }
                for spoilt in spoilt(&path) {
                    assert_ne!(to(leaf, index, size, &spoilt), Some(whole), "{index} of {size}");
                }
            }
        }
    }

    #[test] // RFC 6962 §2.1.2, RFC 9162 §2.1.4.2
    fn a_consistency_proof_holds_for_its_two_trees_only() {
        for new in 1..=33 {
            let all = leaves(new);
            for old in 1..new {
                let (before, after) = (root(&all[..old as usize]), root(&all));
                let proof = consistency(old as usize, &all);
                let (old, new) = (u64::from(old), u64::from(new));
                assert!(is_beginning((old, before), (new, after), &proof), "{old} of {new}");
                assert!(!is_beginning((old, after), (new, after), &proof));
                assert!(!is_beginning((old, before), (new, before), &proof));
                assert!(!is_beginning((new, after), (old, before), &proof));
                for spoilt in spoilt(&proof) {
                    assert!(!is_beginning((old, before), (new, after), &spoilt), "{old} of {new}");
                }
            }
        }
        let (none, some) = ((0, root(&[])), (3, root(&leaves(3))));
        assert!(is_beginning(none, some, &[]) && is_beginning(some, some, &[]));
        assert!(!is_beginning((3, root(&[])), some, &[]) && !is_beginning((0, some.1), some, &[]));
    }
}
