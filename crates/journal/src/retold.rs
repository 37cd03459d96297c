//! A decision as others are told of it: no more of its record is read than that takes, and what is handed on, is handed on as
//! it stands there.

use std::borrow::Cow;

use claim_domain::asker::Source;
use claim_domain::command::CommandType;
use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CommandId, CustomerId};
use claim_domain::time::Instant;
use claim_domain::version::V;
use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::canonical::BodyError;
use crate::correlation::Correlation;

/// What is told of a decision, borrowed from the body of its record. A [`Decision`](crate::Decision) is all of it.
#[derive(Debug, Deserialize)]
pub struct Retold<'a> {
    cause: RetoldCause,
    /// The customer it is about.
    #[serde(default)]
    pub customer: Option<CustomerId>,
    /// The time that every rule used (A-62).
    pub judged_at: Instant,
    /// Whether it is imported history.
    #[serde(default)]
    pub imported: bool,
    /// Whether a deadline due after the command was received had fired before it.
    #[serde(default)]
    pub late: bool,
    /// What came of it.
    #[serde(borrow)]
    pub outcome: RetoldRuling<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RetoldCause {
    Asked(RetoldCommand),
    Deadline(IgnoredAny),
}

/// The command of a decision.
#[derive(Debug, Deserialize)]
pub struct RetoldCommand {
    /// Where it comes from.
    pub source: Source,
    /// Its id there.
    pub id: CommandId,
    /// When it was first received.
    pub received_at: Instant,
    /// The headers it came with.
    #[serde(default)]
    pub correlation: Correlation,
    content: RetoldContent,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RetoldContent {
    Command(RetoldType),
    Reused(RetoldType),
}

#[derive(Debug, Deserialize)]
struct RetoldType {
    #[serde(rename = "type")]
    command_type: CommandType,
}

/// What came of a decision.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetoldRuling<'a> {
    /// It holds; these events follow.
    #[serde(borrow)]
    Accepted(Vec<RetoldEvent<'a>>),
    /// It is refused, for this reason as it stands in the record.
    Refused(&'a RawValue),
}

/// An event as it stands in the record, and the ids that tell what it is about.
#[derive(Debug)]
pub struct RetoldEvent<'a> {
    /// The event.
    pub json: &'a RawValue,
    /// Its type, one of [`Event::TYPES`].
    pub event_type: &'static str,
    /// The claim, if it is about a claim.
    pub claim: Option<ClaimId>,
    /// The engagement, if it names one.
    pub engagement: Option<Cow<'a, str>>,
    /// The partner, if it names one.
    pub partner: Option<Cow<'a, str>>,
    /// The partner's location, if it names one.
    pub location: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Heading<'a> {
    #[serde(rename = "type", borrow)]
    event_type: Cow<'a, str>,
    #[serde(rename = "version")]
    _version: V<1>,
    #[serde(default)]
    claim: Option<ClaimId>,
    #[serde(default, borrow)]
    engagement: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    partner: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    location: Option<Cow<'a, str>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for RetoldEvent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&'a RawValue>::deserialize(deserializer)?;
        let heading: Heading<'a> = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        let Heading { event_type, claim, engagement, partner, location, .. } = heading;
        let known = Event::TYPES.iter().copied().find(|it| *it == event_type);
        let event_type = known.ok_or_else(|| D::Error::unknown_variant(&event_type, Event::TYPES))?;
        Ok(Self { json, event_type, claim, engagement, partner, location })
    }
}

impl<'a> Retold<'a> {
    /// Reads the body of a decision, version 1.
    ///
    /// # Errors
    /// When it has another shape, an event of unknown type or newer version included (F-29).
    pub fn read(body: &'a str) -> Result<Self, BodyError> {
        serde_json::from_str(body).map_err(BodyError::Shape)
    }

    /// Its events; a refusal has none.
    #[must_use]
    pub fn events(&self) -> &[RetoldEvent<'a>] {
        match &self.outcome {
            RetoldRuling::Accepted(events) => events,
            RetoldRuling::Refused(_) => &[],
        }
    }

    /// The command it decides, if it decides one.
    #[must_use]
    pub fn command(&self) -> Option<&RetoldCommand> {
        match &self.cause {
            RetoldCause::Asked(command) => Some(command),
            RetoldCause::Deadline(IgnoredAny) => None,
        }
    }
}

impl RetoldCommand {
    /// Its type.
    #[must_use]
    pub fn command_type(&self) -> CommandType {
        match &self.content {
            RetoldContent::Command(it) | RetoldContent::Reused(it) => it.command_type,
        }
    }
}

#[cfg(test)]
mod tests {
    use claim_domain::command::CommandType;
    use claim_domain::refusal::Refusal;

    use super::*;
    use crate::{Decision, Outcome, PartitionId, Position, Ruling};

