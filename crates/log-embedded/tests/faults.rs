//! What the disk does to a log, and what is left of it (FAULTS F-70 … F-78).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it fails")]

mod support;

use std::io::ErrorKind;

use claim_journal::PartitionId;
use claim_log::{Receipt, Unclear};
use claim_log_embedded::{DamageCause, OpenError};

use support::disk::{Fault, FaultyDisk, Operation, Random};
use support::*;

/// A log of `count` records of `size` bytes, closed, and what was told of it.
fn filled(count: usize, size: usize, segment_bytes: u64) -> (FaultyDisk, Hands) {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &small_segments(segment_bytes)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, count, size);
    log.close().unwrap();
    (disk, hands)
}

/// The damage that opening finds; nothing may be changed by it.
fn damage(disk: &FaultyDisk) -> claim_log_embedded::Damage {
    let before: Vec<_> = disk.paths().iter().map(|it| disk.content(it)).collect();
    match open(disk) {
        Err(OpenError::Damaged { damage, .. }) => {
            let lock = std::path::Path::new(DATA).join("lock");
            let after: Vec<_> = disk.paths().iter().map(|it| disk.content(it)).collect();
            let unchanged = disk
                .paths()
                .iter()
                .zip(before.iter().zip(&after))
                .all(|(path, (old, new))| *path == lock || old == new);
            assert!(unchanged, "a damaged log is left as it is");
            *damage
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("a damaged log was opened"),
    }
}

#[test]
fn f_70_a_full_disk_at_every_byte_loses_nothing_and_recovers() {
    for capacity in (0..4_000).step_by(97) {
        let disk = FaultyDisk::default();
        disk.set_capacity(Some(capacity));
        let (log, _) = open(&disk).unwrap();
        let mut hands = Hands::new();
        let mut nth = 0;
        let receipt = loop {
            match hands.one(&log, nth, 100) {
                Receipt::Appended { .. } => nth += 1,
                other => break other,
            }
        };
        assert_eq!(receipt, Receipt::Unclear(Unclear::NoSpace));
        assert_eq!(log.dead(), Some(Unclear::NoSpace));
        assert_eq!(read_all(&*log), hands.told, "reads go on");
        disk.set_capacity(None);
        let again = Receipt::Unclear(Unclear::NoSpace);
        assert_eq!(hands.one(&log, 0, 100), again, "though there is space again: first it is read anew");
        log.close().unwrap();
        let (log, opened) = open(&disk).unwrap();
        assert_eq!(opened.cut, None, "it was cut back at once");
        assert_eq!(read_all(&*log), hands.told);
        Hands::taking_over(&opened.chains, hands.told).fill(&log, 3, 100);
    }
}

#[test]
fn f_71_a_torn_write_at_every_byte_leaves_the_acknowledged_prefix() {
    let (disk, hands) = filled(9, 60, 1 << 20);
    let whole = disk.content(&segment(0));
    for len in 0..=whole.len() {
        let torn = disk.after_kill();
        torn.put(&segment(0), &whole[..len]);
        torn.remove(&mark());
        let (log, opened) = open(&torn).unwrap();
        let kept: Vec<_> = hands
            .told
            .iter()
            .filter(|(offset, line)| offset + (line.len() as u64) < len as u64)
            .cloned()
            .collect();
        assert_eq!(read_all(&*log), kept, "cut at {len}");
        let end = kept.last().map_or(0, |(offset, line)| offset + line.len() as u64 + 1);
        assert_eq!((opened.end, opened.records), (end, kept.len() as u64));
        match opened.cut {
            Some(cut) => assert_eq!((cut.offset, cut.bytes), (end, len as u64 - end)),
            None => assert_eq!(end, len as u64),
        }
        assert_eq!(torn.content(&segment(0)).len() as u64, end, "the tail is gone");
        Hands::taking_over(&opened.chains, kept).fill(&log, 2, 60);
    }
}

#[test]
fn f_71_a_power_failure_at_any_moment_keeps_what_was_told() {
    let mut torn = 0;
    for seed in 0..300 {
        let mut random = Random(seed);
        let disk = FaultyDisk::default();
        let (log, _) = open_with(&disk, &small_segments(6_000)).unwrap();
        let mut hands = Hands::new();
        hands.fill(&log, 3 + random.below(20), 400);
        // A group is under way when the power fails: written, and its sync never returned.
        disk.hold_syncs();
        let group: Vec<_> = (0..1 + random.below(12))
            .map(|nth| PartitionId::Number((nth % 4) as u16))
            .map(|partition| {
                let line = hands.line(partition, 700);
                append(&log, partition, vec![line])
            })
            .collect();
        while !disk.has_unsynced() {
            std::thread::yield_now();
        }
        let image = disk.after_power_failure(&mut random);
        disk.release_syncs();
        let (after, opened) =
            open_with(&image, &small_segments(6_000)).unwrap_or_else(|it| panic!("seed {seed}: {it:?}"));
        let read = read_all(&*after);
        assert_eq!(read[..hands.told.len()], hands.told, "seed {seed}");
        torn += usize::from(opened.cut.is_some());
        Hands::taking_over(&opened.chains, read).fill(&after, 3, 50);
        drop(group);
    }
    assert!(torn > 30, "the images really are torn: {torn}");
}

#[test]
fn f_71_what_a_killed_process_had_written_is_kept() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 5, 50);
    let killed = disk.after_kill();
    let (log, opened) = open(&killed).unwrap();
    assert_eq!((opened.cut, opened.records), (None, 5));
    assert_eq!(read_all(&*log), hands.told);
}

