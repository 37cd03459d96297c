//! Every bit of a log and of what stands beside it, flipped by itself: named, cut off and reported, or harmless.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use claim_journal::Line;
use claim_log_embedded::Damage;

use crate::support::disk::FaultyDisk;
use crate::support::{DATA, Hands, mark, open, reader, segment, small_segments};

/// What became of the bits, by where they stand.
#[derive(Default)]
struct Flips {
    bits: BTreeMap<(&'static str, &'static str), u64>,
    /// How many of them a whole scan looked at.
    scanned: u64,
}

impl Flips {
    fn add(&mut self, place: &'static str, fate: &'static str) {
        *self.bits.entry((place, fate)).or_default() += 1;
    }

    fn add_all(&mut self, other: Self) {
        other.bits.into_iter().for_each(|(key, count)| *self.bits.entry(key).or_default() += count);
        self.scanned += other.scanned;
    }
}

impl fmt::Display for Flips {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: u64 = self.bits.values().sum();
        writeln!(f, "{all} flipped bits, {} of them by a scan of the whole log", self.scanned)?;
        self.bits.iter().try_for_each(|((place, fate), count)| writeln!(f, "  {count:>9} in {place}: {fate}"))
    }
}

/// A log of at least `len` bytes in segments of `segment_bytes`, its records and a clean stop.
fn log_of(len: usize, segment_bytes: u64) -> (FaultyDisk, Vec<(u64, Vec<u8>)>) {
    let disk = FaultyDisk::default();
    let (log, _) = crate::support::open_with(&disk, &small_segments(segment_bytes)).unwrap();
    let mut hands = Hands::new();
    let mut nth = 0;
    while log.end() < len as u64 {
        hands.fill(&log, 1, 60 + nth % 90);
        nth += 1;
    }
    log.close().unwrap();
    (disk, hands.told)
}

/// Which part of a line a byte of it is in; its line feed stands behind it.
fn place(line: &[u8], byte: usize) -> &'static str {
    let crc = line.len() - ",\"crc\":\"00000000\"}".len();
    let body = Line::parse(line).unwrap().body;
    match byte {
        _ if byte == line.len() => "line feeds",
        _ if byte >= crc => "checksums",
        _ if byte >= crc - body.len() => "bodies",
        _ => "envelopes",
    }
}

/// No flipped bit leaves the first line readable that it touches, so a scan, which stops at the first unreadable line,
/// stops there. That it does, a scan looks at for one bit in `scanned`, and for every line feed.
fn flip_every_bit(len: usize, segment_bytes: u64, scanned: usize) -> Flips {
    let (disk, records) = log_of(len, segment_bytes);
    let flips = Mutex::new(Flips::default());
    let processors = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for share in records.chunks(records.len().div_ceil(processors)) {
            let (disk, flips, last) = (disk.after_kill(), &flips, records.last().unwrap().0);
            scope.spawn(move || {
                let mut mine = Flips::default();
                share.iter().for_each(|it| flip_line(&disk, it, last, scanned, &mut mine));
                flips.lock().unwrap().add_all(mine);
            });
        }
    });
    let mut flips = flips.into_inner().unwrap();
    flip_beside(&disk, records.len() as u64, &mut flips);
    flips
}

fn flip_line(
    disk: &FaultyDisk,
    (offset, line): &(u64, Vec<u8>),
    last: u64,
    scanned: usize,
    flips: &mut Flips,
) {
    let path = disk.segment_of(*offset);
    let base: u64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let mut bytes = disk.content(&path);
    let whole = bytes.clone();
    let (start, end) = ((*offset - base) as usize, (*offset - base) as usize + line.len());
    let known_end = disk.content(&mark());
    for bit in start * 8..(end + 1) * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let touched = bytes[start..].split(|&it| it == b'\n').next().unwrap();
        let ends_without = start + touched.len() == bytes.len();
        assert!(Line::parse(touched).is_err() || ends_without, "bit {bit} of {}", path.display());
        let fate = "damage, named with its file and byte";
        flips.add(place(line, bit / 8 - start), fate);
        if bit % scanned == 0 || bit / 8 == end {
            disk.put(&path, &bytes);
            flips.scanned += 1;
            let found = reader(disk).scan(0).unwrap();
            assert_eq!(found.damage.map(|it: Damage| it.at.offset), Some(*offset), "bit {bit}");
            if *offset == last {
                disk.remove(&mark());
                let found = reader(disk).scan(0).unwrap();
                assert_eq!(found.tail.map(|it| it.offset), Some(*offset), "bit {bit}");
                flips.add(
                    "the last record, when the mark is gone too",
                    "cut off as a torn tail, and reported",
                );
                disk.put(&mark(), &known_end);
            }
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    disk.put(&path, &whole);
}

/// The mark of the known end and the lock.
fn flip_beside(disk: &FaultyDisk, records: u64, flips: &mut Flips) {
    for (path, name) in [(mark(), "the mark"), (Path::new(DATA).join("lock"), "the lock")] {
        let whole = disk.content(&path);
        for bit in 0..whole.len().min(64) * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let rotten = disk.after_kill();
            rotten.put(&path, &bytes);
            assert_eq!(open(&rotten).unwrap().1.records, records, "bit {bit} of {name}");
            flips.add(name, "harmless, every record is read");
        }
    }
}

#[test] // issue 3 item 9
fn f_73_every_flipped_bit_of_a_log_of_64_kib_is_named_or_harmless() {
    println!("{}", flip_every_bit(64 << 10, 20_000, 401));
}

/// `cargo test --release -p claim-log-embedded --test crashes -- --ignored --nocapture f_73`
#[test]
#[ignore = "the long run, for a log of 1 MiB"]
fn f_73_every_flipped_bit_of_a_log_of_1_mib_is_named_or_harmless() {
    println!("{}", flip_every_bit(1 << 20, 100_000, 401));
}

#[test]
fn f_75_segments_doubled_or_of_another_log_are_named() {
    let (disk, records) = log_of(10_000, 2_000);
    let bases: Vec<u64> =
        records.iter().map(|it| it.0).filter(|it| disk.paths().contains(&segment(*it))).collect();
    let end = records.last().map(|(offset, line)| offset + line.len() as u64 + 1).unwrap();
    let named = |disk: &FaultyDisk| reader(disk).scan(0).unwrap().damage.unwrap().at.offset;

    let doubled = disk.after_kill();
    doubled.put(&segment(end), &disk.content(&segment(bases[1])));
    assert_eq!(named(&doubled), end, "the same records once more");

    // The same bytes but for the journal's name and what follows from it.
    let other = FaultyDisk::default();
    let (log, _) = crate::support::open_with(&other, &small_segments(2_000)).unwrap();
    let mut hands = Hands::of_journal(6);
    (0..records.len()).for_each(|nth| hands.fill(&log, 1, 60 + nth % 90));
    log.close().unwrap();
    for &base in &bases {
        let mixed = disk.after_kill();
        mixed.put(&segment(base), &other.content(&segment(base)));
        let at = named(&mixed);
        // A log that begins as another one is that one, up to where it goes on as this one.
        assert!(at == base || (base == 0 && at == bases[1]), "segment {base} of another log, named at {at}");
    }
}
