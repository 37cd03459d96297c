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