#[test]
fn f_71_what_was_read_at_the_start_is_durable_from_then_on() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 5, 50);
    disk.hold_syncs();
    let line = hands.line(PartitionId::Number(0), 50);
    let _told = append(&log, PartitionId::Number(0), vec![line]);
    while !disk.has_unsynced() {
        std::thread::yield_now();
    }
    let killed = disk.after_kill();
    disk.release_syncs();
    let (log, opened) = open(&killed).unwrap();
    assert_eq!(opened.records, 6, "written, though it was not told");
    assert!(!killed.has_unsynced(), "now it may be told");
    drop(log);
}

#[test]
fn f_72_after_one_failed_sync_nothing_is_acknowledged_any_more() {
    for nth in 0..6 {
        let disk = FaultyDisk::default();
        let (log, _) = open(&disk).unwrap();
        disk.fail(Operation::Sync, nth, ErrorKind::Other);
        let mut hands = Hands::new();
        for before in 0..nth {
            assert!(matches!(hands.one(&log, before, 50), Receipt::Appended { .. }));
        }
        assert_eq!(hands.one(&log, nth, 50), Receipt::Unclear(Unclear::SyncFailed));
        assert_eq!(log.dead(), Some(Unclear::SyncFailed));
        let syncs = disk.count(Operation::Sync);
        let other = PartitionId::Program;
        for _ in 0..3 {
            let line = hands.line(other, 50);
            let receipts = hands.append(&log, vec![(other, line)]);
            assert_eq!(receipts, [Receipt::Unclear(Unclear::SyncFailed)], "though the disk works again");
        }
        assert_eq!(disk.count(Operation::Sync), syncs, "a dead log does not ask again");
        assert_eq!(read_all(&*log), hands.told);
        log.close().unwrap();
        let (log, _) = open(&disk.after_kill()).unwrap();
        assert_eq!(read_all(&*log), hands.told, "what was not confirmed is not believed from memory");
    }
}

#[test]
fn f_72_any_failing_write_ends_the_log_with_its_reason() {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 4, 50);
    disk.fail(Operation::Write, 0, ErrorKind::PermissionDenied);
    assert!(matches!(hands.one(&log, 4, 50), Receipt::Unclear(Unclear::Io(_))));
    assert_eq!(read_all(&*log), hands.told);
}

