//! One event as others see it.

use std::borrow::Cow;

use claim_domain::event::Event;
use claim_domain::ids::CustomerId;
use claim_domain::time::Instant;
use claim_journal::{Cursor, Decision, JournalId, PartitionId, Position};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An event in the JSON format of CloudEvents 1.0 (DESIGN §6, `claimlog.events`).
///
/// `partition`, `sequence`, `cursor` and `imported` are extension attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CloudEvent {
    /// `1.0`.
    #[schemars(schema_with = "one_point_zero")]
    pub specversion: Cow<'static, str>,
    /// `<partition>/<sequence>/<index>`, the index from 0: unique in its source, and the same whenever it is published.
    pub id: String,
    /// `/claimlog/<journal id>`.
    pub source: String,
    /// `claimlog.<type of the event>`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it is about: a claim; else a customer, an engagement, or a partner and its location as `<partner>/<location>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When its decision was judged.
    pub time: Instant,
    /// `application/json`.
    #[schemars(schema_with = "json_type")]
    pub datacontenttype: Cow<'static, str>,
    /// The partition of its decision.
    #[schemars(with = "String")]
    #[serde(with = "as_text")]
    pub partition: PartitionId,
    /// The sequence of its decision there, as text of twenty digits, so that it sorts (CloudEvents "sequence").
    pub sequence: String,
    /// Where to go on reading after this event; opaque. Within a decision it stands before the decision until its last
    /// event, so that whoever stops in between gets the whole decision again, under the same ids, and loses nothing.
    pub cursor: Cursor,
    /// Present and true for imported history.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// The trace that the command came with (W3C Trace Context, CloudEvents extension "distributed tracing").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What vendors add to the trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
    /// The event, as it stands in the journal.
    pub data: Event,
}

fn one_point_zero(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"const": "1.0"})
}

fn json_type(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"const": "application/json"})
}

/// Attributes of CloudEvents are texts or numbers, and one attribute has one type.
mod as_text {
    use std::borrow::Cow;

    use claim_journal::PartitionId;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(id: &PartitionId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PartitionId, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl CloudEvent {
    /// The events of a decision at a position, in their order; `before` and `after` are the cursors around the decision.
    pub fn of<'a>(
        journal: JournalId,
        decision: &'a Decision,
        position: Position,
        before: &'a Cursor,
        after: &'a Cursor,
    ) -> impl Iterator<Item = Self> + use<'a> {
        let Position { partition, sequence } = position;
        let last = decision.events().len().saturating_sub(1);
        let (traceparent, tracestate) = decision.asked().map_or((None, None), |it| it.correlation.trace());
        decision.events().iter().enumerate().map(move |(index, event)| Self {
            specversion: Cow::Borrowed("1.0"),
            id: format!("{partition}/{sequence}/{index}"),
            source: format!("/claimlog/{journal}"),
            event_type: format!("claimlog.{}", event.event_type()),
            subject: subject(event, decision.customer),
            time: decision.judged_at,
            datacontenttype: Cow::Borrowed("application/json"),
            partition,
            sequence: format!("{sequence:020}"),
            cursor: if index == last { after.clone() } else { before.clone() },
            imported: decision.imported,
            traceparent: traceparent.map(str::to_owned),
            tracestate: tracestate.map(str::to_owned),
            data: event.clone(),
        })
    }
}

/// What an event is about: the narrowest thing that has an id.
fn subject(event: &Event, customer: Option<CustomerId>) -> Option<String> {
    if let Some(claim) = event.claim() {
        return Some(claim.to_string());
    }
    match event {
        Event::EngagementPublished(it) => Some(it.engagement.to_string()),
        Event::EngagementRetired(it) => Some(it.engagement.to_string()),
        Event::LocationEnrolled(it) => Some(format!("{}/{}", it.partner, it.location)),
        Event::LocationSuspended(it) => Some(format!("{}/{}", it.partner, it.location)),
        Event::PartnerEligibilityRecorded(it) => Some(format!("{}/{}", it.partner, it.location)),
        _ => customer.map(|it| it.to_string()),
    }
}
