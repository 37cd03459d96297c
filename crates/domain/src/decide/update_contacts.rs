//! `UpdateContacts`: new contacts, whole (row 9, A-34, A-46, A-68).

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::UpdateContacts;
use crate::customer::Customer;
use crate::event::ContactsUpdated;
use crate::refusal::Refusal;
use crate::version::V;

/// Changes the contacts: raises their revision and voids an outstanding survey link (D-02).
///
/// Refuses, in this order: role, claim, location, status, contacts frozen by an answered survey, blank names.
pub(super) fn decide(customer: &Customer, cmd: &UpdateContacts, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    match claim.status {
        Status::CustomerClaimed
        | Status::AwaitingConsent
        | Status::ConsentReceived
        | Status::PartnerActionRequired
        | Status::Disputed => {}
        _ => return Err(not_in_row(claim)),
    }
    if claim.customer_survey.is_some() {
        return Err(Refusal::ContactsFrozen);
    }
    if !cmd.contacts.are_named() {
        return Err(Refusal::ContactsInvalid);
    }
    let contact_revision = claim.contact_revision + 1;
    Ok(vec![
        ContactsUpdated { version: V, claim: claim.id, contacts: cmd.contacts.clone(), contact_revision }
            .into(),
    ])
}
