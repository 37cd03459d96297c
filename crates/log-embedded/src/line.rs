//! One line, by its place.

use std::path::Path;

use claim_journal::{Line, PartitionId};
use claim_log::LogError;

use crate::disk::{Disk, Mode, read_some_at};
use crate::error::{OpenError, while_doing};
use crate::layout::segment_path;

/// One line below `end`, by the partition and offset it must have.
pub(crate) fn record_at(
    disk: &dyn Disk,
    data: &Path,
    bases: &[u64],
    end: u64,
    partition: PartitionId,
    offset: u64,
) -> Result<Vec<u8>, LogError> {
    match line_at(disk, data, bases, end, offset)? {
        Some(line) if Line::partition(&line) == Some(partition) => Ok(line),
        Some(_) | None => Err(LogError::NoRecord { partition, offset }),
    }
}

/// The line that begins at `offset`, without its line feed; none when none begins there or it is not whole below `end`.
pub(crate) fn line_at(
    disk: &dyn Disk,
    data: &Path,
    bases: &[u64],
    end: u64,
    offset: u64,
) -> Result<Option<Vec<u8>>, OpenError> {
    let base = bases.iter().copied().filter(|&it| it <= offset).max().unwrap_or(0);
    if offset >= end {
        return Ok(None);
    }
    let path = segment_path(data, base);
    let file = disk.open(&path, Mode::Read).map_err(while_doing("opening", &path))?;
    // The byte before shows whether a line begins here.
    let before = u64::from(offset > base);
    let mut bytes = Vec::new();
    loop {
        let filled = bytes.len();
        let limit = usize::try_from(end - offset + before).unwrap_or(usize::MAX);
        let space = (filled * 2).max(2048).min(limit);
        bytes.resize(space, 0);
        let at = offset - before - base + filled as u64;
        let free = bytes.get_mut(filled..).unwrap_or_default();
        let read = read_some_at(&*file, free, at).map_err(while_doing("reading", &path))?;
        bytes.truncate(filled + read);
        let (gap, line) = bytes.split_at_checked(before as usize).unwrap_or_default();
        if read == 0 || (before == 1 && gap != b"\n") {
            return Ok(None);
        }
        // No line holds a zero: there nothing was written yet.
        if let Some(len) = line.iter().position(|it| matches!(it, 0 | b'\n')) {
            return Ok(line.get(..len).filter(|_| line.get(len) == Some(&b'\n')).map(<[u8]>::to_vec));
        }
    }
}
