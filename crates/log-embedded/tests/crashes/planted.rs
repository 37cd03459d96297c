//! The rig can fail: each fault that is planted in a log is found, by a scenario that is sound without it.

use claim_journal::PartitionId;
use claim_log::Receipt;
use claim_log_embedded::{OpenError, Options, Planted, PlantedFault};

use crate::campaign::Campaign;
use crate::support::disk::FaultyDisk;
use crate::support::{Hands, append, mark, open, open_with, read_all, segment, small_segments};

/// Whether all is as it must be; otherwise what is not.
type Scenario = fn(Planted) -> Result<(), String>;

enum FoundBy {
    /// By crashes at every moment. That these find nothing without a fault says the test of the campaign itself.
    Crashes,
    This(Scenario),
}

fn found_by(fault: PlantedFault) -> FoundBy {
    FoundBy::This(match fault {
        PlantedFault::ToldBeforeSynced
        | PlantedFault::SyncAskedAgain
        | PlantedFault::ShortWriteBelieved
        | PlantedFault::EndNotCutBack
        | PlantedFault::DirectoryNotSynced
        | PlantedFault::MarkedBeforeSynced
        | PlantedFault::ChecksumSkipped
        | PlantedFault::MarkBelieved
        | PlantedFault::TailLeft
        | PlantedFault::StartNotSynced => return FoundBy::Crashes,
        PlantedFault::ReadBeforeSynced => it_is_read_while_a_sync_takes_long,
        PlantedFault::ChainNotJudged => another_leader_writes,
        PlantedFault::HoleTakenForTail => a_record_that_was_durable_reads_as_zeros,
        PlantedFault::RotTakenForTail => a_bit_flips_in_the_middle,
        PlantedFault::MarkOverlooked => an_older_copy_is_put_back,
        PlantedFault::LockOverlooked => a_second_process_begins,
    })
}

#[test]
fn each_planted_fault_is_found_and_without_it_nothing_is() {
    for fault in PlantedFault::ALL {
        let found = match found_by(fault) {
            FoundBy::Crashes => {
                let hunt = Campaign { first: 1, lives: 40, stride: 50, planted: Planted::with(fault) };
                hunt.run().map(drop).map_err(|it| it.to_string())
            }
            FoundBy::This(scenario) => {
                assert_eq!(scenario(Planted::default()), Ok(()), "without {fault:?}");
                scenario(Planted::with(fault))
            }
        };
        let Err(what) = found else { panic!("{fault:?} is not found") };
        println!("{fault:?} is found: {what}");
    }
}

fn with(planted: Planted, segment_bytes: u64) -> Options {
    Options { planted, ..small_segments(segment_bytes) }
}

/// Some records in several segments, and a clean stop.
fn filled(planted: Planted) -> (FaultyDisk, Hands) {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &with(planted, 2_000)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 12, 60);
    log.close().unwrap();
    (disk, hands)
}

fn must_be_damaged(disk: &FaultyDisk, planted: Planted) -> Result<(), String> {
    match open_with(disk, &with(planted, 2_000)) {
        Err(OpenError::Damaged { .. }) => Ok(()),
        Err(other) => Err(format!("it does not open: {other:?}")),
        Ok((_, opened)) => Err(format!("it opens, with {} records of 12", opened.records)),
    }
}

fn it_is_read_while_a_sync_takes_long(planted: Planted) -> Result<(), String> {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &with(planted, 2_000)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 2, 50);
    disk.hold_syncs();
    let line = hands.line(PartitionId::Number(0), 50);
    let receipt = append(&log, PartitionId::Number(0), vec![line]);
    while !disk.has_unsynced() {
        std::thread::yield_now();
    }
    // The mark, or whatever else stands between the write and its sync, takes no time.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let read = read_all(&*log).len();
    disk.release_syncs();
    drop(receipt.recv());
    if read == 2 { Ok(()) } else { Err(format!("{read} records are read, and 2 are durable")) }
}

fn another_leader_writes(planted: Planted) -> Result<(), String> {
    let disk = FaultyDisk::default();
    let (log, _) = open_with(&disk, &with(planted, 2_000)).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 6, 50);
    let stale = Hands::new().line(PartitionId::Number(0), 50);
    match hands.append(&log, vec![(PartitionId::Number(0), stale)]).remove(0) {
        Receipt::Fenced => Ok(()),
        other => Err(format!("a line that extends nothing is {other:?}")),
    }
}

fn a_record_that_was_durable_reads_as_zeros(planted: Planted) -> Result<(), String> {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    let mut hands = Hands::new();
    hands.fill(&log, 12, 60);
    log.close().unwrap();
    disk.remove(&mark());
    let mut bytes = disk.content(&segment(0));
    let (offset, line) = &hands.told[4];
    bytes[*offset as usize..*offset as usize + line.len()].fill(0);
    disk.put(&segment(0), &bytes);
    must_be_damaged(&disk, planted)
}

fn a_bit_flips_in_the_middle(planted: Planted) -> Result<(), String> {
    let disk = FaultyDisk::default();
    let (log, _) = open(&disk).unwrap();
    Hands::new().fill(&log, 12, 60);
    log.close().unwrap();
    disk.remove(&mark());
    let mut bytes = disk.content(&segment(0));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    disk.put(&segment(0), &bytes);
    must_be_damaged(&disk, planted)
}

fn an_older_copy_is_put_back(planted: Planted) -> Result<(), String> {
    let (disk, hands) = filled(planted);
    let (offset, _) = hands.told.last().unwrap();
    let last = disk.paths().into_iter().rfind(|it| it.extension().is_some()).unwrap();
    let base = last.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let bytes = disk.content(&last);
    disk.put(&last, &bytes[..(offset - base) as usize]);
    must_be_damaged(&disk, planted)
}

fn a_second_process_begins(planted: Planted) -> Result<(), String> {
    let disk = FaultyDisk::default();
    let (_log, _) = open_with(&disk, &with(planted, 2_000)).unwrap();
    match open_with(&disk, &with(planted, 2_000)) {
        Err(OpenError::Locked { .. }) => Ok(()),
        _ => Err("two processes write to one directory".into()),
    }
}
