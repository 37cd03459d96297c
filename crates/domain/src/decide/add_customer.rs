//! `AddCustomer`: nominate a customer for one or more engagements (R-015 … R-047, row 1).

use super::Context;
use super::create::{Creation, Route, conflict_seen, partner};
use crate::command::AddCustomer;
use crate::customer::Customer;
use crate::event::{CustomerAdded, Event};
use crate::facts::Values;
use crate::identifier::{IdKind, Identifier};
use crate::ids::ClaimId;
use crate::refusal::{Reason, Refusal};
use crate::terms::{Pay, Terms};
use crate::verdict::Nomination;
use crate::version::V;

/// Creates one claim per engagement, or none.
///
/// Refuses, in the order of A-72: of the whole command the role, the location's scope, the friendly name, the list of
/// engagements, the contacts, a tenant at odds with the e-mail domain without a reason; then each engagement by
/// itself; last a payout other than the reviewed one.
pub(super) fn decide(
    customer: &Customer,
    cmd: &AddCustomer,
    context: &Context<'_>,
) -> Result<Vec<Event>, Reason> {
    let partner = partner(context)?;
    let creation = Creation {
        engagements: &cmd.engagements,
        friendly_name: cmd.friendly_name.as_ref(),
        location: &cmd.location,
        hours: cmd.hours,
        reviewed_payout_cents: cmd.reviewed_payout_cents,
        contacts: &cmd.contacts,
        found: &cmd.found,
    };
    let friendly_name = creation.whole_command(context)?;
    let mismatch = cmd.customer.kind() == IdKind::TenantId && cmd.found.email_matches != Some(true);
    if mismatch && cmd.mismatch_reason.is_none() {
        return Err(Refusal::MismatchReasonRequired.into());
    }

    let tenant = cmd.found.tenant.as_ref().filter(|_| cmd.customer.kind() == IdKind::DomainName);
    let values = match tenant {
        Some(tenant) => customer.facts.get(tenant).map(|it| &it.values),
        None => customer.values(&cmd.customer),
    };
    let nominated = Nominated { identifier: &cmd.customer, values };
    let accepted = creation.each_engagement(&nominated, partner, customer, context)?;

    let source = context.asker.source().to_string();
    let mut events: Vec<Event> = conflict_seen(customer, &cmd.found).into_iter().collect();
    events.extend(accepted.into_iter().map(|it| {
        let terms = it.published.terms;
        let variable = terms.pay == Pay::Variable;
        Event::from(CustomerAdded {
            version: V,
            claim: ClaimId::derive(context.customer_id, &source, context.id, it.published.engagement),
            partner: partner.clone(),
            engagement: it.published.engagement.clone(),
            terms_version: it.published.version,
            location: cmd.location.clone(),
            identifier: it.identifier,
            tenant: tenant.cloned(),
            tpid: cmd.found.tpid.clone(),
            opportunity: cmd.found.opportunity.clone().filter(|_| variable),
            friendly_name: friendly_name.clone(),
            mismatch_reason: cmd.mismatch_reason.clone(),
            hours: cmd.hours,
            payout: it.payout,
            contacts: cmd.contacts.clone(),
            consent_due_at: context.at.plus_days(terms.days.consent),
        })
    }));
    Ok(events)
}

/// The nominated identifier counts, and no other of the same customer.
struct Nominated<'a> {
    identifier: &'a Identifier,
    values: Option<&'a Values>,
}

impl Route for Nominated<'_> {
    fn before_hours(&self, terms: &Terms, several: bool) -> Result<(), Refusal> {
        if !terms.id_kinds.contains(&self.identifier.kind()) {
            return Err(Refusal::IdKindNotAccepted);
        }
        if several && terms.pay == Pay::Variable {
            return Err(Refusal::VariablePayAlone);
        }
        Ok(())
    }

    fn nomination(&self, _: &Terms) -> Nomination<'_> {
        Nomination::Given { identifier: self.identifier, values: self.values }
    }
}

#[cfg(test)]
mod tests;
