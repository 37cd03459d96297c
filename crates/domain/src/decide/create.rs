//! What adding and claiming a customer have in common: one decision over 1 to 20 engagements, all or nothing.

use super::{Actor, Context};
use crate::catalog::Published;
use crate::command::{Found, Opportunity};
use crate::customer::Customer;
use crate::event::{Event, IdentityConflictSeen};
use crate::identifier::Identifier;
use crate::ids::{EngagementId, LocationId, PartnerId};
use crate::payout::Payout;
use crate::refusal::{Reason, Refusal};
use crate::sealed::{Contacts, SealedBox};
use crate::terms::{Pay, Terms};
use crate::verdict::{Nomination, Verdict, verdict};
use crate::version::V;

/// The most engagements that one command may name.
const MAX_ENGAGEMENTS: usize = 20;

/// The fields that both commands have.
pub(super) struct Creation<'a> {
    pub(super) engagements: &'a [EngagementId],
    pub(super) friendly_name: Option<&'a SealedBox>,
    pub(super) location: &'a LocationId,
    pub(super) hours: Option<u32>,
    pub(super) reviewed_payout_cents: Option<u64>,
    pub(super) contacts: &'a Contacts,
    pub(super) found: &'a Found,
}

/// What one engagement came to.
pub(super) struct Accepted<'a> {
    pub(super) published: Published<'a>,
    /// The identity that the claim uses.
    pub(super) identifier: Identifier,
    pub(super) payout: Payout,
}

/// How the two commands differ in judging one engagement.
pub(super) trait Route {
    /// What only this command looks at before hours and opportunity.
    fn before_hours(&self, terms: &Terms, several: bool) -> Result<(), Refusal>;
    /// By what the customer is nominated for these terms.
    fn nomination(&self, terms: &Terms) -> Nomination<'_>;
}

impl<'a> Creation<'a> {
    /// The steps of the whole command that both share, after the customer was found.
    ///
    /// Refuses, in this order: location not in scope, no friendly name, engagements none, too many or doubled,
    /// contacts without names.
    pub(super) fn whole_command(&self, context: &Context<'_>) -> Result<&'a SealedBox, Refusal> {
        context.require_location(self.location)?;
        let friendly_name = self.friendly_name.ok_or(Refusal::FriendlyNameRequired)?;
        let doubled =
            (1..self.engagements.len()).any(|i| self.engagements[..i].contains(&self.engagements[i]));
        if self.engagements.is_empty() || self.engagements.len() > MAX_ENGAGEMENTS || doubled {
            return Err(Refusal::EngagementsInvalid);
        }
        if !self.contacts.are_named() {
            return Err(Refusal::ContactsInvalid);
        }
        Ok(friendly_name)
    }

    /// Judges every engagement by itself; if any is refused, all are.
    pub(super) fn each_engagement<'c>(
        &self,
        route: &impl Route,
        partner: &PartnerId,
        customer: &Customer,
        context: &Context<'c>,
    ) -> Result<Vec<Accepted<'c>>, Reason> {
        let mut accepted = Vec::with_capacity(self.engagements.len());
        let mut refused = Vec::new();
        for engagement in self.engagements {
            match self.engagement(engagement, route, partner, customer, context) {
                Ok(it) => accepted.push(it),
                Err(refusal) => refused.push((engagement.clone(), refusal)),
            }
        }
        if let Some((_, first)) = refused.first() {
            return Err(Reason { refusal: first.clone(), engagements: refused });
        }
        let payout_cents = accepted.iter().map(|it| it.payout.cents).sum();
        if self.reviewed_payout_cents.is_some_and(|reviewed| reviewed != payout_cents) {
            return Err(Refusal::PayoutChanged { payout_cents }.into());
        }
        Ok(accepted)
    }

    /// The first refusal of one engagement in the order of A-72, or what a claim on it would be.
    fn engagement<'c>(
        &self,
        engagement: &EngagementId,
        route: &impl Route,
        partner: &PartnerId,
        customer: &Customer,
        context: &Context<'c>,
    ) -> Result<Accepted<'c>, Refusal> {
        let catalog = &context.catalog;
        let published = catalog.newest(engagement).ok_or(Refusal::EngagementNotFound)?;
        let terms = published.terms;
        if !terms.is_partner_activity() {
            return Err(Refusal::EngagementNotPartnerActivity);
        }
        if published.retired {
            return Err(Refusal::EngagementRetired);
        }
        if customer.open.contains_key(&(partner.clone(), engagement.clone())) {
            return Err(Refusal::OpenClaimExists);
        }
        if !catalog.is_enrolled(partner, self.location, context.at) {
            return Err(Refusal::LocationNotEnrolled);
        }
        if !catalog.is_eligible(partner, self.location, &published) {
            return Err(Refusal::LocationNotEligible);
        }
        route.before_hours(terms, self.engagements.len() > 1)?;
        self.hours(terms)?;
        let opportunity = self.opportunity(terms)?;
        let payout = terms.quote(self.hours, opportunity).map_err(|_| Refusal::OpportunityValueUnusable)?;
        match verdict(catalog, &published, partner, customer, route.nomination(terms), context.at) {
            Verdict::Eligible { identity: Some(identifier) } => {
                Ok(Accepted { published, identifier, payout })
            }
            Verdict::Eligible { identity: None } => Err(Refusal::OpportunityRequired),
            Verdict::Ineligible(reasons) => {
                Err(reasons.into_iter().next().unwrap_or(Refusal::CriteriaNotMet))
            }
        }
    }

    ///
    fn hours(&self, terms: &Terms) -> Result<(), Refusal> {
        match (terms.hours, self.hours) {
            (Some(_), None) => Err(Refusal::HoursRequired),
            (None, Some(_)) => Err(Refusal::HoursNotAllowed),
            (Some(limits), Some(hours)) if hours < limits.min || hours > limits.max => {
                Err(Refusal::HoursOutOfRange { min: limits.min, max: limits.max })
            }
            _ => Ok(()),
        }
    }

    ///
    fn opportunity(&self, terms: &Terms) -> Result<Option<&'a Opportunity>, Refusal> {
        if terms.pay == Pay::Fixed {
            return Ok(None);
        }
        match &self.found.opportunity {
            None => Err(Refusal::OpportunityRequired),
            Some(it) if !it.of_customer => Err(Refusal::OpportunityOfOtherCustomer),
            Some(it) if !it.open => Err(Refusal::OpportunityNotOpen),
            Some(it) => Ok(Some(it)),
        }
    }
}

/// The partner for whom the asker acts, if its roles allow.
pub(super) fn partner<'a>(context: &Context<'a>) -> Result<&'a PartnerId, Refusal> {
    context.require(Actor::Partner)?;
    context.asker.partner().ok_or(Refusal::RoleNotAllowed)
}

/// The conflict of identities that this command's routing met, if it was not said before.
pub(super) fn conflict_seen(customer: &Customer, found: &Found) -> Option<Event> {
    let conflict = found.conflict.clone()?;
    let pair = (conflict.used.clone(), conflict.other.clone());
    (!customer.conflicts.contains(&pair)).then(|| IdentityConflictSeen { version: V, conflict }.into())
}
