//! Events and outcomes as they stand in their topics (DESIGN §6).

use claim_journal::{Cursor, JournalId, Outcome, Position, Retold};
use claim_log::{Headers, Outgoing, Place, Received};

use crate::CloudEvent;

/// The journal offset of the decision that a record tells.
const OFFSET: &str = "claimlog-offset";
/// The journal offset of a decision up to which everything was published and acknowledged when the record was sent.
const DONE: &str = "claimlog-done";
/// The CloudEvents Kafka protocol binding, structured mode (§3.3).
const CLOUD_EVENT: &[u8] = b"application/cloudevents+json; charset=UTF-8";

/// Where a publisher had come to when it sent a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The decision that the record tells.
    pub(crate) offset: Option<u64>,
    /// Everything up to it was acknowledged.
    pub(crate) done: Option<u64>,
}

impl Progress {
    /// What the last record of an output partition says.
    pub(crate) fn of(last: Option<&Received>) -> Self {
        let read = |name: &str| {
            let header = last?.headers.iter().find(|(found, _)| found == name)?;
            std::str::from_utf8(&header.1).ok()?.parse().ok()
        };
        Self { offset: read(OFFSET), done: read(DONE) }
    }

    fn headers(self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let header =
            |name: &str, value: Option<u64>| value.map(|it| (name.to_owned(), it.to_string().into_bytes()));
        [header(OFFSET, self.offset), header(DONE, self.done)].into_iter().flatten()
    }
}

/// The events of a decision, each a record.
pub(crate) fn events(
    place: &Place,
    journal: JournalId,
    decision: &Retold<'_>,
    position: Position,
    progress: Progress,
) -> Result<Vec<Outgoing>, serde_json::Error> {
    // Whoever reads one partition goes on in that partition.
    let (mut before, mut after) = (Cursor::default(), Cursor::default());
    if position.sequence > 1 {
        before.see(Position { sequence: position.sequence - 1, ..position });
    }
    after.see(position);
    let all = CloudEvent::of(journal, decision, position, &before, &after);
    all.map(|event| {
        let key = event.subject.as_ref().map(|it| it.clone().into_bytes());
        let content_type = ("content-type".to_owned(), CLOUD_EVENT.to_vec());
        let headers: Headers = std::iter::once(content_type).chain(progress.headers()).collect();
        Ok(Outgoing { place: place.clone(), key, headers, value: serde_json::to_vec(&event)? })
    })
    .collect()
}

/// The outcome of a command, with the headers that it came with; a deadline has none.
pub(crate) fn outcome(
    place: &Place,
    decision: &Retold<'_>,
    position: Position,
    progress: Progress,
) -> Result<Option<Outgoing>, serde_json::Error> {
    let (Some(command), Some(outcome)) = (decision.command(), Outcome::of(decision, position)) else {
        return Ok(None);
    };
    let correlation =
        command.correlation.iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let headers: Headers = correlation.chain(progress.headers()).collect();
    let key = Some(command.id.to_string().into_bytes());
    Ok(Some(Outgoing { place: place.clone(), key, headers, value: outcome.to_json()?.into_bytes() }))
}
