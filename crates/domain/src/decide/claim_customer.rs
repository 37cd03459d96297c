//! `ClaimCustomer`: start an engagement with a customer already known (R-048 … R-058, row 2).

use super::Context;
use super::create::{Creation, Route, partner};
use crate::command::ClaimCustomer;
use crate::customer::Customer;
use crate::event::{CustomerClaimed, Event};
use crate::facts::Values;
use crate::identifier::{IdKind, Identifier};
use crate::ids::ClaimId;
use crate::refusal::{Reason, Refusal};
use crate::terms::{Pay, Terms};
use crate::verdict::Nomination;
use crate::version::V;

/// Creates one claim per engagement, or none.
///
/// Refuses, in the order of A-72: of the whole command the role, a customer not known to the partner, the
/// location's scope, the friendly name, the list of engagements, the contacts; then each engagement by itself; last
/// a payout other than the reviewed one.
pub(super) fn decide(
    customer: &Customer,
    cmd: &ClaimCustomer,
    context: &Context<'_>,
) -> Result<Vec<Event>, Reason> {
    let partner = partner(context)?;
    if !customer.is_known_to(partner) {
        return Err(Refusal::CustomerNotFound.into());
    }
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
    let opportunity = cmd.msx_opportunity_id.as_ref().map(|it| (it, customer.values(it)));
    let accepted = creation.each_engagement(&Known { opportunity }, partner, customer, context)?;

    let source = context.asker.source().to_string();
    Ok(accepted
        .into_iter()
        .map(|it| {
            let terms = it.published.terms;
            let variable = terms.pay == Pay::Variable;
            let tenant = match it.identifier.kind() {
                IdKind::DomainName => customer.tenants.get(&it.identifier).cloned(),
                _ => None,
            };
            Event::from(CustomerClaimed {
                version: V,
                claim: ClaimId::derive(context.customer_id, &source, context.id, it.published.engagement),
                partner: partner.clone(),
                engagement: it.published.engagement.clone(),
                terms_version: it.published.version,
                location: cmd.location.clone(),
                identifier: it.identifier,
                tenant,
                tpid: cmd.found.tpid.clone().filter(|_| variable),
                opportunity: cmd.found.opportunity.clone().filter(|_| variable),
                friendly_name: friendly_name.clone(),
                hours: cmd.hours,
                payout: it.payout,
                contacts: cmd.contacts.clone(),
                consent_due_at: context.at.plus_days(terms.days.consent),
            })
        })
        .collect())
}

/// The identity is the one already known; a variable-pay engagement is claimed by the opportunity named.
struct Known<'a> {
    opportunity: Option<(&'a Identifier, Option<&'a Values>)>,
}

impl Route for Known<'_> {
    fn before_hours(&self, terms: &Terms, several: bool) -> Result<(), Refusal> {
        match (terms.pay, self.opportunity) {
            (Pay::Variable, _) if several => Err(Refusal::VariablePayAlone),
            (Pay::Variable, None) => Err(Refusal::OpportunityRequired),
            (Pay::Fixed, Some(_)) => Err(Refusal::OpportunityNotAllowed),
            _ => Ok(()),
        }
    }

    fn nomination(&self, _: &Terms) -> Nomination<'_> {
        match self.opportunity {
            Some((identifier, values)) => Nomination::Given { identifier, values },
            None => Nomination::Known,
        }
    }
}

#[cfg(test)]
mod tests;