#[test]
fn f_73_and_f_74_rot_in_the_middle_is_damage_and_a_torn_tail_is_cut() {
    let (disk, hands) = filled(8, 60, 1 << 20);
    let whole = disk.content(&segment(0));
    for (nth, (offset, line)) in hands.told.iter().enumerate() {
        for at in [0, 40, line.len() / 2, line.len() - 1, line.len()] {
            let rotten = disk.after_kill();
            let mut bytes = whole.clone();
            bytes[*offset as usize + at] ^= 4;
            rotten.put(&segment(0), &bytes);
            // The mark of the clean stop knows every record.
            assert_eq!(damage(&rotten).at.offset, *offset, "record {nth}, byte {at}");
            rotten.remove(&mark());
            // A line feed that is gone makes one bad line of two.
            let last = nth + 1 == hands.told.len() || (at == line.len() && nth + 2 == hands.told.len());
            if last {
                let scan = reader(&rotten).scan(0).unwrap();
                assert_eq!(scan.tail.unwrap().offset, *offset);
                assert!(scan.damage.is_none());
                let (_, opened) = open(&rotten).unwrap();
                assert_eq!(opened.cut.unwrap().offset, *offset);
            } else {
                let found = damage(&rotten);
                assert_eq!((found.at.offset, found.at.byte), (*offset, *offset));
                assert_eq!(found.at.segment, "00000000000000000000.ndjson");
                assert!(matches!(found.cause, DamageCause::Unreadable(_)), "{found:?}");
            }
        }
    }
}

#[test]
fn f_73_rot_in_any_segment_is_told_with_its_file_and_byte() {
    let (disk, hands) = filled(30, 60, 2_000);
    let bases: Vec<u64> = disk
        .paths()
        .iter()
        .filter_map(|it| it.file_name()?.to_str()?.strip_suffix(".ndjson")?.parse().ok())
        .collect();
    assert!(bases.len() > 5);
    disk.remove(&mark());
    for (offset, _) in &hands.told[..hands.told.len() - 1] {
        let base = *bases.iter().filter(|it| *it <= offset).max().unwrap();
        let rotten = disk.after_kill();
        let mut bytes = rotten.content(&segment(base));
        bytes[(offset - base) as usize + 20] ^= 1;
        rotten.put(&segment(base), &bytes);
        let found = damage(&rotten);
        assert_eq!(found.at.offset, *offset);
        assert_eq!((found.at.segment, found.at.byte), (format!("{base:020}.ndjson"), offset - base));
    }
}

#[test]
fn f_74_a_hole_of_zeros_is_a_torn_tail_only_while_nothing_proves_it_was_durable() {
    let (disk, hands) = filled(12, 300, 1 << 20);
    disk.remove(&mark());
    let whole = disk.content(&segment(0));
    let punched = |nth: usize| {
        let holed = disk.after_kill();
        let mut bytes = whole.clone();
        let (offset, line) = &hands.told[nth];
        bytes[*offset as usize..*offset as usize + line.len()].fill(0);
        holed.put(&segment(0), &bytes);
        holed
    };
    for nth in 0..9 {
        // Three records later the same partition says that this one was durable.
        assert_eq!(damage(&punched(nth)).at.offset, hands.told[nth].0, "record {nth}");
    }
    for nth in 9..12 {
        let (log, opened) = open(&punched(nth)).unwrap();
        assert_eq!(opened.cut.unwrap().offset, hands.told[nth].0);
        assert_eq!(read_all(&*log), hands.told[..nth]);
    }
}

