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
