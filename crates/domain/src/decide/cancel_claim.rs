//! `CancelClaim`: the partner gives up before the first submission (D-08, row 8).

use super::closing::with_closing;
use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::CancelClaim;
use crate::customer::Customer;
use crate::event::ClaimCanceled;
use crate::version::V;

/// Cancels the claim.
///
/// Refuses, in this order: role, claim, location, status.
pub(super) fn decide(customer: &Customer, cmd: &CancelClaim, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    match claim.status {
        Status::CustomerClaimed | Status::AwaitingConsent | Status::ConsentReceived => {
            Ok(with_closing(claim, ClaimCanceled { version: V, claim: claim.id }.into()))
        }
        _ => Err(not_in_row(claim)),
    }
}

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::refusal::Refusal;

    #[test] // D-08, A-04
    fn a_claim_is_canceled_before_the_first_submission_only_and_frees_its_slot() {
        let (engagement, partner) = ("fixed".parse().unwrap(), "p-contoso".parse().unwrap());
        for status in [Status::CustomerClaimed, Status::AwaitingConsent, Status::ConsentReceived] {
            let canceled = given(until(status)).when(cancel_claim()).yields(["ClaimCanceled"]).then();
            assert_eq!(canceled.customer.count(&engagement, &partner, Default::default()), 0);
        }
        for status in [Status::Submitted, Status::PartnerActionRequired] {
            given(until(status)).when(cancel_claim()).refused(Refusal::WrongStatus { status });
        }
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([add()]),
            &cancel_claim(),
            &[
                fault("role_not_allowed", |it| it.by(customer())),
                fault("claim_not_found", |it| it.by(other_partner())),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![cancel_claim()]),
            ],
            &[],
        );
    }
}
