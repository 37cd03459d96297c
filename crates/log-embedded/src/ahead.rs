//! The way ahead: a part of the segment that is written with zeros before it is needed.
//!
//! A sync of a file that grew also commits its new length and blocks, for which the file system writes its own journal and
//! waits. A record that overwrites zeros waits for its own bytes alone. So while nothing waits to be written, the writing
//! thread prepares what comes; where there was no time, the file grows as any other. What is left over is cut off when the
//! segment or the process ends, and zeros behind the last record are no part of a log (`layout.rs`).

use std::io;
use std::time::Duration;

use crate::disk::{File, write_all_at};
use crate::layout::Segment;

/// How far a log prepares its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// How many bytes are prepared; 0: none.
    pub bytes: u64,
    /// How many of them at once: whoever comes meanwhile waits for so many.
    pub step: u64,
    /// For how long nothing may have come. None: a step is prepared before each group that lacks room, which only a test
    /// wants, since it is the same each time.
    pub idle: Option<Duration>,
}

impl Default for Ahead {
    fn default() -> Self {
        Self { bytes: 32 * 1024 * 1024, step: 256 * 1024, idle: Some(Duration::from_millis(10)) }
    }
}

impl Ahead {
    /// Nothing is prepared.
    pub const NONE: Self = Self { bytes: 0, step: 0, idle: None };
}

/// How far the segment that is written is prepared.
pub(crate) struct Prepared {
    ahead: Ahead,
    /// Where its zeros end, or its last record does if that is further.
    end: u64,
    /// A segment may not grow beyond this.
    limit: u64,
    /// Set from when half of it was used up until all of it is there again.
    preparing: bool,
}

impl Prepared {
    /// Nothing of a segment with so many bytes of records.
    pub(crate) fn new(ahead: Ahead, len: u64, limit: u64) -> Self {
        Self { ahead, end: len, limit, preparing: true }
    }

    /// How long the writing thread may wait for work before it prepares more; none: for as long as it takes.
    pub(crate) fn patience(&self, segment: Segment) -> Option<Duration> {
        self.ahead.idle.filter(|_| self.wants(segment))
    }

    /// Whether a group of so many bytes has no room, and is to be given some before it is written.
    pub(crate) fn lacks(&self, segment: Segment, bytes: u64) -> bool {
        self.ahead.idle.is_none() && self.wants(segment) && segment.len + bytes > self.end
    }

    fn wants(&self, segment: Segment) -> bool {
        let half = segment.len + self.ahead.bytes / 2;
        self.end < self.target(segment) && (self.preparing || self.end < half)
    }

    fn target(&self, segment: Segment) -> u64 {
        self.limit.min(segment.len + self.ahead.bytes)
    }

    /// Prepares one step. After a failure nothing more is, and what was is given up: on a full disk others need the room.
    pub(crate) fn step(&mut self, file: &dyn File, segment: Segment) {
        let target = self.target(segment);
        let end = target.min(self.end + self.ahead.step);
        let zeros = vec![0; usize::try_from(end.saturating_sub(self.end)).unwrap_or(0)];
        let prepared = write_all_at(file, &zeros, self.end).and_then(|()| file.sync());
        self.end = end;
        self.preparing = end < target;
        if let Err(fault) = prepared {
            tracing::debug!(%fault, "the way ahead is not prepared");
            self.stop();
            if let Err(fault) = self.give_back(file, segment) {
                tracing::debug!(%fault, "what was prepared is cut off at the next start");
            }
        }
    }

    /// Prepares nothing more.
    pub(crate) fn stop(&mut self) {
        self.ahead = Ahead::NONE;
    }

    /// Records were written up to here.
    pub(crate) fn reach(&mut self, len: u64) {
        self.end = self.end.max(len);
    }

    /// Cuts off what is left over, durably; another segment follows, or none.
    pub(crate) fn give_back(&mut self, file: &dyn File, segment: Segment) -> io::Result<()> {
        if self.end > segment.len {
            file.set_len(segment.len)?;
            file.sync()?;
        }
        (self.end, self.preparing) = (0, true);
        Ok(())
    }
}