#[test]
fn f_75_missing_swapped_foreign_and_older_segments_are_damage() {
    let (disk, hands) = filled(30, 60, 2_000);
    let bases: Vec<u64> = disk
        .paths()
        .iter()
        .filter_map(|it| it.file_name()?.to_str()?.strip_suffix(".ndjson")?.parse().ok())
        .collect();
    let last = *bases.last().unwrap();
    for &base in &bases {
        let missing = disk.after_kill();
        missing.remove(&segment(base));
        let found = damage(&missing);
        assert!(found.at.offset <= base, "{found:?}");
    }
    let rotten = disk.after_kill();
    let mut bytes = disk.content(&segment(bases[1]));
    *bytes.last_mut().unwrap() ^= 1;
    rotten.put(&segment(bases[1]), &bytes);
    rotten.remove(&segment(bases[2]));
    rotten.remove(&mark());
    assert!(damage(&rotten).at.offset < bases[2], "a bad line before a missing segment is no torn tail");

    let swapped = disk.after_kill();
    swapped.put(&segment(bases[1]), &disk.content(&segment(bases[2])));
    swapped.put(&segment(bases[2]), &disk.content(&segment(bases[1])));
    assert!(damage(&swapped).at.offset <= bases[3]);

    let rotten = disk.after_kill();
    let mut bytes = disk.content(&segment(bases[1]));
    let inside = bytes.len() - 20;
    bytes[inside] ^= 1;
    rotten.put(&segment(bases[1]), &bytes);
    rotten.remove(&segment(bases[2]));
    rotten.remove(&mark());
    assert!(damage(&rotten).at.offset < bases[2], "nor is an unreadable one");

    let longer = disk.after_kill();
    longer.put(&segment(bases[1]), &[disk.content(&segment(bases[1])), vec![0; 512]].concat());
    assert_eq!(damage(&longer).cause, DamageCause::Incomplete);
    let shorter = disk.after_kill();
    let begun = hands.told.iter().rfind(|it| it.0 < bases[2]).unwrap().0 - bases[1];
    shorter.put(&segment(bases[1]), &disk.content(&segment(bases[1]))[..begun as usize]);
    assert_eq!(damage(&shorter).cause, DamageCause::Segments { next: bases[2] });

    let older = disk.after_kill();
    let (end, line) = hands.told.last().unwrap();
    older.put(&segment(last), &disk.content(&segment(last))[..(end - last) as usize]);
    let known_end = end + line.len() as u64 + 1;
    assert_eq!(damage(&older).cause, DamageCause::EndsEarly { known_end });

    let other = FaultyDisk::default();
    let (log, _) = open(&other).unwrap();
    let own = Hands::new().line(PartitionId::Program, 0).into_bytes();
    // Another journal: the same first lead, under another id.
    let text = String::from_utf8(own).unwrap().replace("0000-000000000005", "0000-000000000006");
    let body = &text[..text.rfind(",\"crc\"").unwrap()];
    let line = format!("{body},\"crc\":\"{:08x}\"}}\n", crc32c(body.as_bytes())).into_bytes();
    let mut hands = Hands::new();
    hands.fill(&log, 1, 50);
    assert_eq!(hands.append(&log, vec![(PartitionId::Program, line.clone().into())]), [Receipt::Fenced]);
    log.close().unwrap();
    let mut bytes = other.content(&segment(0));
    let at = bytes.len() as u64;
    bytes.extend_from_slice(&line);
    other.put(&segment(0), &bytes);
    let found = damage(&other);
    assert_eq!(found.at.offset, at);
    assert!(matches!(found.cause, DamageCause::Void(_)), "{found:?}");
}

#[test]
fn f_74_a_bad_line_before_a_segment_that_was_begun_is_damage() {
    let (disk, hands) = filled(6, 60, 1 << 20);
    disk.remove(&mark());
    let mut bytes = disk.content(&segment(0));
    disk.put(&segment(bytes.len() as u64), b"");
    assert_eq!(open(&disk.after_kill()).unwrap().1.records, 6);
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    disk.put(&segment(0), &bytes);
    assert_eq!(damage(&disk).at.offset, hands.told[5].0, "a segment is begun when all before it is durable");
}

#[test]
fn f_73_a_rotten_mark_is_no_damage_of_the_log() {
    let (disk, _) = filled(4, 60, 1 << 20);
    let whole = disk.content(&mark());
    for bit in 0..whole.len() * 8 {
        let rotten = disk.after_kill();
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        rotten.put(&mark(), &bytes);
        assert_eq!(open(&rotten).unwrap().1.records, 4, "bit {bit}");
    }
}

