//! `ApproveClaim`: everything required is there (row 16).

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::ApproveClaim;
use crate::customer::Customer;
use crate::event::ClaimApproved;
use crate::version::V;

/// Approves the claim; its referral is left open.
///
/// Refuses, in this order: role, claim, status.
pub(super) fn decide(customer: &Customer, cmd: &ApproveClaim, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Reviewer)?;
    if claim.status != Status::UnderReview {
        return Err(not_in_row(claim));
    }
    Ok(vec![ClaimApproved { version: V, claim: claim.id, payout: claim.payout.clone() }.into()])
}

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;

    #[test]
    fn an_approved_claim_pays_what_was_proposed_for_it() {
        let dearer = publish("fixed", fixed_terms()).with("terms/payout/fixed_cents", 900_000);
        given(until(Status::UnderReview))
            .and_all([dearer])
            .when(approve_claim())
            .yields(["ClaimApproved"])
            .with("payout/cents", 500_000)
            .to(Status::Approved);
    }

    #[test]
    fn an_approved_claim_keeps_its_slot() {
        let approved = given(until(Status::Approved));
        let (engagement, partner) = ("fixed".parse().unwrap(), "p-contoso".parse().unwrap());
        assert_eq!(approved.customer.count(&engagement, &partner, Default::default()), 1);
        assert!(approved.customer.open.is_empty());
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given(until(Status::UnderReview)),
            &approve_claim(),
            &[
                fault("role_not_allowed", |it| it.by(partner())),
                fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
                past_fault("wrong_status", || vec![approve_claim()]),
            ],
            &[],
        );
    }
}
