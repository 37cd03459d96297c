//! Identifier → customer, bound once and for ever.

use std::collections::HashMap;

use claim_domain::command::Conflict;
use claim_domain::identifier::{IdKind, Identifier};
use claim_domain::ids::CustomerId;
use claim_journal::Binding;

/// Every binding there is.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    customers: HashMap<Identifier, CustomerId>,
    identifiers: HashMap<CustomerId, Vec<Identifier>>,
}

/// Whom a nomination means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) customer: CustomerId,
    /// The identifiers to be bound to it now.
    pub(crate) unbound: Vec<Identifier>,
    /// Another customer that one of them is bound to.
    pub(crate) conflict: Option<Conflict>,
}

impl Identity {
    /// Adds a binding; the first of an identifier wins.
    pub(crate) fn bind(&mut self, identifier: Identifier, customer: CustomerId) {
        if !self.customers.contains_key(&identifier) {
            let identifiers = self.identifiers.entry(customer).or_insert_with(|| Vec::with_capacity(1));
            identifiers.push(identifier.clone());
            self.customers.insert(identifier, customer);
        }
    }

    /// The customer that an identifier is bound to.
    pub(crate) fn customer(&self, identifier: &Identifier) -> Option<CustomerId> {
        self.customers.get(identifier).copied()
    }

    /// The binding of an identifier.
    pub(crate) fn binding(&self, identifier: &Identifier) -> Option<Binding> {
        self.customer(identifier).map(|customer| Binding::of(identifier, customer))
    }

    /// The identifiers bound to a customer, oldest first.
    pub(crate) fn identifiers(&self, customer: CustomerId) -> &[Identifier] {
        self.identifiers.get(&customer).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whom `looked_at` means, in the order in which they count: the nominated identifier, the tenant derived from it,
    /// the TPID. The first one bound gives the customer; none bound: the strongest of them makes it.
    pub(crate) fn meant(&self, looked_at: &[&Identifier]) -> Option<Meant> {
        self.meant_with(&Self::default(), looked_at)
    }

    /// The same once the bindings of `ahead` stand too.
    pub(crate) fn meant_with(&self, ahead: &Self, looked_at: &[&Identifier]) -> Option<Meant> {
        let customer_of = |it: &Identifier| self.customer(it).or_else(|| ahead.customer(it));
        let bound = looked_at.iter().find_map(|it| Some((*it, customer_of(it)?)));
        let (used, customer) = match bound {
            Some(bound) => bound,
            None => {
                let strongest = looked_at.iter().min_by_key(|it| weakness(it.kind()))?;
                (*strongest, CustomerId::of(strongest))
            }
        };
        let unbound =
            looked_at.iter().filter(|it| customer_of(it).is_none()).map(|it| (*it).clone()).collect();
        let conflict = looked_at.iter().find_map(|it| {
            let other_customer = customer_of(it).filter(|other| *other != customer)?;
            Some(Conflict { used: used.clone(), other: (*it).clone(), other_customer })
        });
        Some(Meant { customer, unbound, conflict })
    }
}

/// TPID > tenant > subscription > opportunity > the given one.
fn weakness(kind: IdKind) -> u8 {
    match kind {
        IdKind::Tpid => 0,
        IdKind::TenantId => 1,
        IdKind::AzureSubscriptionId => 2,
        IdKind::MsxOpportunityId => 3,
        IdKind::DomainName => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Identifier {
        text.parse().unwrap()
    }

    #[test]
    fn the_strongest_identifier_makes_the_customer_and_all_are_bound_to_it() {
        let (domain, tenant, tpid) =
            (id("domain_name=a.example"), id("tenant_id=00000000-0000-4000-8000-000000000001"), id("tpid=7"));
        let mut identity = Identity::default();
        let meant = identity.meant(&[&domain, &tenant, &tpid]).unwrap();
        assert_eq!(meant.customer, CustomerId::of(&tpid));
        assert_eq!(meant.unbound, [domain.clone(), tenant.clone(), tpid.clone()]);
        meant.unbound.into_iter().for_each(|it| identity.bind(it, meant.customer));
        assert_eq!(identity.meant(&[&domain]).unwrap().customer, meant.customer);
        assert_eq!(identity.identifiers(meant.customer), [domain, tenant, tpid]);
    }

    #[test]
    fn the_first_bound_one_is_used_and_another_customer_is_the_conflict() {
        let (domain, tenant, tpid) =
            (id("domain_name=a.example"), id("tenant_id=00000000-0000-4000-8000-000000000001"), id("tpid=7"));
        let mut identity = Identity::default();
        let (of_domain, of_tpid) = (CustomerId::of(&domain), CustomerId::of(&tpid));
        identity.bind(domain.clone(), of_domain);
        identity.bind(tpid.clone(), of_tpid);
        let meant = identity.meant(&[&domain, &tenant, &tpid]).unwrap();
        assert_eq!(meant.customer, of_domain);
        assert_eq!(meant.unbound, [tenant]);
        assert_eq!(
            meant.conflict,
            Some(Conflict { used: domain.clone(), other: tpid, other_customer: of_tpid })
        );
        identity.bind(domain.clone(), of_tpid);
        assert_eq!(identity.customer(&domain), Some(of_domain), "the first binding wins");
    }
}