    const ACCEPTED: &str = concat!(
        r#"{"cause":{"asked":{"source":"partner:p-contoso","id":"01900000-0000-7000-9000-000000000001","#,
        r#""asker":{"kind":"partner_user","partner":"p-contoso","user":"u-1","roles":["incentives_user"],"locations":"all"},"#,
        r#""digest":"00000000000000000000000000000000000000000000000000000000000000aa","#,
        r#""received_at":"2026-01-05T08:00:00.000Z","correlation":{"x-request":"7"},"#,
        r#""content":{"command":{"type":"CancelClaim","version":1,"body":{"claim":"c001-00000000000000000002"}}}}},"#,
        r#""customer":"01900000-0000-7000-9000-000000000009","judged_at":"2026-01-05T08:00:01.000Z","late":true,"#,
        r#""program":{"sequence":0,"head":null},"#,
        r#""outcome":{"accepted":[{"type":"ClaimCanceled","version":1,"claim":"c001-00000000000000000002"}]}}"#
    );
    const DEADLINE: &str = concat!(
        r#"{"cause":{"deadline":{"due_at":"2026-01-05T08:00:00.000Z","kind":"consent","claim":"c001-00000000000000000002"}},"#,
        r#""judged_at":"2026-01-05T08:00:00.000Z","outcome":{"accepted":[]}}"#
    );

    fn at(sequence: u64) -> Position {
        Position { partition: PartitionId::Number(3), sequence }
    }

    /// What is told of a decision before it is on the log.
    fn told_at_once(decision: &Decision, sequence: u64) -> String {
        let spelt = decision.spell().unwrap();
        assert_eq!(spelt.body(), crate::canonical::to_string(decision).unwrap());
        Outcome::spell(decision, &spelt, at(sequence)).unwrap().unwrap()
    }

    #[test] // CONTRACT §2: an outcome is made from the record alone
    fn what_is_told_is_what_was_decided() {
        let (whole, retold) = (Decision::decode(ACCEPTED).unwrap(), Retold::read(ACCEPTED).unwrap());
        let (asked, command) = (whole.asked().unwrap(), retold.command().unwrap());
        assert_eq!((&command.source, command.id), (&asked.source, asked.id));
        assert_eq!((command.received_at, &command.correlation), (asked.received_at, &asked.correlation));
        assert_eq!(command.command_type(), CommandType::CancelClaim);
        assert_eq!((retold.customer, retold.judged_at, retold.late), (whole.customer, whole.judged_at, true));
        let (event, told) = (&whole.events()[0], &retold.events()[0]);
        assert_eq!((told.event_type, told.claim), (event.event_type(), event.claim()));
        assert_eq!(told.json.get(), serde_json::to_string(event).unwrap());
        let expected = concat!(
            r#"{"command_id":"01900000-0000-7000-9000-000000000001","type":"CancelClaim","outcome":"accepted","#,
            r#""position":{"partition":3,"sequence":7},"received_at":"2026-01-05T08:00:00.000Z","#,
            r#""judged_at":"2026-01-05T08:00:01.000Z","late":true,"customer":"01900000-0000-7000-9000-000000000009","#,
            r#""claims":["c001-00000000000000000002"],"#,
            r#""events":[{"type":"ClaimCanceled","version":1,"claim":"c001-00000000000000000002"}]}"#
        );
        assert_eq!(Outcome::of(&retold, at(7)).unwrap().to_json().unwrap(), expected);
        assert_eq!(told_at_once(&whole, 7), expected);
    }

    #[test] // A-64
    fn a_refusal_is_told_in_the_words_of_its_record() {
        let reason = r#"{"code":"unknown_claim","message":"Words of an older release.","details":{}}"#;
        let (before, _) = ACCEPTED.split_once(r#"{"accepted""#).unwrap();
        let body = format!(r#"{before}{{"refused":{reason}}}}}"#);
        let retold = Retold::read(&body).unwrap();
        let json = Outcome::of(&retold, at(1)).unwrap().to_json().unwrap();
        assert!(json.ends_with(&format!(r#","reason":{reason}}}"#)), "{json}");
        assert!(json.contains(r#""outcome":"refused""#) && retold.events().is_empty());
        let outcome = Ruling::Refused(Refusal::ClaimNotFound.into());
        let refused = Decision { outcome, ..Decision::decode(ACCEPTED).unwrap() };
        let spelt = refused.spell().unwrap();
        let later = Outcome::of(&Retold::read(spelt.body()).unwrap(), at(1)).unwrap().to_json().unwrap();
        assert_eq!(told_at_once(&refused, 1), later);
    }

    #[test]
    fn a_deadline_answers_nobody() {
        let retold = Retold::read(DEADLINE).unwrap();
        assert!(retold.command().is_none() && Outcome::of(&retold, at(1)).is_none());
        let whole = Decision::decode(DEADLINE).unwrap();
        assert_eq!(Outcome::spell(&whole, &whole.spell().unwrap(), at(1)).unwrap(), None);
    }

    #[test] // F-29
    fn an_event_of_another_release_is_not_told() {
        for (known, other) in [
            (r#""type":"ClaimCanceled""#, r#""type":"ClaimForgotten""#),
            (
                r#""version":1,"claim":"c001-00000000000000000002"}]"#,
                r#""version":2,"claim":"c001-00000000000000000002"}]"#,
            ),
        ] {
            let body = ACCEPTED.replace(known, other);
            assert_ne!(body, ACCEPTED);
            assert!(matches!(Retold::read(&body), Err(BodyError::Shape(_))), "{other}");
        }
    }
}
