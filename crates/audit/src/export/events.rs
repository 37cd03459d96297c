//! `events.parquet`: every event, with what is personal in columns of its own.

use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CustomerId};
use claim_domain::time::Instant;
use claim_journal::{Decision, Position};
use serde_json::Value;

use super::ExportError;
use super::decisions::whole;
use super::personal::{Brought, OfPersons, Opening, Personal, WithPersonal};
use super::table::{Column, Sheet, always, flag, number, text, time};
use crate::known::Customers;

/// Where an event stands.
pub(super) struct Place<'a> {
    pub(super) position: Position,
    /// Its place in the decision, from 0.
    pub(super) index: usize,
    pub(super) decision: &'a Decision,
}

impl Place<'_> {
    /// Who brought what is sealed here; deadlines bring nothing.
    pub(super) fn brought(&self) -> Option<Brought> {
        let asked = self.decision.asked()?;
        Some(Brought { source: asked.source.clone(), command: asked.id, position: self.position })
    }
}

/// An event.
pub(super) struct EventRow {
    position: Position,
    index: usize,
    judged_at: Instant,
    imported: bool,
    customer: Option<CustomerId>,
    event_type: &'static str,
    claim: Option<ClaimId>,
    partner: Option<String>,
    engagement: Option<String>,
    personal: Personal,
    data: Value,
}

/// The row of an event; its customer is as it is after the decision.
pub(super) fn row(
    place: &Place<'_>,
    event: &Event,
    customers: &Customers,
    opening: &mut Opening<'_>,
) -> Result<EventRow, ExportError> {
    let Place { position, index, decision } = *place;
    let mut data = serde_json::to_value(event).unwrap_or_default();
    let personal = match place.brought() {
        Some(brought) => opening.take_out(&mut data, &brought)?,
        None => Personal::default(),
    };
    let known = decision.customer.and_then(|it| customers.get(it));
    let claim = event.claim().and_then(|it| known?.customer.claim(it));
    let named = |field: &str| data[field].as_str().map(str::to_owned);
    Ok(EventRow {
        position,
        index,
        judged_at: decision.judged_at,
        imported: decision.imported,
        customer: decision.customer,
        event_type: event.event_type(),
        claim: event.claim(),
        partner: claim.map(|it| it.partner.to_string()).or_else(|| named("partner")),
        engagement: claim.map(|it| it.engagement.to_string()).or_else(|| named("engagement")),
        personal,
        data,
    })
}

impl WithPersonal for EventRow {
    fn personal(&self) -> &Personal {
        &self.personal
    }
}

pub(super) static FILE: Sheet<EventRow> = Sheet {
    file: "events.parquet",
    row: "One event, in the order of the journal.",
    columns: COLUMNS,
    personal: OfPersons::<EventRow>::COLUMNS,
};

const COLUMNS: &[Column<EventRow>] = &[
    always(text("id", "`<partition>/<sequence>/<index>`: the id of the event as it is published.", |it| {
        let Position { partition, sequence } = it.position;
        Some(format!("{partition}/{sequence}/{}", it.index))
    })),
    always(text("partition", "The partition of its decision.", |it| Some(it.position.partition.to_string()))),
    always(number("sequence", "The sequence of its decision there.", |it| whole(it.position.sequence))),
    always(number("index", "Its place in the decision, from 0.", |it| whole(it.index))),
    always(text("type", "The type of the event.", |it| Some(it.event_type.to_owned()))),
    always(number("version", "The version of its shape.", |it| it.data["version"].as_i64())),
    always(time("judged_at", "When its decision was judged (A-62).", |it| Some(it.judged_at))),
    always(flag("imported", "Whether it is imported history.", |it| Some(it.imported))),
    text("customer", "The customer it is about.", |it| Some(it.customer?.to_string())),
    text("claim", "The claim it is about.", |it| Some(it.claim?.to_string())),
    text("partner", "The partner of the claim, or that the event names.", |it| it.partner.clone()),
    text("engagement", "The engagement of the claim, or that the event names.", |it| it.engagement.clone()),
    text("mismatch_reason", "Personal: why tenant and e-mail domain differ (R-033).", |it| {
        it.personal.text("mismatch_reason")
    }),
    text("text", "Personal: the comment, or the justification of a dispute.", |it| {
        ["text", "comment", "justification"].into_iter().find_map(|field| it.personal.text(field))
    }),
    always(text(
        "data",
        "The event as JSON, as `event.json` describes it, with null where something is sealed.",
        |it| Some(it.data.to_string()),
    )),
];
