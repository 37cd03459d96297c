//! `EnrollLocation`: a location takes part in the program.

use super::{Context, Decided};
use crate::command::EnrollLocation;
use crate::event::LocationEnrolled;
use crate::version::V;

/// Enrolls a location; the same `until` again changes nothing.
///
/// Refuses: neither the operator nor an admin of the partner.
pub(super) fn decide(cmd: &EnrollLocation, context: &Context<'_>) -> Decided {
    context.require_admin_of(&cmd.partner)?;
    if context.catalog.enrolment(&cmd.partner, &cmd.location) == Some(cmd.until) {
        return Ok(vec![]);
    }
    let (partner, location, until) = (cmd.partner.clone(), cmd.location.clone(), cmd.until);
    Ok(vec![LocationEnrolled { version: V, partner, location, until }.into()])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::decide::given::*;
    use crate::refusal::Refusal;

    #[test]
    fn a_location_is_enrolled_by_the_operator_or_an_admin_of_its_partner() {
        let admin = user_of("p-contoso", &["incentives_admin"]);
        for asker in [operator(), admin.clone()] {
            given([])
                .when(enroll("p-contoso", "loc-3").by(asker))
                .yields(["LocationEnrolled"])
                .without("until");
        }
        given([]).when(enroll("p-litware", "loc-3").by(admin)).refused(Refusal::RoleNotAllowed);
        for asker in [partner(), referral_admin(), service("crm"), reviewer()] {
            given([]).when(enroll("p-contoso", "loc-3").by(asker)).refused(Refusal::RoleNotAllowed);
        }
    }

    #[test]
    fn the_same_until_again_is_quiet_and_another_is_recorded() {
        given([]).when(enroll("p-contoso", "loc-1")).stays_quiet();
        let until = || enroll("p-contoso", "loc-1").with("until", json!("2026-07-01T00:00:00Z"));
        given([]).when(until()).yields(["LocationEnrolled"]).with("until", "2026-07-01T00:00:00.000Z");
        given([until()]).when(until()).stays_quiet();
        given([until()]).when(enroll("p-contoso", "loc-1")).yields(["LocationEnrolled"]);
    }

    #[test]
    fn until_is_exclusive() {
        let until = start().plus_days(10);
        let enrolled = given([enroll("p-contoso", "loc-1").with("until", json!(until))]);
        enrolled.clone().when(add().at(until.plus_ms(-1))).yields(["CustomerAdded"]);
        enrolled.when(add().at(until)).refused(Refusal::LocationNotEnrolled);
    }
}
