//! Which record is not what it was when a checkpoint was signed, re-chained or not.

use std::collections::BTreeMap;

use claim_journal::{Digest, PartitionId};

use super::checkpoint::{Checkpoint, Head};
use super::key::PublicKey;
use super::leaves::Leaves;
use super::merkle;
use crate::report::{Finding, What};

/// The hashes of leaves, as they were kept beside the checkpoints. Nobody has to trust them: they are believed as far as
/// they make a signed root.
pub type Kept = BTreeMap<PartitionId, Vec<Digest>>;

/// Compares what was read with every checkpoint, oldest first. What reading itself found is told too.
#[must_use]
pub fn tampered(leaves: &Leaves, signed: &[Checkpoint], kept: &Kept, key: &PublicKey) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (checkpoint, number) in signed.iter().zip(1..) {
        if !checkpoint.is_by(key) {
            let found = format!("checkpoint {number} of {} is not", signed.len());
            findings.push(Finding::new(What::Tampered, "checkpoints signed by this key", found));
        }
        let journal = checkpoint.signed.statement.journal;
        if leaves.journal.is_some_and(|it| it != journal) {
            let found = leaves.journal.map_or_else(String::new, |it| it.to_string());
            findings.push(Finding::new(What::Tampered, format!("journal {journal}"), found));
        }
    }
    let mut heads: BTreeMap<PartitionId, Vec<&Head>> = BTreeMap::new();
    for head in signed.iter().flat_map(|it| &it.heads) {
        heads.entry(head.partition).or_default().push(head);
    }
    for (partition, heads) in heads {
        let (now, kept) = (leaves.hashes(partition), kept.get(&partition).map_or(&[][..], Vec::as_slice));
        findings.extend(branch(leaves, partition, now, &heads, kept));
    }
    // What the reader met is no news where a checkpoint has told it, at that record or before.
    let told: Vec<_> = findings.iter().filter_map(|it| it.partition).collect();
    let unheard = |it: &&Finding| it.partition.is_none_or(|it| !told.contains(&it));
    findings.extend(leaves.wrong.iter().filter(unheard).cloned());
    findings
}

/// The first record of a partition that is not what a head commits to.
fn branch(
    leaves: &Leaves,
    partition: PartitionId,
    now: &[Digest],
    heads: &[&Head],
    kept: &[Digest],
) -> Option<Finding> {
    let makes = |hashes: &[Digest], head: &Head| {
        beginning(hashes, head.size).is_some_and(|it| merkle::root(it) == head.root)
    };
    let broken = heads.iter().find(|it| !makes(now, it))?;
    let finding = |index: usize, expected: String, found: String| {
        let stands = leaves.branches.get(&partition).and_then(|it| it.stands.get(index));
        let stopped = leaves.wrong.iter().find(|it| it.partition == Some(partition));
        Finding {
            partition: Some(partition),
            sequence: stands.map(|it| it.sequence).filter(|it| *it > 0),
            offset: stands.map(|it| it.offset).or(stopped.and_then(|it| it.offset)),
            ..Finding::new(What::Tampered, expected, found)
        }
    };
    if makes(kept, broken) {
        let index = kept.iter().zip(now).take_while(|(kept, now)| kept == now).count();
        let expected =
            kept.get(index).map_or_else(String::new, |it| format!("record {} with hash {it}", index + 1));
        let found = now.get(index).map_or_else(
            || format!("{} records that can be read", now.len()),
            |it| format!("one with hash {it}"),
        );
        return Some(finding(index, expected, found));
    }
    // The kept hashes are not those that were signed, or gone: the checkpoints before tell from where on to look.
    let sound = heads.iter().filter(|it| makes(now, it)).map(|it| it.size).max().unwrap_or(0);
    let expected = format!("records {} to {} with root {}", sound + 1, broken.size, broken.root);
    let found = format!("others, of {} that can be read", now.len());
    Some(finding(usize::try_from(sound).unwrap_or(usize::MAX), expected, found))
}

fn beginning(hashes: &[Digest], size: u64) -> Option<&[Digest]> {
    hashes.get(..usize::try_from(size).ok()?)
}
