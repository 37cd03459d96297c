//! `CustomerDeclined`: the customer refuses (R-072, R-076, row 6).

use super::closing::with_closing;
use super::{Actor, Context, Decided, not_in_row};
use crate::claim::{Answer, Status};
use crate::command::CustomerDeclined;
use crate::customer::Customer;
use crate::event::CustomerConsentDeclined;
use crate::refusal::Refusal;
use crate::version::V;

/// Records the refusal, which ends the claim; the same answer again is quiet in any status.
///
/// Refuses, in this order: role, claim, the opposite answer given before, status, revision of the contacts.
pub(super) fn decide(customer: &Customer, cmd: &CustomerDeclined, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Customer)?;
    match claim.answer {
        Some(Answer::Declined) => return Ok(vec![]),
        Some(Answer::Accepted) => return Err(Refusal::ConsentAlreadyAnswered),
        None if claim.status != Status::AwaitingConsent => return Err(not_in_row(claim)),
        None => {}
    }
    let contact_revision = claim.contact_revision;
    if cmd.contact_revision != contact_revision {
        return Err(Refusal::ContactRevisionOutdated { contact_revision });
    }
    Ok(with_closing(claim, CustomerConsentDeclined { version: V, claim: claim.id, contact_revision }.into()))
}

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::refusal::Refusal;

    #[test]
    fn a_refusal_ends_the_claim() {
        let declined = given([add(), send_consent()])
            .when(customer_declined())
            .yields(["CustomerConsentDeclined"])
            .with("contact_revision", 1)
            .to(Status::ConsentDeclined)
            .then();
        assert!(declined.customer.open.is_empty());
    }

    #[test]
    fn a_customer_that_only_declined_is_not_known() {
        let partner_id = "p-contoso".parse().unwrap();
        let added = given([add(), send_consent(), customer_declined()]);
        assert!(!added.customer.is_known_to(&partner_id));
        let claimed = given(known()).and_all([claim_customer(), send_consent(), customer_declined()]);
        assert!(claimed.customer.is_known_to(&partner_id));
    }

    #[test]
    fn the_same_refusal_again_is_quiet() {
        let declined = given([add(), send_consent(), customer_declined()]);
        declined.clone().when(customer_declined()).stays_quiet();
        declined.when(customer_declined().with("contact_revision", 5)).stays_quiet();
    }

    #[test]
    fn a_refusal_after_consent_is_refused_in_any_status() {
        for status in [Status::ConsentReceived, Status::NotSubmittedExpired, Status::Approved] {
            given(until(status)).when(customer_declined()).refused(Refusal::ConsentAlreadyAnswered);
        }
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([add(), send_consent()]),
            &customer_declined(),
            &[
                fault("role_not_allowed", |it| it.by(reviewer())),
                fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
                past_fault("wrong_status", || vec![cancel_claim()]),
                fault("contact_revision_outdated", |it| it.with("contact_revision", 2)),
            ],
            &[],
        );
    }
}
