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
