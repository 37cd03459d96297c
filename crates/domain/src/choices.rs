//! The choose-engagements step: which engagements a nominated customer can be added to, and why not to the others
//!

use crate::catalog::{CatalogAt, Published};
use crate::command::Opportunity;
use crate::customer::Customer;
use crate::facts::Values;
use crate::identifier::Identifier;
use crate::ids::PartnerId;
use crate::payout::Payout;
use crate::refusal::Refusal;
use crate::terms::Pay;
use crate::time::Instant;
use crate::verdict::{Nomination, Verdict, verdict};

/// A nomination as it stands before anything is confirmed.
#[derive(Clone, Copy, Debug)]
pub struct Nominee<'a> {
    /// The identifier.
    pub identifier: &'a Identifier,
    /// Its facts, a domain's being its tenant's.
    pub values: Option<&'a Values>,
    /// The opportunity, where it is one.
    pub opportunity: Option<&'a Opportunity>,
    /// The hours that would be asked for.
    pub hours: Option<u32>,
}

/// What can be done with one engagement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It can be chosen; the proposed payout, where all it needs is given.
    Eligible(Option<Payout>),
    /// It cannot, for these reasons.
    Ineligible(Vec<Refusal>),
}

/// The choice on one engagement. What it says of a customer, [`verdict`] says; an open claim, and an opportunity that
/// cannot be used, are added here, since Add refuses for them too.
#[must_use]
pub fn choice(
    catalog: &CatalogAt<'_>,
    published: &Published<'_>,
    partner: &PartnerId,
    customer: &Customer,
    nominee: &Nominee<'_>,
    at: Instant,
) -> Choice {
    let mut reasons = Vec::new();
    if customer.open.contains_key(&(partner.clone(), published.engagement.clone())) {
        reasons.push(Refusal::OpenClaimExists);
    }
    let nomination = Nomination::Given { identifier: nominee.identifier, values: nominee.values };
    if let Verdict::Ineligible(more) = verdict(catalog, published, partner, customer, nomination, at) {
        reasons.extend(more);
    }
    let variable = published.terms.pay == Pay::Variable;
    if variable && nominee.opportunity.is_some_and(|it| !it.open) {
        reasons.push(Refusal::OpportunityNotOpen);
    }
    let payout = match published.terms.quote(nominee.hours, nominee.opportunity) {
        Ok(payout) => (!variable || nominee.hours.is_some()).then_some(payout),
        Err(_) if nominee.opportunity.is_some() => {
            reasons.push(Refusal::OpportunityValueUnusable);
            None
        }
        Err(_) => None,
    };
    if reasons.is_empty() { Choice::Eligible(payout) } else { Choice::Ineligible(reasons) }
}
