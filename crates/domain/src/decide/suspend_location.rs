//! `SuspendLocation`: a location takes part no longer; open claims are not touched.

use super::{Context, Decided};
use crate::command::SuspendLocation;
use crate::event::LocationSuspended;
use crate::refusal::Refusal;
use crate::version::V;

/// Suspends a location; a suspended one stays so, quietly.
///
/// Refuses, in this order: neither the operator nor an admin of the partner, never enrolled.
pub(super) fn decide(cmd: &SuspendLocation, context: &Context<'_>) -> Decided {
    context.require_admin_of(&cmd.partner)?;
    if !context.catalog.was_enrolled(&cmd.partner, &cmd.location) {
        return Err(Refusal::LocationNotEnrolled);
    }
    if context.catalog.enrolment(&cmd.partner, &cmd.location).is_none() {
        return Ok(vec![]);
    }
    Ok(vec![
        LocationSuspended { version: V, partner: cmd.partner.clone(), location: cmd.location.clone() }.into(),
    ])
}

#[cfg(test)]
mod tests {
    use crate::decide::given::*;

    #[test]
    fn a_suspended_location_takes_no_new_claims_and_stays_so() {
        given([]).when(suspend("p-contoso", "loc-1")).yields(["LocationSuspended"]);
        let suspended = given([suspend("p-contoso", "loc-1")]);
        suspended.clone().when(suspend("p-contoso", "loc-1")).stays_quiet();
        suspended.clone().when(add()).refused_as("location_not_enrolled");
        suspended.and_all([enroll("p-contoso", "loc-1")]).when(add()).yields(["CustomerAdded"]);
    }

    #[test]
    fn an_open_claim_goes_on_when_its_location_is_suspended() {
        given([add(), suspend("p-contoso", "loc-1")]).when(send_consent()).yields(["ConsentRequested"]);
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([]),
            &suspend("p-contoso", "loc-1"),
            &[
                fault("role_not_allowed", |it| it.by(user_of("p-litware", &["incentives_admin"]))),
                fault("location_not_enrolled", |it| it.with("location", "loc-7")),
            ],
            &[],
        );
        given([])
            .when(suspend("p-contoso", "loc-1").by(user_of("p-contoso", &["incentives_admin"])))
            .yields(["LocationSuspended"]);
    }
}
