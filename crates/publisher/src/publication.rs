//! One partition on its way out: from where its output ends to where its journal does.

use std::time::Duration;

use claim_journal::{Chain, Checkpoint, Decision, JournalId, Kind, Line, PartitionId, Position, Retold};
use claim_log::{JudgeError, Judged, Judging, LogError, Outgoing, Outlet, Place, ReadLog, Received, way};

use crate::events::PublishError;
use crate::records::{self, Progress};

/// A partition that is published.
pub(crate) struct Publication {
    partition: PartitionId,
    events: Place,
    outcomes: Place,
    judging: Judging,
    journal: Option<JournalId>,
    /// The last decision whose events, and whose outcome, stood in the output when this began.
    published: (Option<u64>, Option<u64>),
    /// The last decision up to which everything is acknowledged.
    done: Option<u64>,
    /// The last decision sent.
    sent: Option<Sent>,
}

/// A decision of the journal that was sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    offset: u64,
    pub(crate) sequence: u64,
}

impl Publication {
    /// Goes on from the last records of the output; `beginning` is the chain before its first record.
    pub(crate) fn resume(
        log: &dyn ReadLog,
        outlet: &dyn Outlet,
        beginning: Chain,
        events: Place,
        outcomes: Place,
    ) -> Result<Self, PublishError> {
        let partition = beginning.partition();
        let (last_event, last_outcome) = (outlet.last(&events)?, outlet.last(&outcomes)?);
        let (of_events, of_outcomes) =
            (Progress::of(last_event.as_ref()), Progress::of(last_outcome.as_ref()));
        match of_events.offset.max(of_outcomes.offset) {
            Some(newest) if of_outcomes.offset == Some(newest) => {
                is_of(log, partition, newest, last_outcome)?;
            }
            Some(newest) => drop(log.record(partition, newest)?),
            None => {}
        }
        let done = of_events.done.max(of_outcomes.done);
        let chain = match done {
            Some(offset) => beginning.at(checkpoint(log, partition, offset)?),
            None => beginning,
        };
        let judging = Judging::resume(log, [chain]).map_err(PublishError::from)?;
        let published = (of_events.offset, of_outcomes.offset);
        let (journal, sent) = (None, None);
        Ok(Self { partition, events, outcomes, judging, journal, published, done, sent })
    }

    /// Whether there is something to publish, as far as is known without waiting.
    pub(crate) fn is_ready(&mut self) -> Result<bool, PublishError> {
        Ok(self.judging.ready(Duration::ZERO)?)
    }

    /// Adds the records of the next decision; yields whether there was one.
    pub(crate) fn next(
        &mut self,
        events: &mut Vec<Outgoing>,
        outcomes: &mut Vec<Outgoing>,
    ) -> Result<bool, PublishError> {
        loop {
            if !self.judging.ready(Duration::ZERO)? {
                return Ok(false);
            }
            let Some(judged) = self.judging.next()? else { return Ok(false) };
            let Judged::Valid(stored) = judged else { continue };
            let Ok(line) = Line::parse(&stored.line) else { continue };
            if line.envelope.kind != Kind::Decision {
                continue;
            }
            let journal = *self.journal.get_or_insert(line.envelope.journal);
            let position = Position { partition: self.partition, sequence: line.envelope.sequence };
            let unreadable = |source| PublishError::Unreadable { position, source };
            let decision = Retold::read(line.body).map_err(unreadable)?;
            let (all_events, outcome) = self.tell(journal, &decision, position, stored.offset)?;
            events.extend(all_events);
            outcomes.extend(outcome);
            return Ok(true);
        }
    }

    fn tell(
        &mut self,
        journal: JournalId,
        decision: &Retold<'_>,
        position: Position,
        offset: u64,
    ) -> Result<(Vec<Outgoing>, Option<Outgoing>), PublishError> {
        let progress = Progress { offset: Some(offset), done: self.done };
        if let Some(command) = decision.command() {
            way::passed("published", &command.source, command.id, &command.correlation, position);
        }
        let (published_events, published_outcomes) = self.published;
        let (mut events, mut outcome) = (Vec::new(), None);
        // The last decision may have been published in part: it is published again, under the same ids.
        if published_events.is_none_or(|it| offset >= it) {
            events = records::events(&self.events, journal, decision, position, progress)?;
        }
        if published_outcomes.is_none_or(|it| offset > it) {
            outcome = records::outcome(&self.outcomes, decision, position, progress)?;
        }
        self.sent = Some(Sent { offset, sequence: position.sequence });
        Ok((events, outcome))
    }

    /// The last decision sent.
    pub(crate) fn sent(&self) -> Option<Sent> {
        self.sent
    }

    /// Everything up to that decision is acknowledged.
    pub(crate) fn acknowledged(&mut self, sent: Sent) {
        self.done = self.done.max(Some(sent.offset));
    }
}

/// Makes sure that an outcome was published from the decision that stands there: a journal that lost its end and grew again is
/// another one.
fn is_of(
    log: &dyn ReadLog,
    partition: PartitionId,
    offset: u64,
    outcome: Option<Received>,
) -> Result<(), PublishError> {
    let stored = log.record(partition, offset)?;
    let line = Line::parse(&stored).ok();
    let asked = line.and_then(|it| Decision::command(it.body).ok()).flatten();
    let id = asked.map(|it| it.id.to_string().into_bytes());
    match outcome {
        Some(outcome) if id.is_none() || id != outcome.key => {
            let why = format!(
                "{} tells the outcome of another command, at its offset {}",
                outcome.place, outcome.offset
            );
            Err(LogError::Damaged { at: format!("{partition} at offset {offset}"), why }.into())
        }
        Some(_) | None => Ok(()),
    }
}

/// The checkpoint that a decision of the journal is: what it says of itself, since it was valid when it was published.
fn checkpoint(log: &dyn ReadLog, partition: PartitionId, offset: u64) -> Result<Checkpoint, PublishError> {
    let stored = log.record(partition, offset)?;
    let damaged = |why: String| LogError::Damaged { at: format!("{partition} at offset {offset}"), why };
    let line = Line::parse(&stored).map_err(|error| damaged(error.to_string()))?;
    let envelope = &line.envelope;
    let before = envelope.previous.ok_or_else(|| damaged("a published decision is not there".to_owned()))?;
    Ok(Checkpoint {
        offset,
        sequence: envelope.sequence,
        epoch: envelope.epoch,
        leader: envelope.leader,
        before,
        head: line.extends(before),
    })
}

impl From<JudgeError> for PublishError {
    fn from(error: JudgeError) -> Self {
        match error {
            JudgeError::Log(error) => Self::Log(error),
            JudgeError::Halted { partition, offset, cause } => Self::Halted { partition, offset, cause },
        }
    }
}
