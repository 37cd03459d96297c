//! `claims.parquet`: every claim as it is at the end of the journal.

use std::collections::BTreeMap;

use claim_domain::claim::{Claim, Deadline};
use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CustomerId};
use claim_domain::sealed::{Contacts, SealedBox};
use claim_journal::Position;

use super::ExportError;
use super::decisions::{spelt, whole};
use super::events::Place;
use super::personal::{Brought, OfPersons, Opening, Personal, WithPersonal};
use super::table::{Column, Sheet, Table, always, flag, number, text, time};
use crate::known::Customers;

/// What is sealed about each claim, as it was last given.
#[derive(Default)]
pub(super) struct Claims(BTreeMap<ClaimId, Given>);

/// Of one claim: its customer, its newest decision, and its newest boxes with who brought them.
struct Given {
    customer: CustomerId,
    newest: Position,
    friendly_name: Option<(SealedBox, Brought)>,
    contacts: Option<(Contacts, Brought)>,
}

impl Claims {
    /// Notes an event.
    pub(super) fn saw(&mut self, place: &Place<'_>, event: &Event) {
        let (Some(claim), Some(customer)) = (event.claim(), place.decision.customer) else { return };
        let newest = place.position;
        let given =
            self.0.entry(claim).or_insert(Given { customer, newest, friendly_name: None, contacts: None });
        given.newest = newest;
        let Some(brought) = place.brought() else { return };
        let (name, contacts) = match event {
            Event::CustomerAdded(it) => (Some(&it.friendly_name), Some(&it.contacts)),
            Event::CustomerClaimed(it) => (Some(&it.friendly_name), Some(&it.contacts)),
            Event::ContactsUpdated(it) => (None, Some(&it.contacts)),
            Event::ConsentRequested(it) => (None, it.contacts.as_ref()),
            _ => (None, None),
        };
        if let Some(name) = name {
            given.friendly_name = Some((name.clone(), brought.clone()));
        }
        if let Some(contacts) = contacts {
            given.contacts = Some((contacts.clone(), brought));
        }
    }

    /// Writes every claim, in the order of their ids.
    pub(super) fn write(
        self,
        customers: &Customers,
        mut opening: Opening<'_>,
        table: &mut Table<ClaimRow>,
    ) -> Result<(), ExportError> {
        for (id, given) in self.0 {
            let known = customers.get(given.customer);
            let Some(claim) = known.and_then(|it| it.customer.claim(id)) else { continue };
            let mut personal = Personal::default();
            if let Some((sealed, brought)) = &given.friendly_name {
                opening.open(&mut personal, "friendly_name", sealed, brought)?;
            }
            let mut organisation = None;
            if let Some((contacts, brought)) = &given.contacts {
                organisation = Some(contacts.organisation.name.to_string());
                for (field, sealed) in
                    [("contacts.customer", &contacts.customer), ("contacts.partner", &contacts.partner)]
                {
                    if let Some(sealed) = sealed {
                        opening.open(&mut personal, field, sealed, brought)?;
                    }
                }
            }
            let Given { customer, newest, .. } = given;
            table.push(&ClaimRow { claim: claim.clone(), customer, newest, organisation, personal })?;
        }
        Ok(())
    }
}

/// A claim.
pub(super) struct ClaimRow {
    claim: Claim,
    customer: CustomerId,
    newest: Position,
    organisation: Option<String>,
    personal: Personal,
}

impl ClaimRow {
    fn deadline(&self) -> Option<Deadline> {
        self.claim.deadline()
    }
}

impl WithPersonal for ClaimRow {
    fn personal(&self) -> &Personal {
        &self.personal
    }
}

pub(super) static FILE: Sheet<ClaimRow> = Sheet {
    file: "claims.parquet",
    row: "One claim as it is at the end of the journal, in the order of ids.",
    columns: COLUMNS,
    personal: OfPersons::<ClaimRow>::COLUMNS,
};

const COLUMNS: &[Column<ClaimRow>] = &[
    always(text("claim", "Its id.", |it| Some(it.claim.id.to_string()))),
    always(text("customer", "Its customer.", |it| Some(it.customer.to_string()))),
    always(text("partner", "The partner that made it.", |it| Some(it.claim.partner.to_string()))),
    always(text("engagement", "The engagement it is for.", |it| Some(it.claim.engagement.to_string()))),
    always(number("terms_version", "The version of the terms that holds for it (A-53).", |it| {
        whole(it.claim.terms_version)
    })),
    always(text("location", "The partner's location.", |it| Some(it.claim.location.to_string()))),
    always(text("origin", "Whether the customer was added or claimed.", |it| spelt(&it.claim.origin))),
    always(text("status", "Where it stands.", |it| Some(it.claim.status.to_string()))),
    always(text("group", "The heading that the status is shown under (A-17).", |it| {
        spelt(&it.claim.status.group())
    })),
    always(text("identifier_kind", "The kind of identifier the customer was nominated by.", |it| {
        Some(it.claim.identifier.kind().to_string())
    })),
    always(text("identifier", "That identifier.", |it| Some(it.claim.identifier.value().to_owned()))),
    text("tpid", "The TPID known at creation (A-29).", |it| Some(it.claim.tpid.as_ref()?.value().to_owned())),
    text("organisation", "The customer's organisation.", |it| it.organisation.clone()),
    always(time("created_at", "When it was created.", |it| Some(it.claim.created_at))),
    always(time(
        "updated_at",
        "When its newest event was judged; of an ended claim, when it ended or was last paid (A-60).",
        |it| Some(it.claim.updated_at),
    )),
    text("deadline_kind", "The deadline that runs.", |it| spelt(&it.deadline()?.kind)),
    time("deadline_due_at", "When it is due.", |it| Some(it.deadline()?.due_at)),
    always(number("payout_cents", "What it pays, in cents (R-044).", |it| whole(it.claim.payout.cents))),
    always(text("payout_currency", "The currency of that.", |it| Some(it.claim.payout.currency.to_string()))),
    always(number("paid_cents", "What was paid so far, in cents of that currency (A-56).", |it| {
        let paid = it.claim.payments.values().filter(|paid| paid.currency == it.claim.payout.currency);
        Some(paid.map(|paid| paid.paid_cents).sum())
    })),
    number("hours", "Hours (R-040).", |it| it.claim.hours.map(i64::from)),
    number("deal_size_usd_cents", "The deal size, frozen when consent was asked for (R-065).", |it| {
        it.claim.deal_size_usd_cents
    }),
    always(number("contact_revision", "The revision of the contacts (A-68).", |it| {
        whole(it.claim.contact_revision)
    })),
    text("referral", "The partner-led referral (R-080).", |it| {
        Some(it.claim.referral.as_ref()?.referral.to_string())
    }),
    always(flag("cosell", "Whether the referral was upgraded to co-sell (R-083).", |it| {
        Some(it.claim.cosell)
    })),
    always(text("newest_position", "Its newest decision, as `<partition>/<sequence>`.", |it| {
        Some(format!("{}/{}", it.newest.partition, it.newest.sequence))
    })),
];
