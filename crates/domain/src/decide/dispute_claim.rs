//! `DisputeClaim`: open a dispute of a rejection (D-09, row 18).

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::DisputeClaim;
use crate::customer::Customer;
use crate::event::ClaimDisputed;
use crate::version::V;

/// Opens the dispute; proof can be worked on again.
///
/// Refuses, in this order: role, claim, location, status.
pub(super) fn decide(customer: &Customer, cmd: &DisputeClaim, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    if claim.status != Status::Rejected {
        return Err(not_in_row(claim));
    }
    Ok(vec![ClaimDisputed { version: V, claim: claim.id }.into()])
}

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::refusal::Refusal;

    #[test] // D-09, A-20
    fn a_rejection_is_disputed_until_just_before_its_deadline() {
        let due_at = start().plus_days(DISPUTE_DAYS);
        let rejected = given(until(Status::Rejected));
        rejected
            .clone()
            .when(dispute_claim().at(due_at.plus_ms(-1)))
            .yields(["ClaimDisputed"])
            .to(Status::Disputed);
        rejected
            .when(dispute_claim().at(due_at))
            .refused(Refusal::DeadlineReached { due_at, status: Status::DisputedExpired });
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given(until(Status::Rejected)),
            &dispute_claim(),
            &[
                fault("role_not_allowed", |it| it.by(reviewer())),
                fault("claim_not_found", |it| it.by(other_partner())),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![dispute_claim()]),
            ],
            &[],
        );
    }
}
