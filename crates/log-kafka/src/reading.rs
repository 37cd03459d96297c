//! Reading the journal: its records, and where it ends now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claim_journal::PartitionId;
use claim_log::{LogError, Place, Records, Stored};
use rdkafka::message::Message;

use crate::asking::Asking;
use crate::connection::{Connection, Isolation};
use crate::error::failed;
use crate::fetch::{Fetch, Missing, Stopped};

/// How long to wait for a record that is known to be there before asking again.
const SLICE: Duration = Duration::from_millis(100);

/// Records of the journal being read.
pub(crate) struct Reading {
    fetch: Fetch,
    /// The partition of each place, in the order of the places.
    partitions: Vec<PartitionId>,
    /// The ends that were last asked for: known to be there, so waited for.
    ends: Vec<u64>,
    patience: Duration,
    /// A record that came while its reader only wanted to know whether there is one.
    came: Option<Stored>,
}

impl Reading {
    /// Begins to read; fails at once when the start is not there.
    pub(crate) fn begin(
        connection: &Connection,
        asking: &Arc<Asking>,
        from: &BTreeMap<Place, (PartitionId, u64)>,
    ) -> Result<Self, LogError> {
        let offsets = from.iter().map(|(place, (_, offset))| (place.clone(), *offset)).collect();
        let fetch = Fetch::begin(connection, asking, Isolation::All, &offsets)?;
        if let Some(missing) = fetch.missing()? {
            return Err(not_there(missing));
        }
        let partitions = from.values().map(|(partition, _)| *partition).collect();
        Ok(Self { fetch, partitions, ends: Vec::new(), patience: connection.patience, came: None })
    }

    fn poll(&mut self, wait: Duration) -> Result<Option<Stored>, LogError> {
        let partitions = &self.partitions;
        let stored = self.fetch.poll(wait, |nth, _, offset, message| {
            let line = message.payload().unwrap_or_default().to_vec();
            partitions.get(nth).map(|it| Stored { partition: *it, offset, line, next: offset + 1 })
        });
        stored.map(Option::flatten).map_err(|stopped| self.stopped(stopped))
    }

    fn stopped(&self, stopped: Stopped) -> LogError {
        match stopped {
            Stopped::Failed(fault) => fault,
            Stopped::OutOfRange => match self.fetch.missing() {
                Ok(Some(missing)) => not_there(missing),
                Ok(None) => failed("reading the journal", "an offset that is there was said not to be"),
                Err(fault) => fault,
            },
        }
    }

    /// Whether all that was known to be there was read.
    fn is_at_ends(&self) -> bool {
        self.ends.len() == self.partitions.len()
            && self.fetch.positions().iter().zip(&self.ends).all(|(next, end)| next >= end)
    }
}

/// Of a journal nothing may be missing; what was deleted is damage.
fn not_there(missing: Missing) -> LogError {
    match missing {
        Missing::Beyond { offset, end } => LogError::BeyondEnd { offset, end },
        Missing::Deleted { place, offset, begin, .. } => LogError::Damaged {
            at: format!("{place} offset {offset}"),
            why: format!("records before offset {begin} were deleted"),
        },
    }
}

impl Records for Reading {
    fn next(&mut self) -> Result<Option<Stored>, LogError> {
        if let Some(stored) = self.came.take() {
            return Ok(Some(stored));
        }
        let asked_at = Instant::now();
        let mut wait = Duration::ZERO;
        let mut fresh = false;
        loop {
            if let Some(stored) = self.poll(wait)? {
                return Ok(Some(stored));
            }
            if fresh && self.is_at_ends() {
                return Ok(None);
            }
            if asked_at.elapsed() > self.patience {
                return Err(failed("reading the journal", "records that are there did not come"));
            }
            if !fresh && (self.ends.is_empty() || self.is_at_ends()) {
                self.ends = self.fetch.ends()?;
                fresh = true;
                if self.fetch.positions().iter().zip(&self.ends).any(|(next, end)| next > end)
                    && let Some(missing) = self.fetch.missing()?
                {
                    return Err(not_there(missing));
                }
            }
            wait = if self.is_at_ends() { Duration::ZERO } else { SLICE };
        }
    }

    fn ready(&mut self, wait: Duration) -> Result<bool, LogError> {
        if self.came.is_none() {
            self.came = self.poll(wait)?;
        }
        Ok(self.came.is_some())
    }
}
