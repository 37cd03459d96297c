//! The disk of a broker that lost what it had acknowledged: the last records of a partition are cut off its segment.

use std::path::Path;
use std::{fs, io};

/// The length of the two fields before a batch's own length counts: its first offset and that length.
const BEFORE_BATCH: usize = 12;
/// Where the distance from the first offset of a batch to its last stands.
const LAST_OFFSET_DELTA: usize = 23;
/// What a broker trusts instead of looking at its segments; of the partition, then of all.
const OF_PARTITION: [&str; 3] = ["index", "timeindex", "snapshot"];
const OF_ALL: [&str; 2] = [".kafka_cleanshutdown", "recovery-point-offset-checkpoint"];

/// Cuts off the batch that holds the record at `offset`, and all behind it. The offset at which the partition ends now.
pub(super) fn cut(data: &Path, topic: &str, partition: u32, offset: u64) -> io::Result<u64> {
    let folder = data.join(format!("{topic}-{partition}"));
    let segment = folder.join("00000000000000000000.log");
    let bytes = fs::read(&segment)?;
    let (kept, end) = before(&bytes, offset).ok_or_else(|| io::Error::other("the record is not there"))?;
    fs::write(&segment, &bytes[..kept])?;
    for file in fs::read_dir(&folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|it| OF_PARTITION.iter().any(|of| it == *of)) {
            fs::remove_file(path)?;
        }
    }
    for name in OF_ALL {
        match fs::remove_file(data.join(name)) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(end)
}

/// The place of the batch that holds an offset, and its first offset.
fn before(bytes: &[u8], offset: u64) -> Option<(usize, u64)> {
    let mut at = 0;
    loop {
        let batch = bytes.get(at..)?;
        let first = u64::from_be_bytes(batch.get(..8)?.try_into().ok()?);
        let number = |from: usize| Some(u32::from_be_bytes(batch.get(from..from + 4)?.try_into().ok()?));
        if first + u64::from(number(LAST_OFFSET_DELTA)?) >= offset {
            return Some((at, first));
        }
        at += BEFORE_BATCH + usize::try_from(number(8)?).ok()?;
    }
}
