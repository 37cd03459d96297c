//! `StartReview`: a reviewer takes the claim (row 12).

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::StartReview;
use crate::customer::Customer;
use crate::event::ReviewStarted;
use crate::version::V;

/// Starts the review, also after the end of its time.
///
/// Refuses, in this order: role, claim, status.
pub(super) fn decide(customer: &Customer, cmd: &StartReview, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Reviewer)?;
    if claim.status != Status::Submitted {
        return Err(not_in_row(claim));
    }
    Ok(vec![ReviewStarted { version: V, claim: claim.id }.into()])
}

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;

    #[test]
    fn a_review_starts_even_after_the_end_of_its_time() {
        given(until(Status::Submitted))
            .when(start_review().days_later(i64::from(REVIEW_DAYS) + 10))
            .yields(["ReviewStarted"])
            .to(Status::UnderReview);
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given(until(Status::Submitted)),
            &start_review(),
            &[
                fault("role_not_allowed", |it| it.by(partner())),
                fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
                past_fault("wrong_status", || vec![start_review()]),
            ],
            &[],
        );
    }
}
