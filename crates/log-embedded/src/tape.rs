//! Lines one after the other, over all segments, through one buffer.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Disk, File, Mode, read_some_at};
use crate::error::{OpenError, while_doing};
use crate::layout::segment_path;

/// Bytes read at once; a longer line makes the buffer grow.
const WINDOW: usize = 256 * 1024;

/// A place in the log, moving forward. It reads no byte at or beyond the limit that each call gives.
pub(crate) struct Tape {
    disk: Arc<dyn Disk>,
    data: PathBuf,
    file: Option<Box<dyn File>>,
    /// Where the open segment begins.
    base: u64,
    /// The offset of the first unread byte.
    at: u64,
    buffer: Vec<u8>,
    /// The unread bytes in the buffer.
    unread: std::ops::Range<usize>,
}

/// One line of the log, without its line feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<'a> {
    pub(crate) offset: u64,
    pub(crate) bytes: &'a [u8],
}

impl Raw<'_> {
    /// The offset after the line feed.
    pub(crate) fn next(&self) -> u64 {
        self.offset + self.bytes.len() as u64 + 1
    }
}

impl Tape {
    /// A tape at the first line that begins at or after `offset`, where segments begin at `bases`.
    pub(crate) fn at(
        disk: Arc<dyn Disk>,
        data: &Path,
        bases: &[u64],
        offset: u64,
        limit: u64,
    ) -> Result<Self, OpenError> {
        let base = bases.iter().copied().filter(|&it| it <= offset).max().unwrap_or(0);
        let mut tape = Self {
            disk,
            data: data.to_owned(),
            file: None,
            base,
            at: offset.max(base),
            buffer: Vec::new(),
            unread: 0..0,
        };
        if tape.at > base {
            // The byte before tells whether a line begins here; else the rest of that line is skipped.
            tape.at -= 1;
            if tape.next(limit)?.is_none() {
                tape.seek(offset);
            }
        }
        Ok(tape)
    }

    /// The offset of the next line.
    pub(crate) fn offset(&self) -> u64 {
        self.at
    }

    /// Where the open segment begins.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Goes to `offset`, in the open segment, and forgets what was read.
    pub(crate) fn seek(&mut self, offset: u64) {
        self.at = offset;
        self.unread = 0..0;
    }

    /// The next whole line below `limit`; none when there is none now. What was read of a part of a line is forgotten.
    pub(crate) fn next(&mut self, limit: u64) -> Result<Option<Raw<'_>>, OpenError> {
        self.advance(limit, false)
    }

    /// The next whole line of a log that may be growing: none where zeros stand, behind what was `written` before.
    pub(crate) fn next_whole(&mut self, written: u64) -> Result<Option<Raw<'_>>, OpenError> {
        self.advance(u64::MAX, self.at >= written)
    }

    fn advance(&mut self, limit: u64, ends_at_zero: bool) -> Result<Option<Raw<'_>>, OpenError> {
        let mut searched = 0;
        loop {
            let window = self.buffer.get(self.unread.clone()).unwrap_or_default();
            let fresh = window.get(searched..).unwrap_or_default();
            if ends_at_zero && fresh.iter().find(|it| matches!(it, 0 | b'\n')) == Some(&0) {
                self.unread = 0..0;
                return Ok(None);
            }
            if let Some(len) = line_len(fresh) {
                let len = searched + len;
                let start = self.unread.start;
                self.unread.start += len;
                let offset = self.at;
                self.at += len as u64;
                let bytes = self.buffer.get(start..start + len - 1).unwrap_or_default();
                return Ok(Some(Raw { offset, bytes }));
            }
            searched = window.len();
            // A segment ends with a line, so the next one is looked for only when nothing is left over.
            let more = self.refill(limit)? || (searched == 0 && self.turn(limit)?);
            if !more {
                self.unread = 0..0;
                return Ok(None);
            }
        }
    }

    /// Whether the unread part of a line, up to `limit`, holds a zero byte: no line ever does.
    pub(crate) fn rest_has_zero(&mut self, limit: u64) -> Result<bool, OpenError> {
        loop {
            let window = self.buffer.get(self.unread.clone()).unwrap_or_default();
            if window.contains(&0) {
                return Ok(true);
            }
            if !self.refill(limit)? {
                return Ok(false);
            }
        }
    }

    /// Reads more of the open segment behind the unread bytes; false at its end or at the limit.
    fn refill(&mut self, limit: u64) -> Result<bool, OpenError> {
        let place = self.at + self.unread.len() as u64;
        let allowed = usize::try_from(limit.saturating_sub(place)).unwrap_or(usize::MAX);
        if allowed == 0 || !self.open()? {
            return Ok(false);
        }
        self.make_room();
        let end = self.unread.end;
        let space = self.buffer.len().min(end.saturating_add(allowed));
        let (Some(file), Some(free)) = (&self.file, self.buffer.get_mut(end..space)) else {
            return Ok(false);
        };
        let read = read_some_at(&**file, free, place - self.base)
            .map_err(while_doing("reading", &segment_path(&self.data, self.base)))?;
        self.unread.end += read;
        Ok(read > 0)
    }

    fn make_room(&mut self) {
        if self.unread.start > 0 {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        if self.unread.end + WINDOW / 4 > self.buffer.len() {
            // A new one comes zeroed from the system, page by page as it is used: small logs are opened often.
            let mut longer = vec![0; (self.buffer.len() * 2).max(WINDOW)];
            let kept = self.buffer.get(self.unread.clone()).unwrap_or_default();
            if let Some(place) = longer.get_mut(self.unread.clone()) {
                place.copy_from_slice(kept);
            }
            self.buffer = longer;
        }
    }

    /// Opens the segment of this place, if it is there.
    fn open(&mut self) -> Result<bool, OpenError> {
        if self.file.is_none() {
            self.file = self.find(self.base)?;
        }
        Ok(self.file.is_some())
    }

    /// Goes on to the segment that begins here; false when there is none.
    fn turn(&mut self, limit: u64) -> Result<bool, OpenError> {
        if self.at == self.base || self.at >= limit {
            return Ok(false);
        }
        let Some(file) = self.find(self.at)? else { return Ok(false) };
        self.file = Some(file);
        self.base = self.at;
        Ok(true)
    }

    fn find(&self, base: u64) -> Result<Option<Box<dyn File>>, OpenError> {
        let path = segment_path(&self.data, base);
        match self.disk.open(&path, Mode::Read) {
            Ok(file) => Ok(Some(file)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(while_doing("opening", &path)(fault)),
        }
    }
}

/// The length of the first line with its line feed, when it is whole.
fn line_len(bytes: &[u8]) -> Option<usize> {
    // The standard library's fast search, without an allocation.
    let mut rest = bytes;
    let len = rest.skip_until(b'\n').ok()?;
    if len > 0 && bytes.get(len - 1) == Some(&b'\n') { Some(len) } else { None }
}
