//! `RecordPartnerEligibility`: whether a location may take part in an engagement.

use super::{Actor, Context, Decided};
use crate::command::RecordPartnerEligibility;
use crate::event::PartnerEligibilityRecorded;
use crate::refusal::Refusal;
use crate::version::V;

/// Records eligibility; the same with the same reason changes nothing.
///
/// Refuses, in this order: not the operator, no such engagement.
pub(super) fn decide(cmd: &RecordPartnerEligibility, context: &Context<'_>) -> Decided {
    context.require(Actor::Operator)?;
    context.catalog.newest(&cmd.engagement).ok_or(Refusal::EngagementNotFound)?;
    let reason = cmd.reason.as_ref().map_or("", |it| it.as_str());
    if context.catalog.recorded(&cmd.partner, &cmd.location, &cmd.engagement) == Some((cmd.eligible, reason))
    {
        return Ok(vec![]);
    }
    Ok(vec![
        PartnerEligibilityRecorded {
            version: V,
            partner: cmd.partner.clone(),
            location: cmd.location.clone(),
            engagement: cmd.engagement.clone(),
            eligible: cmd.eligible,
            reason: cmd.reason.clone(),
        }
        .into(),
    ])
}

#[cfg(test)]
mod tests {
    use crate::decide::given::*;

    #[test]
    fn the_newest_record_counts_where_the_terms_say_so() {
        let recorded = publish("fixed", fixed_terms()).with("terms/locations", "recorded");
        let strict = given([recorded]);
        strict.clone().when(add()).refused_as("location_not_eligible");
        let eligible =
            strict.when(record_eligibility("fixed", true)).yields(["PartnerEligibilityRecorded"]).then();
        eligible.clone().when(add()).yields(["CustomerAdded"]);
        eligible.clone().when(add().with("location", "loc-2")).refused_as("location_not_eligible");
        eligible
            .and_all([record_eligibility("fixed", false)])
            .when(add())
            .refused_as("location_not_eligible");
    }

    #[test]
    fn all_enrolled_ignores_what_is_recorded() {
        given([record_eligibility("fixed", false)]).when(add()).yields(["CustomerAdded"]);
    }

    #[test]
    fn the_same_with_the_same_reason_is_quiet() {
        let recorded = given([record_eligibility("fixed", true)]);
        recorded.clone().when(record_eligibility("fixed", true)).stays_quiet();
        recorded
            .clone()
            .when(record_eligibility("fixed", true).with("reason", "audit"))
            .yields(["PartnerEligibilityRecorded"]);
        recorded.when(record_eligibility("fixed", false)).yields(["PartnerEligibilityRecorded"]);
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([]),
            &record_eligibility("fixed", true),
            &[
                fault("role_not_allowed", |it| it.by(user_of("p-contoso", &["incentives_admin"]))),
                fault("engagement_not_found", |it| it.with("engagement", "unknown")),
            ],
            &[],
        );
    }
}
