//! One pure answer to "may this customer be claimed for this engagement?", for deciding, for the choose-engagements
//! step and for the Eligible and Ineligible views (R-005 … ).

use crate::catalog::{CatalogAt, Published};
use crate::criteria::Truth;
use crate::customer::Customer;
use crate::facts::Values;
use crate::identifier::Identifier;
use crate::ids::PartnerId;
use crate::refusal::Refusal;
use crate::terms::Terms;
use crate::time::Instant;

/// By what the customer is nominated.
#[derive(Clone, Copy, Debug)]
pub enum Nomination<'a> {
    /// By an identifier that is given, with its facts.
    Given {
        /// The identifier.
        identifier: &'a Identifier,
        /// Its facts, a domain's being its tenant's.
        values: Option<&'a Values>,
    },
    /// By what the partner knows of it.
    Known,
}

/// Whether a new claim may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may, under this identity; MSX-only engagements ask for an opportunity then.
    Eligible {
        /// The identity that a claim would use.
        identity: Option<Identifier>,
    },
    /// It may not, for all these reasons, in the order of A-79; never empty.
    Ineligible(Vec<Refusal>),
}

/// Whether `partner` may make a new claim on the engagement for this customer at `at`, its fields being valid and no
/// claim of it being open there.
#[must_use]
pub fn verdict(
    catalog: &CatalogAt<'_>,
    published: &Published<'_>,
    partner: &PartnerId,
    customer: &Customer,
    nomination: Nomination<'_>,
    at: Instant,
) -> Verdict {
    let terms = published.terms;
    let mut reasons = Vec::new();
    if published.retired {
        reasons.push(Refusal::EngagementRetired);
    }
    if !catalog.is_partner_eligible(partner, published, at) {
        reasons.push(Refusal::PartnerNotEligible);
    }
    let identity = match identity(terms, partner, customer, nomination) {
        Ok(identity) => identity,
        Err(reason) => {
            reasons.push(reason);
            None
        }
    };
    if customer.count(published.engagement, partner, terms.scope) >= terms.limit {
        reasons.push(Refusal::ClaimLimitReached { limit: terms.limit });
    }
    if reasons.is_empty() { Verdict::Eligible { identity } } else { Verdict::Ineligible(reasons) }
}

/// The identity that is accepted and meets the criteria.
fn identity(
    terms: &Terms,
    partner: &PartnerId,
    customer: &Customer,
    nomination: Nomination<'_>,
) -> Result<Option<Identifier>, Refusal> {
    match nomination {
        Nomination::Given { identifier, .. } if !terms.id_kinds.contains(&identifier.kind()) => {
            Err(Refusal::IdKindNotAccepted)
        }
        Nomination::Given { identifier, values } => {
            criteria(terms, values).map(|()| Some(identifier.clone()))
        }
        Nomination::Known if terms.is_msx_only() => Ok(None),
        Nomination::Known => {
            let known = customer.known.get(partner).map(Vec::as_slice).unwrap_or_default();
            let mut accepted = known.iter().rev().filter(|it| terms.id_kinds.contains(&it.kind()));
            let newest = accepted.next().ok_or(Refusal::IdKindNotAccepted)?;
            let judge = |it: &Identifier| criteria(terms, customer.values(it));
            match judge(newest) {
                Ok(()) => Ok(Some(newest.clone())),
                Err(reason) => accepted.find(|it| judge(it).is_ok()).map(|it| Some(it.clone())).ok_or(reason),
            }
        }
    }
}

fn criteria(terms: &Terms, values: Option<&Values>) -> Result<(), Refusal> {
    match terms.criteria.as_ref().map_or(Truth::True, |it| it.judge(values, None)) {
        Truth::True => Ok(()),
        Truth::Unknown => Err(Refusal::FactUnknown),
        Truth::False => Err(Refusal::CriteriaNotMet),
    }
}
