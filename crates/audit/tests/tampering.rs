//! Ten thousand random changes of a journal that checkpoints were signed of, each re-chained to its end by the readers' own
//! rule or left as it is: every one is found, at its record (I-25, F-92).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod support;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use claim_audit::prove::{Checkpoint, Head, Kept, Key, Leaves, tampered};
use claim_audit::{Finding, What};
use claim_domain::time::Instant;
use claim_journal::{Chain, Kind, Lead, Line, Offsets, PartitionId, Pen};
use claim_log::Stored;
use support::{Lines, Writer};

/// How many random changes are made; the test below runs half of them beside each other.
const TAMPERINGS: u64 = 10_000;

/// A number generator that begins with a seed: the same changes on every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end as u64).unwrap()
    }
}

/// A journal, and what was signed of it: once in the middle, once at its end.
struct Signed {
    lines: Lines,
    checkpoints: Vec<Checkpoint>,
    kept: Kept,
    key: Key,
}

static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    let key = Key::of(&[7; 32]);
    let at = |ms: i64| Instant::from_ms(1_767_603_600_000 + ms);
    let read = |lines: &Lines| Leaves::read(lines, Offsets::Positions, &mut |_, _, _| {}).unwrap();
    let mut writer = Writer::new();
    writer.add("one.example", "e-1");
    let first = Checkpoint::sign(&read(&writer.lines), at(0), &key).unwrap();
    writer.send_consent();
    writer.add("two.example", "e-1");
    writer.send_consent();
    let partition = writer.last().0;
    writer.lead(partition, &support::settings(), 1);
    writer.send_consent();
    let leaves = read(&writer.lines);
    let second = Checkpoint::sign(&leaves, at(1), &key).unwrap();
    let kept = leaves.kept().map(|(partition, hashes)| (partition, hashes.to_vec())).collect();
    Signed { lines: writer.lines, checkpoints: vec![first, second], kept, key }
});

/// The records of a partition, taken apart.
struct Parts(Vec<(claim_journal::Envelope, String)>);

impl Parts {
    fn of(lines: &Lines, partition: PartitionId) -> Self {
        let own = lines.0.iter().filter(|it| it.partition == partition);
        let part = |it: &Stored| Line::parse(&it.line).map(|it| (it.envelope, it.body.to_owned())).unwrap();
        Self(own.map(part).collect())
    }

    /// Chains all of them again, as whoever can write everything would: with the leaders' own ids.
    fn chained(&self, partition: PartitionId) -> Option<Vec<Vec<u8>>> {
        let mut chain = Chain::new(partition, Offsets::Count);
        let mut pen: Option<Pen> = None;
        let mut lines = Vec::new();
        for (envelope, body) in &self.0 {
            let entry = match envelope.kind {
                Kind::Lead => {
                    let lead = Lead::decode(body).ok()?;
                    let new = pen.insert(Pen::new(&chain, envelope.journal, envelope.leader));
                    new.lead(&lead.release, lead.rules, lead.settings.as_ref()).ok()?
                }
                kind => pen.as_mut()?.write(kind, envelope.body_version, body, 0).ok()?,
            };
            let mut line = entry.into_bytes();
            line.pop();
            chain.read(chain.next_offset(), &Line::parse(&line));
            lines.push(line);
        }
        Some(lines)
    }
}

/// The journal with these lines in the place of a partition's.
fn replaced(lines: &Lines, partition: PartitionId, own: Vec<Vec<u8>>) -> Lines {
    let mut all = Lines::default();
    let mut own = own.into_iter();
    for stored in &lines.0 {
        let line = if stored.partition == partition { own.next() } else { Some(stored.line.clone()) };
        if let Some(line) = line {
            all.push(stored.partition, [line, b"\n".to_vec()].concat());
        }
    }
    own.for_each(|line| all.push(partition, [line, b"\n".to_vec()].concat()));
    all
}

