//! One event as others see it.

use std::borrow::Cow;

use claim_domain::event::Event;
use claim_domain::ids::CustomerId;
use claim_domain::time::Instant;
use claim_journal::{Cursor, JournalId, PartitionId, Position, Retold, RetoldEvent};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// An event in the JSON format of CloudEvents 1.0 (DESIGN §6, `claimlog.events`).
///
/// `partition`, `sequence`, `cursor` and `imported` are extension attributes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CloudEvent<'a> {
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
    #[schemars(with = "Event")]
    #[serde(borrow)]
    pub data: Cow<'a, RawValue>,
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

impl<'a> CloudEvent<'a> {
    /// The events of a decision at a position, in their order; `before` and `after` are the cursors around the decision.
    pub fn of<'d>(
        journal: JournalId,
        decision: &'d Retold<'a>,
        position: Position,
        before: &'d Cursor,
        after: &'d Cursor,
    ) -> impl Iterator<Item = Self> + use<'a, 'd> {
        let Position { partition, sequence } = position;
        let last = decision.events().len().saturating_sub(1);
        let (traceparent, tracestate) = decision.command().map_or((None, None), |it| it.correlation.trace());
        decision.events().iter().enumerate().map(move |(index, event)| Self {
            specversion: Cow::Borrowed("1.0"),
            id: format!("{partition}/{sequence}/{index}"),
            source: format!("/claimlog/{journal}"),
            event_type: format!("claimlog.{}", event.event_type),
            subject: subject(event, decision.customer),
            time: decision.judged_at,
            datacontenttype: Cow::Borrowed("application/json"),
            partition,
            sequence: format!("{sequence:020}"),
            cursor: if index == last { after.clone() } else { before.clone() },
            imported: decision.imported,
            traceparent: traceparent.map(str::to_owned),
            tracestate: tracestate.map(str::to_owned),
            data: Cow::Borrowed(event.json),
        })
    }

    /// The same, owning what it tells.
    #[must_use]
    pub fn into_owned(self) -> CloudEvent<'static> {
        CloudEvent { data: Cow::Owned(self.data.into_owned()), ..self }
    }
}

/// What an event is about: the narrowest thing that has an id.
fn subject(event: &RetoldEvent<'_>, customer: Option<CustomerId>) -> Option<String> {
    match (event.claim, &event.partner, &event.location, &event.engagement) {
        (Some(claim), ..) => Some(claim.to_string()),
        (None, Some(partner), Some(location), _) => Some(format!("{partner}/{location}")),
        (None, _, _, Some(engagement)) => Some(engagement.to_string()),
        (None, ..) => customer.map(|it| it.to_string()),
    }
}
