//! Reading a log as public events.

use std::collections::{BTreeMap, VecDeque};

use claim_journal::canonical::BodyError;
use claim_journal::{
    Chain, Cursor, HaltCause, JournalId, Kind, Line, Offsets, PartitionId, Position, Retold, Verdict,
};
use claim_log::{LogError, ReadLog, Records, Start, Stored};

use crate::CloudEvent;

/// Why publishing stops.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The journal must not be read on; `claimlog audit verify` says more.
    #[error("partition {partition} halts at offset {offset}")]
    Halted {
        /// The partition.
        partition: PartitionId,
        /// The offset on the log.
        offset: u64,
        /// Why.
        #[source]
        cause: HaltCause,
    },
    /// A decision has a shape that this release does not know: use the release that wrote it (F-81).
    #[error("the decision {} of partition {} cannot be read", .position.sequence, .position.partition)]
    Unreadable {
        /// Where it stands.
        position: Position,
        /// What is wrong with it.
        #[source]
        source: BodyError,
    },
    /// Something that was sent was not acknowledged.
    #[error("what was published was not acknowledged: {0}")]
    Undelivered(String),
    /// A record cannot be spelt as JSON.
    #[error("an event or outcome cannot be spelt")]
    Spelling(#[from] serde_json::Error),
    /// The cursor is of another journal, or of a log that had more: what it has seen is not here.
    #[error("the cursor has seen {} of partition {}, and the log ends at {end}", .seen.sequence, .seen.partition)]
    BeyondEnd {
        /// The furthest position of the cursor that is not here.
        seen: Position,
        /// The last sequence of that partition here.
        end: u64,
    },
}

/// The events of a log behind a cursor, in the order of the log.
pub struct Events {
    lines: Box<dyn Records>,
    offsets: Offsets,
    journal: Option<JournalId>,
    chains: BTreeMap<PartitionId, Chain>,
    from: Cursor,
    /// Everything seen, from the cursor on.
    seen: Cursor,
    ready: VecDeque<CloudEvent<'static>>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("from", &self.from).field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Events {
    /// Reads `log` from behind `from`; the empty cursor is before everything. `offsets` says what offsets mean on it.
    ///
    /// Each chain is judged from its beginning, since a cursor carries no head to go on from.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be reached.
    pub fn read(log: &dyn ReadLog, offsets: Offsets, from: Cursor) -> Result<Self, LogError> {
        Ok(Self {
            lines: log.read(&Start::beginning())?,
            offsets,
            journal: None,
            chains: BTreeMap::new(),
            seen: from.clone(),
            from,
            ready: VecDeque::new(),
        })
    }

    /// The cursor after everything that was read so far, events or not.
    #[must_use]
    pub fn cursor(&self) -> &Cursor {
        &self.seen
    }

    /// The next event, or none at the durable end as it is now; asking again later goes on from there.
    ///
    /// # Errors
    /// [`PublishError`]. After a halt or an unreadable decision nothing more is to be read. That the cursor is beyond
    /// the end is said at the end.
    #[allow(clippy::should_implement_trait, reason = "none is not the end: more may come")]
    pub fn next(&mut self) -> Result<Option<CloudEvent<'static>>, PublishError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            match self.lines.next()? {
                Some(stored) => self.take(&stored)?,
                None => return self.at_end().map(|()| None),
            }
        }
    }

    fn take(&mut self, stored: &Stored) -> Result<(), PublishError> {
        let &Stored { partition, offset, .. } = stored;
        let (offsets, journal) = (self.offsets, self.journal);
        let chain = self.chains.entry(partition).or_insert_with(|| match journal {
            Some(journal) => Chain::of_journal(partition, offsets, journal),
            None => Chain::new(partition, offsets),
        });
        let line = Line::parse(&stored.line);
        let line = match (chain.read(offset, &line), line) {
            (Verdict::Halt(cause), _) => return Err(PublishError::Halted { partition, offset, cause }),
            (Verdict::Valid, Ok(line)) => line,
            (Verdict::Valid | Verdict::Known | Verdict::Void(_), _) => return Ok(()),
        };
        let journal = *self.journal.get_or_insert(line.envelope.journal);
        let position = Position { partition, sequence: line.envelope.sequence };
        if line.envelope.kind != Kind::Decision || position.sequence <= self.from.of(partition) {
            return Ok(());
        }
        let decision =
            Retold::read(line.body).map_err(|source| PublishError::Unreadable { position, source })?;
        let before = self.seen.clone();
        self.seen.see(position);
        let events = CloudEvent::of(journal, &decision, position, &before, &self.seen);
        self.ready.extend(events.map(CloudEvent::into_owned));
        Ok(())
    }

    fn at_end(&self) -> Result<(), PublishError> {
        let end = |partition| self.chains.get(&partition).map_or(0, Chain::sequence);
        match self.from.iter().find(|it| it.sequence > end(it.partition)) {
            Some(seen) => Err(PublishError::BeyondEnd { seen, end: end(seen.partition) }),
            None => Ok(()),
        }
    }
}
