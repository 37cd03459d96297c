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
