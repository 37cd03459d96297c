//! Known customers without an open claim: rows that are not folded but computed when they are read.

use claim_domain::catalog::{CatalogAt, Published};
use claim_domain::customer::Customer;
use claim_domain::identifier::Identifier;
use claim_domain::ids::PartnerId;
use claim_domain::time::Instant;
use claim_domain::verdict::{Nomination, Verdict, verdict};

use crate::error::StoreError;
use crate::query::Query;
use crate::row::Row;
use crate::snapshot::Snapshot;

/// A known customer that has no open claim here, and whether it may be claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its row, without actions and reasons: those are the view's to add.
    pub row: Row,
    /// What `decide` would say of it.
    pub verdict: Verdict,
}

/// Every customer known to the partner that has no open claim of it on this engagement, judged by the same function
/// as `decide` judges with, at the time of the query.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn candidates(
    snapshot: &Snapshot<'_>,
    catalog: &CatalogAt<'_>,
    published: &Published<'_>,
    query: &Query,
) -> Result<Vec<Candidate>, StoreError> {
    let partner = &query.partner;
    let mut told = snapshot.acquaintances(partner, None)?;
    let mut found = Vec::new();
    for id in snapshot.known(partner)? {
        let (Some(customer), Some(acquaintance)) = (snapshot.customer(id)?, told.remove(&id)) else {
            continue;
        };
        if customer.open.contains_key(&(partner.clone(), query.engagement.clone())) {
            continue;
        }
        let verdict = verdict(catalog, published, partner, &customer, Nomination::Known, query.at);
        let row = Row {
            customer: id,
            name: acquaintance.name,
            identifiers: acquaintance.identifiers,
            claim: None,
            friendly_name: None,
            location: None,
            status: None,
            group: None,
            origin: None,
            next_actions: Vec::new(),
            next_due_at: None,
            reasons: Vec::new(),
            facts_as_of_at: facts_as_of_at(published, partner, &customer, &verdict),
            updated_at: acquaintance.updated_at,
            position: acquaintance.position,
            past_due: false,
        };
        found.push(Candidate { row, verdict });
    }
    Ok(found)
}

/// When the facts were observed that the verdict rests on: those of the identity that a claim would use, else those of the
/// newest known identifier that the engagement accepts.
fn facts_as_of_at(
    published: &Published<'_>,
    partner: &PartnerId,
    customer: &Customer,
    verdict: &Verdict,
) -> Option<Instant> {
    let identity: &Identifier = match verdict {
        Verdict::Eligible { identity } => identity.as_ref()?,
        Verdict::Ineligible(_) => {
            let known = customer.known.get(partner)?;
            known.iter().rev().find(|it| published.terms.id_kinds.contains(&it.kind()))?
        }
    };
    customer.observation(identity).map(|it| it.observed_at)
}
