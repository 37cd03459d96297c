//! `RetireEngagement`: an engagement takes no new claims any more.

use super::{Actor, Context, Decided};
use crate::command::RetireEngagement;
use crate::event::EngagementRetired;
use crate::refusal::Refusal;
use crate::version::V;

/// Retires an engagement; a retired one stays so, quietly.
///
/// Refuses, in this order: not the operator, no such engagement.
pub(super) fn decide(cmd: &RetireEngagement, context: &Context<'_>) -> Decided {
    context.require(Actor::Operator)?;
    let published = context.catalog.newest(&cmd.engagement).ok_or(Refusal::EngagementNotFound)?;
    if published.retired {
        return Ok(vec![]);
    }
    Ok(vec![EngagementRetired { version: V, engagement: cmd.engagement.clone() }.into()])
}

#[cfg(test)]
mod tests {
    use crate::decide::given::*;

    #[test]
    fn a_retired_engagement_takes_no_new_claims_and_stays_so() {
        given([]).when(retire("fixed")).yields(["EngagementRetired"]);
        let retired = given([retire("fixed")]);
        retired.clone().when(add()).refused_as("engagement_retired");
        retired.when(retire("fixed")).stays_quiet();
    }

    #[test]
    fn an_open_claim_goes_on_when_its_engagement_is_retired() {
        given([add(), retire("fixed")])
            .and_all([send_consent(), customer_accepted(), upload_proof()])
            .when(submit_claim())
            .yields(["ClaimSubmitted"]);
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([]),
            &retire("fixed"),
            &[
                fault("role_not_allowed", |it| it.by(service("crm"))),
                fault("engagement_not_found", |it| it.with("engagement", "unknown")),
            ],
            &[],
        );
    }
}