/// What was done, and the lines of the partition then.
type Tampering = (&'static str, Vec<Vec<u8>>);

/// Changes a record, takes one away, adds one, or cuts; what follows is chained again, or left as it is.
fn tamper(chance: &mut Chance, lines: &Lines, partition: PartitionId) -> Option<Tampering> {
    let mut parts = Parts::of(lines, partition);
    let count = parts.0.len();
    let at = chance.below(count);
    let was: Vec<_> =
        lines.0.iter().filter(|it| it.partition == partition).map(|it| it.line.clone()).collect();
    match chance.below(6) {
        0 | 1 => {
            let body = &mut parts.0[at].1;
            let digits: Vec<_> =
                body.match_indices(|it: char| it.is_ascii_digit()).map(|(it, _)| it).collect();
            let digit = digits.get(chance.below(digits.len().max(1)))?;
            let other = (body.as_bytes()[*digit] - b'0' + 1 + u8::try_from(chance.below(9)).unwrap()) % 10;
            body.replace_range(*digit..=*digit, &other.to_string());
            Some(("a digit, re-chained", parts.chained(partition)?))
        }
        2 => {
            parts.0.remove(at);
            Some(("a record taken out, re-chained", parts.chained(partition)?))
        }
        3 => {
            let other = parts.0[chance.below(count)].clone();
            parts.0.insert(at, other);
            Some(("a copy put in, re-chained", parts.chained(partition)?))
        }
        4 => Some(("cut", was[..at].to_vec())),
        _ => {
            let mut own = was;
            let byte = chance.below(own[at].len());
            own[at][byte] ^= 1 << chance.below(8);
            Some(("a bit, left as it is", own))
        }
    }
}

/// What is found in a changed journal.
fn found(lines: &Lines) -> Vec<Finding> {
    let signed = &*SIGNED;
    let leaves = Leaves::read(lines, Offsets::Positions, &mut |_, _, _| {}).unwrap();
    tampered(&leaves, &signed.checkpoints, &signed.kept, &signed.key.public())
}

/// The place in its partition of the record that a finding names, in the journal as it is now.
fn place(lines: &Lines, finding: &Finding) -> usize {
    let own = lines.0.iter().filter(|it| Some(it.partition) == finding.partition);
    let offsets: Vec<_> = own.map(|it| it.offset).collect();
    match finding.offset {
        Some(offset) => offsets.iter().position(|it| *it == offset).unwrap(),
        None => offsets.len(),
    }
}

fn run(seed: u64, times: u64) -> BTreeMap<&'static str, u64> {
    let signed = &*SIGNED;
    let partitions: Vec<_> = signed.kept.keys().copied().collect();
    let mut chance = Chance(seed);
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut made = 0;
    while made < times {
        let partition = partitions[chance.below(partitions.len())];
        let Some((what, own)) = tamper(&mut chance, &signed.lines, partition) else { continue };
        let was = signed.lines.0.iter().filter(|it| it.partition == partition).map(|it| &it.line);
        let at = was.clone().zip(&own).take_while(|(was, now)| was == now).count();
        if at == was.count() {
            continue; // nothing that was signed is another: a copy of the last record behind it
        }
        let changed = replaced(&signed.lines, partition, own);
        made += 1;
        let findings = found(&changed);
        let first =
            findings.first().unwrap_or_else(|| panic!("not found: {what} in {partition}, seed {seed}"));
        assert_eq!(first.what, What::Tampered, "{what} in {partition}, seed {seed}: {findings:?}");
        assert_eq!(first.partition, Some(partition), "{what}, seed {seed}: {findings:?}");
        assert_eq!(place(&changed, first), at, "{what} in {partition}, seed {seed}: {findings:?}");
        *kinds.entry(what).or_default() += 1;
    }
    kinds
}

#[test] // I-25: at least 10,000 random tamperings, re-chaining included, each located
fn ten_thousand_random_tamperings_are_found_at_their_record() {
    assert_eq!(found(&SIGNED.lines), []);
    let halves = std::thread::scope(|scope| {
        let halves = [0x9e37_79b9, 0xc2b2_ae35].map(|seed| scope.spawn(move || run(seed, TAMPERINGS / 2)));
        halves.map(|it| it.join().unwrap())
    });
    for kinds in halves {
        assert_eq!(kinds.len(), 5, "{kinds:?}");
        assert!(kinds.values().all(|it| *it > 100), "{kinds:?}");
    }
}

#[test] // I-25: the kept hashes are believed only as far as they make a signed root
fn where_the_kept_hashes_are_gone_too_the_checkpoints_tell_from_where_on_to_look() {
    let signed = &*SIGNED;
    let grown = |it: &&Head| {
        let longer = |new: &Head| new.partition == it.partition && new.size > it.size;
        matches!(it.partition, PartitionId::Number(_)) && signed.checkpoints[1].heads.iter().any(longer)
    };
    let head = signed.checkpoints[0].heads.iter().find(grown).unwrap();
    let mut parts = Parts::of(&signed.lines, head.partition);
    let last = parts.0.len() - 1;
    parts.0[last].1 = parts.0[last].1.replacen("p-contoso", "p-adatum", 1);
    let changed = replaced(&signed.lines, head.partition, parts.chained(head.partition).unwrap());
    let leaves = Leaves::read(&changed, Offsets::Positions, &mut |_, _, _| {}).unwrap();
    let forged = leaves.kept().map(|(partition, hashes)| (partition, hashes.to_vec())).collect();
    for kept in [Kept::new(), forged] {
        let findings = tampered(&leaves, &signed.checkpoints, &kept, &signed.key.public());
        let [only] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!(only.partition, Some(head.partition));
        assert_eq!(place(&changed, only), usize::try_from(head.size).unwrap(), "{only:?}");
    }
}

#[test] // I-25: checkpoints that another key signed, or of another journal, are told
fn a_checkpoint_of_somebody_else_is_found() {
    let signed = &*SIGNED;
    let leaves = Leaves::read(&signed.lines, Offsets::Positions, &mut |_, _, _| {}).unwrap();
    let findings = tampered(&leaves, &signed.checkpoints, &signed.kept, &Key::of(&[8; 32]).public());
    assert_eq!(findings.len(), 2, "{findings:?}");
    let mut forged = signed.checkpoints.clone();
    forged[1].heads[0].size -= 1;
    assert!(!tampered(&leaves, &forged, &signed.kept, &signed.key.public()).is_empty());
}
