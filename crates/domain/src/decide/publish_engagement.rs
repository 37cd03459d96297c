//! `PublishEngagement`: a new version of an engagement's terms.

use super::{Actor, Context, Decided};
use crate::command::PublishEngagement;
use crate::event::EngagementPublished;
use crate::refusal::Refusal;
use crate::version::V;

/// Publishes terms; the same terms again change nothing, and a retired engagement is opened again.
///
/// Refuses, in this order: not the operator, terms against the rules.
pub(super) fn decide(cmd: &PublishEngagement, context: &Context<'_>) -> Decided {
    context.require(Actor::Operator)?;
    if let Some(fault) = cmd.terms.fault() {
        return Err(Refusal::TermsInvalid { fault: fault.into() });
    }
    let newest = context.catalog.newest(&cmd.engagement);
    if newest.is_some_and(|it| !it.retired && **it.terms == *cmd.terms) {
        return Ok(vec![]);
    }
    let terms_version = newest.map_or(0, |it| it.version) + 1;
    let (engagement, terms) = (cmd.engagement.clone(), cmd.terms.clone());
    Ok(vec![EngagementPublished { version: V, engagement, terms_version, terms }.into()])
}
