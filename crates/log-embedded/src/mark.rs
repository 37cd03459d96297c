//! The mark of the known end: how far the log is known to be durable, kept beside it.
//!
//! It is written after every sync without being synced itself, and synced at a clean stop. So it never says too much:
//! after a power failure it may be old, after a clean stop it is exact. A log that ends before it has lost something.

use std::io;
use std::path::Path;

use crate::disk::{Disk, File, Mode, read_all_at, write_all_at};
use crate::layout::MARK;
use crate::planted::{Planted, PlantedFault};

/// 20 digits, a space, a checksum of 8 hex digits, a line feed.
const LEN: usize = 30;

pub(crate) struct Mark {
    file: Box<dyn File>,
}

impl Mark {
    pub(crate) fn open(disk: &dyn Disk, data: &Path) -> io::Result<Self> {
        disk.open(&data.join(MARK), Mode::Write).map(|file| Self { file })
    }

    /// Notes that the log is durable up to `end`. A failure costs nothing but the note.
    pub(crate) fn note(&self, end: u64) {
        if let Err(fault) = write_all_at(&*self.file, text(end).as_bytes(), 0) {
            tracing::debug!(%fault, "the end of the log could not be noted");
        }
    }

    /// Notes the end of a clean stop for good.
    pub(crate) fn stop(&self, disk: &dyn Disk, data: &Path, end: u64) -> io::Result<()> {
        write_all_at(&*self.file, text(end).as_bytes(), 0)?;
        self.file.sync()?;
        disk.sync_dir(data)
    }
}

/// The end that the mark of a directory knows; 0 when there is none, or none that can be trusted.
pub(crate) fn known_end(disk: &dyn Disk, data: &Path, planted: Planted) -> io::Result<u64> {
    if planted.has(PlantedFault::MarkOverlooked) {
        return Ok(0);
    }
    let file = match disk.open(&data.join(MARK), Mode::Read) {
        Ok(file) => file,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(fault) => return Err(fault),
    };
    let mut bytes = [0; LEN];
    read_all_at(&*file, &mut bytes, 0)?;
    let end = std::str::from_utf8(&bytes).ok().and_then(|it| it.get(..20)?.parse().ok()).unwrap_or(0);
    let whole = bytes == text(end).as_bytes() || planted.has(PlantedFault::MarkBelieved);
    Ok(if whole { end } else { 0 })
}

fn text(end: u64) -> String {
    let digits = format!("{end:020}");
    format!("{digits} {:08x}\n", crc32c::crc32c(digits.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_thirty_bytes() {
        assert_eq!(text(0).len(), LEN);
        assert_eq!(text(u64::MAX).len(), LEN);
    }
}
