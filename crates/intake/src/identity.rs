//! Identifier → customer, bound once and for ever.

use std::sync::Arc;

use claim_domain::command::Conflict;
use claim_domain::identifier::{IdKind, Identifier};
use claim_domain::ids::CustomerId;
use claim_journal::Binding;
use claim_snapshot::{Forgotten, Layers, Snapshot, Unreadable};

/// Every binding there is.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    customers: Layers<Identifier, CustomerId>,
    identifiers: Layers<CustomerId, Vec<Identifier>>,
    /// What holds those that are not in memory.
    snapshot: Option<Arc<Snapshot>>,
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
    /// The bindings of a snapshot, and those to come.
    pub(crate) fn over(snapshot: Arc<Snapshot>) -> Self {
        Self { snapshot: Some(snapshot), ..Self::default() }
    }

    /// Adds a binding; the first of an identifier wins.
    pub(crate) fn bind(&mut self, identifier: Identifier, customer: CustomerId) -> Result<(), Unreadable> {
        if self.customer(&identifier)?.is_none() {
            let identifiers = self.identifiers.entry(customer);
            // Hardly ever more than one, and a list would grow with room for four.
            identifiers.reserve_exact(1);
            identifiers.push(identifier.clone());
            self.customers.insert(identifier, customer);
        }
        Ok(())
    }

    /// The customer that an identifier is bound to.
    pub(crate) fn customer(&self, identifier: &Identifier) -> Result<Option<CustomerId>, Unreadable> {
        match (self.customers.get(identifier), &self.snapshot) {
            (Some(customer), _) => Ok(Some(*customer)),
            (None, Some(snapshot)) => snapshot.bound(identifier),
            (None, None) => Ok(None),
        }
    }

    /// The binding of an identifier.
    pub(crate) fn binding(&self, identifier: &Identifier) -> Result<Option<Binding>, Unreadable> {
        Ok(self.customer(identifier)?.map(|customer| Binding::of(identifier, customer)))
    }

    /// The identifiers bound to a customer, oldest first.
    pub(crate) fn identifiers(&self, customer: CustomerId) -> Result<Vec<Identifier>, Unreadable> {
        let kept = self.snapshot.as_ref().map(|it| it.identifiers(customer)).transpose()?;
        let mut all = kept.unwrap_or_default();
        for identifier in self.identifiers.get(&customer).into_iter().flatten() {
            if !all.contains(identifier) {
                all.push(identifier.clone());
            }
        }
        Ok(all)
    }

    /// See [`Layers::turn`].
    #[must_use = "to be dropped where nobody waits"]
    pub(crate) fn turn(&mut self) -> [Forgotten; 2] {
        [self.customers.turn(), self.identifiers.turn()]
    }

    /// Whom `looked_at` means, in the order in which they count: the nominated identifier, the tenant derived from it,
    /// the TPID. The first one bound gives the customer; none bound: the strongest of them makes it.
    pub(crate) fn meant(&self, looked_at: &[&Identifier]) -> Result<Option<Meant>, Unreadable> {
        self.meant_with(&Self::default(), looked_at)
    }

    /// The same once the bindings of `ahead` stand too.
    pub(crate) fn meant_with(
        &self,
        ahead: &Self,
        looked_at: &[&Identifier],
    ) -> Result<Option<Meant>, Unreadable> {
        let mut customers = Vec::with_capacity(looked_at.len());
        for identifier in looked_at {
            let customer = match self.customer(identifier)? {
                Some(customer) => Some(customer),
                None => ahead.customer(identifier)?,
            };
            customers.push((*identifier, customer));
        }
        let bound = customers.iter().find_map(|(it, customer)| Some((*it, (*customer)?)));
        let strongest = || looked_at.iter().min_by_key(|it| weakness(it.kind()));
        let Some((used, customer)) = bound.or_else(|| strongest().map(|it| (*it, CustomerId::of(it)))) else {
            return Ok(None);
        };
        let unbound =
            customers.iter().filter(|(_, it)| it.is_none()).map(|(identifier, _)| (*identifier).clone());
        let unbound = unbound.collect();
        let conflict = customers.iter().find_map(|(it, bound)| {
            let other_customer = bound.filter(|other| *other != customer)?;
            Some(Conflict { used: used.clone(), other: (*it).clone(), other_customer })
        });
        Ok(Some(Meant { customer, unbound, conflict }))
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
        let meant = identity.meant(&[&domain, &tenant, &tpid]).unwrap().unwrap();
        assert_eq!(meant.customer, CustomerId::of(&tpid));
        assert_eq!(meant.unbound, [domain.clone(), tenant.clone(), tpid.clone()]);
        meant.unbound.into_iter().for_each(|it| identity.bind(it, meant.customer).unwrap());
        assert_eq!(identity.meant(&[&domain]).unwrap().unwrap().customer, meant.customer);
        assert_eq!(identity.identifiers(meant.customer).unwrap(), [domain, tenant, tpid]);
    }

    #[test]
    fn the_first_bound_one_is_used_and_another_customer_is_the_conflict() {
        let (domain, tenant, tpid) =
            (id("domain_name=a.example"), id("tenant_id=00000000-0000-4000-8000-000000000001"), id("tpid=7"));
        let mut identity = Identity::default();
        let (of_domain, of_tpid) = (CustomerId::of(&domain), CustomerId::of(&tpid));
        identity.bind(domain.clone(), of_domain).unwrap();
        identity.bind(tpid.clone(), of_tpid).unwrap();
        let meant = identity.meant(&[&domain, &tenant, &tpid]).unwrap().unwrap();
        assert_eq!(meant.customer, of_domain);
        assert_eq!(meant.unbound, [tenant]);
        assert_eq!(
            meant.conflict,
            Some(Conflict { used: domain.clone(), other: tpid, other_customer: of_tpid })
        );
        identity.bind(domain.clone(), of_tpid).unwrap();
        assert_eq!(identity.customer(&domain).unwrap(), Some(of_domain), "the first binding wins");
    }
}
