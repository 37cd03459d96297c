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

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::refusal::Refusal;

    #[test]
    fn contacts_are_replaced_whole_and_their_revision_rises_even_if_equal() {
        given([add(), update_contacts()])
            .when(update_contacts())
            .yields(["ContactsUpdated"])
            .with("contact_revision", 3)
            .with("contacts/organisation/country", "JP");
    }

    #[test] // D-02, A-34
    fn a_change_of_contacts_voids_the_survey_that_is_outstanding() {
        given(until(Status::ConsentReceived))
            .and_all([update_contacts()])
            .when(complete_customer_survey())
            .refused(Refusal::SurveyNotRequested);
    }

    #[test] // D-02, A-34, A-78
    fn contacts_are_frozen_once_the_customer_answered_the_survey() {
        given(until(Status::ConsentReceived))
            .and_all([complete_customer_survey()])
            .when(update_contacts())
            .refused(Refusal::ContactsFrozen);
        given(until(Status::ConsentReceived))
            .and_all([complete_partner_survey()])
            .when(update_contacts())
            .yields(["ContactsUpdated"]);
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given(until(Status::ConsentReceived)),
            &update_contacts(),
            &[
                fault("role_not_allowed", |it| it.by(operator())),
                fault("claim_not_found", |it| it.by(other_partner())),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![submit_claim()]),
                fault("contacts_invalid", |it| it.with("contacts", contacts_without_a_name())),
            ],
            &[],
        );
        given(until(Status::ConsentReceived))
            .and_all([complete_customer_survey()])
            .when(update_contacts().with("contacts", contacts_without_a_name()))
            .refused(Refusal::ContactsFrozen);
    }
}