#[test] // F-38
fn f_75_a_log_that_ends_before_a_checkpoint_of_a_view_is_damage() {
    let (disk, hands) = filled(6, 60, 1 << 20);
    disk.remove(&mark());
    let end = hands.told.last().map(|(offset, line)| offset + line.len() as u64 + 1).unwrap();
    let mut options = small_segments(1 << 20);
    options.known_end = end;
    drop(open_with(&disk, &options).unwrap());
    disk.remove(&mark());
    options.known_end = end + 1;
    let Err(OpenError::Damaged { damage, .. }) = open_with(&disk, &options) else {
        panic!("opened");
    };
    assert_eq!(damage.cause, DamageCause::EndsEarly { known_end: end + 1 });
    assert_eq!(damage.at.offset, end);
}

#[test] // F-81: an older release cuts nothing that a newer one wrote
fn f_81_a_record_of_a_newer_format_at_the_end_is_not_a_torn_tail() {
    let (disk, _) = filled(4, 60, 1 << 20);
    let bytes = disk.content(&segment(0));
    let last = bytes[..bytes.len() - 1].iter().rposition(|&it| it == b'\n').unwrap() + 1;
    let text = std::str::from_utf8(&bytes[last..]).unwrap().replace("\"format\":1", "\"format\":2");
    let body = &text[..text.rfind(",\"crc\"").unwrap()];
    let newer = format!("{body},\"crc\":\"{:08x}\"}}\n", crc32c(body.as_bytes()));
    disk.put(&segment(0), &[&bytes[..last], newer.as_bytes()].concat());
    disk.remove(&mark());
    let found = damage(&disk);
    assert_eq!(found.at.offset, last as u64);
    assert!(found.to_string().contains("use the release that wrote it"), "{found}");
}

#[test]
fn f_78_short_and_interrupted_reads_and_writes_change_nothing() {
    for fault in [Fault::Short, Fault::Interrupted] {
        let disk = FaultyDisk::default();
        disk.always(fault);
        let (log, _) = open_with(&disk, &small_segments(3_000)).unwrap();
        let mut hands = Hands::new();
        hands.fill(&log, 20, 500);
        assert_eq!(read_all(&*log), hands.told, "{fault:?}");
        log.close().unwrap();
        let (log, opened) = open_with(&disk, &small_segments(3_000)).unwrap();
        assert_eq!((opened.cut, opened.records), (None, 20));
        assert_eq!(read_all(&*log), hands.told, "{fault:?}");
    }
}

#[test]
fn f_78_what_the_system_forbids_is_a_typed_error() {
    let (disk, hands) = filled(4, 60, 1 << 20);
    disk.fail(Operation::Open, 0, ErrorKind::PermissionDenied);
    assert!(matches!(open(&disk), Err(OpenError::Io { .. })));
    disk.fail(Operation::Open, 2, ErrorKind::ReadOnlyFilesystem);
    assert!(matches!(open(&disk), Err(OpenError::Io { .. })));
    let (log, _) = open(&disk).unwrap();
    assert_eq!(read_all(&*log), hands.told);
}

#[test]
fn f_76_a_segment_that_cannot_be_begun_ends_the_log_and_loses_nothing() {
    for (operation, kind) in
        [(Operation::Open, ErrorKind::StorageFull), (Operation::SyncDir, ErrorKind::Other)]
    {
        let disk = FaultyDisk::default();
        let (log, _) = open_with(&disk, &small_segments(1_000)).unwrap();
        let mut hands = Hands::new();
        hands.fill(&log, 2, 200);
        disk.fail(operation, 0, kind);
        let mut nth = 2;
        let receipt = loop {
            match hands.one(&log, nth, 200) {
                Receipt::Appended { .. } => nth += 1,
                other => break other,
            }
        };
        assert!(matches!(receipt, Receipt::Unclear(_)), "{receipt:?}");
        log.close().unwrap();
        let (log, opened) = open_with(&disk, &small_segments(1_000)).unwrap();
        assert_eq!(read_all(&*log), hands.told);
        Hands::taking_over(&opened.chains, hands.told).fill(&log, 5, 200);
    }
}

/// CRC-32C, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82F6_3B78 & (crc & 1).wrapping_neg()))
    })
}
