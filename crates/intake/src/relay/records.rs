//! Problems and quarantined records as they stand in their topics (DESIGN §6, F-28).

use claim_domain::ids::CommandId;
use claim_journal::{Correlation, Digest};
use claim_log::{Outgoing, Place, Received};
use serde_json::json;

use crate::answer::{ProblemLine, ProblemWord};
use crate::problem::{Problem, ProblemCode};

type Spelt = Option<Result<Outgoing, serde_json::Error>>;

/// The problem, with the headers that came and can be handed back.
pub(super) fn problem(
    place: &Place,
    received: &Received,
    command: Option<CommandId>,
    problem: &Problem,
) -> Spelt {
    let line = ProblemLine {
        input: received.offset,
        inbox: Some(received.place.to_string()),
        command_id: command,
        outcome: ProblemWord::Problem,
        reason: problem.clone(),
    };
    let correlates =
        |(name, value): &&(String, Vec<u8>)| Correlation::of([(name.as_str(), &value[..])]).is_ok();
    let headers = received.headers.iter().filter(correlates).cloned().collect();
    let key = command.map(|id| id.to_string().into_bytes());
    let spelt = serde_json::to_vec(&line);
    Some(spelt.map(|value| Outgoing { place: place.clone(), key, headers, value }))
}

/// A note of what could not be read: where it stands, why, and its hash. Never its bytes, which may be personal; they stay
/// in the inbox for its retention.
pub(super) fn quarantine(place: &Place, received: &Received, problem: &Problem) -> Spelt {
    let unreadable = matches!(
        problem.code,
        ProblemCode::NotJson
            | ProblemCode::TooLarge
            | ProblemCode::Malformed
            | ProblemCode::UnknownType
            | ProblemCode::UnsupportedVersion
    );
    if !unreadable {
        return None;
    }
    let value = received.value.as_deref();
    let note = json!({
        "topic": &*received.place.topic,
        "partition": received.place.partition,
        "offset": received.offset,
        "bytes": value.map(<[u8]>::len),
        "sha256": value.map(|it| Digest::of(it).to_string()),
        "reason": problem,
    });
    let key = Some(format!("{}/{}", received.place, received.offset).into_bytes());
    let spelt = serde_json::to_vec(&note);
    Some(spelt.map(|value| Outgoing { place: place.clone(), key, headers: Vec::new(), value }))
}
