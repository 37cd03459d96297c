//! A story as intake forwards it, and what its decisions must be, whatever happens to the engine meanwhile.

use claim_domain::asker::Asker;
use claim_domain::command::{Command, CommandType};
use claim_domain::ids::{CommandId, CustomerId};
use claim_domain::time::Instant;
use claim_journal::{Cause, Correlation, Decision, Digest, ProgramPosition, Route, Routed, Ruling};
use serde_json::json;

use crate::model::{Answer, Asked, Fired};
use crate::said::{answer, as_json, kind_of};
use crate::story::asks::customer_id;
use crate::story::chance::fixed;
use crate::story::{CUSTOMERS, Story};

/// Later than any deadline of a story.
pub(crate) const THE_END: i64 = 4_000_000_000_000;

/// One decision, in the words of the model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    Fired(Fired),
    Answered { id: String, judged_at: i64, answer: Answer },
}

/// What was decided of each customer, and last of the program, in order.
pub(crate) type Lines = Vec<Vec<Line>>;

/// A story of so many moves: its commands, and what they must come to once every deadline has fired.
pub(crate) fn story(seed: u64, moves: usize) -> (Vec<Asked>, Lines) {
    let mut story = Story::of(&fixed(seed, moves), 0);
    let mut lines: Lines = vec![vec![]; CUSTOMERS + 1];
    let mut commands = vec![];
    let mut judged_at = [i64::MIN; CUSTOMERS + 1];
    for (mut asked, told) in story.told {
        let whose = asked.customer.unwrap_or(CUSTOMERS);
        let its = &mut lines[whose];
        its.extend(told.fired.into_iter().map(Line::Fired));
        if is_about_no_claim(&asked) {
            continue;
        }
        its.push(Line::Answered { id: asked.id.clone(), judged_at: asked.at, answer: told.answer });
        // What is judged at the same moment as the one before it may have been received earlier.
        let before = std::mem::replace(&mut judged_at[whose], asked.at);
        if before == asked.at && commands.len().is_multiple_of(3) {
            asked.at -= 3_600_000;
        }
        commands.push(asked);
    }
    for (customer, its) in lines.iter_mut().enumerate().take(CUSTOMERS) {
        its.extend(story.model.fire(customer, THE_END, false).into_iter().map(Line::Fired));
    }
    (commands, lines)
}

/// The nil customer answers for a claim that no customer has.
fn is_about_no_claim(asked: &Asked) -> bool {
    asked.body["claim"] == "c000-00000000000000000000"
}

/// The command as intake forwards it.
pub(crate) fn routed(asked: &Asked) -> Routed {
    let command = CommandType::ALL.iter().find(|it| it.as_str() == asked.command).expect("a command");
    let command = Command::body(*command, &asked.body).unwrap();
    let asker: Asker = serde_json::from_value(asked.asker.clone()).unwrap();
    let route = match (asked.customer, asked.body["claim"].as_str()) {
        (None, _) => Route::Program,
        (Some(_), Some(claim)) => Route::Claim(claim.parse().unwrap()),
        (Some(_), None) => Route::Customer(CustomerId(asked.customer_id.parse().unwrap())),
    };
    Routed {
        route,
        source: asker.source(),
        id: CommandId(asked.id.parse().unwrap()),
        asker,
        digest: Digest::of(json!([asked.command, asked.body]).to_string().as_bytes()),
        received_at: Instant::from_ms(asked.at),
        imported: asked.imported,
        correlation: Correlation::default(),
        binding: None,
        program: ProgramPosition { sequence: asked.program, head: None },
        command,
    }
}

/// What stands on a journal, in the words of the model.
pub(crate) fn lines(decisions: &[Decision]) -> Lines {
    let mut lines: Lines = vec![vec![]; CUSTOMERS + 1];
    for it in decisions {
        let number = it
            .customer
            .map_or(Some(CUSTOMERS), |id| (0..CUSTOMERS).find(|it| customer_id(*it) == id.to_string()));
        let line = match &it.cause {
            Cause::Deadline(deadline) => Line::Fired(Fired {
                due_at: it.judged_at.as_ms(),
                claim: deadline.claim.to_string(),
                kind: kind_of(deadline.kind),
                events: as_json(it.events()),
            }),
            Cause::Asked(asked) => Line::Answered {
                id: asked.id.to_string(),
                judged_at: it.judged_at.as_ms(),
                answer: answer(match &it.outcome {
                    Ruling::Accepted(events) => Ok(events),
                    Ruling::Refused(reason) => Err(reason),
                }),
            },
        };
        lines[number.expect("a customer of the story")].push(line);
    }
    lines
}
