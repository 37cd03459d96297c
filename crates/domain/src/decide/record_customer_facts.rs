//! `RecordCustomerFacts`: what is known from outside about an identifier.

use super::create::conflict_seen;
use super::{Actor, Context, Decided};
use crate::asker::INTAKE;
use crate::command::RecordCustomerFacts;
use crate::customer::Customer;
use crate::event::CustomerFactsRecorded;
use crate::refusal::Refusal;
use crate::version::V;

/// Records facts; an observation that is not newer than the recorded one changes nothing.
///
/// Refuses, in this order: not a service, observed later than judged.
pub(super) fn decide(customer: &Customer, cmd: &RecordCustomerFacts, context: &Context<'_>) -> Decided {
    context.require(Actor::Service)?;
    if cmd.observed_at > context.at {
        return Err(Refusal::ObservedInFuture);
    }
    let mut events = Vec::new();
    if !context.asker.is_service(INTAKE) {
        events.extend(conflict_seen(customer, &cmd.found));
    }
    let tenant =
        cmd.found.tenant.as_ref().filter(|_| cmd.identifier.kind() == crate::identifier::IdKind::DomainName);
    let recorded = customer.facts.get(tenant.unwrap_or(&cmd.identifier));
    if recorded.is_none_or(|it| it.observed_at < cmd.observed_at) {
        events.push(
            CustomerFactsRecorded {
                version: V,
                identifier: cmd.identifier.clone(),
                tenant: tenant.cloned(),
                values: cmd.values.clone(),
                observed_at: cmd.observed_at,
                source: cmd.source.clone(),
            }
            .into(),
        );
    }
    Ok(events)
}
