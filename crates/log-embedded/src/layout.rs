//! What a data directory holds for the log: segment files, a lock, and the mark of the known end.

use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{Disk, File, Mode, read_all_at};
use crate::error::{Damage, DamageCause, OpenError, Position, while_doing};

/// Held by the process that writes.
pub(crate) const LOCK: &str = "lock";
/// The directory of the segments.
pub(crate) const LOG: &str = "log";
/// The mark of the known end; see `mark.rs`.
pub(crate) const MARK: &str = "log-end";

const SUFFIX: &str = ".ndjson";

/// One file of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The offset of its first byte.
    pub(crate) base: u64,
    /// Its length in bytes.
    pub(crate) len: u64,
}

impl Segment {
    pub(crate) fn end(self) -> u64 {
        self.base + self.len
    }
}

pub(crate) fn segment_name(base: u64) -> String {
    format!("{base:020}{SUFFIX}")
}

pub(crate) fn segment_path(data: &Path, base: u64) -> PathBuf {
    data.join(LOG).join(segment_name(base))
}

fn base_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let plain = digits.len() == 20 && digits.bytes().all(|it| it.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// The place of `offset` in a log whose segments begin at `bases`.
pub(crate) fn position(offset: u64, bases: impl IntoIterator<Item = u64>) -> Position {
    let base = bases.into_iter().filter(|&it| it <= offset).max().unwrap_or(0);
    Position { segment: segment_name(base), byte: offset - base, offset }
}

/// Where the segments begin, in order; empty when there is no log yet.
pub(crate) fn bases(disk: &dyn Disk, data: &Path) -> Result<Vec<u64>, OpenError> {
    let dir = data.join(LOG);
    let names = match disk.names(&dir) {
        Ok(names) => names,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(fault) => return Err(while_doing("listing", &dir)(fault)),
    };
    let mut bases = Vec::with_capacity(names.len());
    for name in names {
        match base_of(&name) {
            Some(base) => bases.push(base),
            None => return Err(OpenError::Stray { path: dir.join(name) }),
        }
    }
    bases.sort_unstable();
    Ok(bases)
}

/// The segments in order, and the first place where one does not join the next.
pub(crate) fn segments(disk: &dyn Disk, data: &Path) -> Result<(Vec<Segment>, Option<Damage>), OpenError> {
    // The names first: a segment whose successor is there grows no more.
    let bases = bases(disk, data)?;
    let mut segments: Vec<Segment> = Vec::with_capacity(bases.len());
    let mut newest = None;
    for base in bases {
        let end = segments.last().map_or(0, |it| it.end());
        if end != base {
            let at = position(end.min(base), segments.iter().map(|it| it.base));
            let cause = DamageCause::Segments { next: base };
            return Ok((segments, Some(Damage { at, cause })));
        }
        let path = segment_path(data, base);
        let file = disk.open(&path, Mode::Read).map_err(while_doing("opening", &path))?;
        let len = file.len().map_err(while_doing("opening", &path))?;
        segments.push(Segment { base, len });
        newest = Some(file);
    }
    if let (Some(last), Some(file)) = (segments.last_mut(), newest) {
        let path = segment_path(data, last.base);
        last.len = written_len(&*file, last.len).map_err(while_doing("reading", &path))?;
    }
    Ok((segments, None))
}

/// The length of a segment without the zeros at its end, which only prepare the way (`ahead.rs`): no line holds a zero.
fn written_len(file: &dyn File, len: u64) -> io::Result<u64> {
    let mut block = vec![0; 64 * 1024];
    let mut end = len;
    while end > 0 {
        let at = end.saturating_sub(block.len() as u64);
        let part = usize::try_from(end - at).unwrap_or(block.len()).min(block.len());
        let filled = read_all_at(file, block.get_mut(..part).unwrap_or_default(), at)?;
        let found = block.get(..filled).unwrap_or_default();
        if let Some(last) = found.iter().rposition(|it| *it != 0) {
            return Ok(at + last as u64 + 1);
        }
        end = at;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_named_by_their_first_offset() {
        assert_eq!(segment_name(0), "00000000000000000000.ndjson");
        assert_eq!(base_of(&segment_name(67_108_864)), Some(67_108_864));
        for other in ["0.ndjson", "00000000000000000000.json", "0000000000000000000a.ndjson", ""] {
            assert_eq!(base_of(other), None, "{other}");
        }
    }
}
