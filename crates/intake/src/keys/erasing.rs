//! Erasing persons: first the list of erasures, then their keys.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use claim_domain::ids::{CustomerId, PartnerId};
use claim_domain::time::Instant;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::{Erasure, Erasures, Found, Keys, KeysError, PersonKey, PersonRef, Reason, Secret};
use crate::email::EmailAddress;

/// Whom to erase, as an operator names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A person by the name that boxes carry: a UUID, or `customer:<customer id>`.
    Person(Arc<str>),
    /// A contact by partner and address, as `contact:<partner id>/<address>`.
    Contact(PersonRef),
}

/// A text that names nobody. It may hold an address, so it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "name a person by the id that sealed data carries (a UUID), a customer as customer:ID, or a contact as \
     contact:PARTNER/ADDRESS"
)]
pub struct NotWhom;

impl FromStr for Whom {
    type Err = NotWhom;

    fn from_str(text: &str) -> Result<Self, NotWhom> {
        if let Some(contact) = text.strip_prefix("contact:") {
            let (partner, email) = contact.split_once('/').ok_or(NotWhom)?;
            let partner: PartnerId = partner.parse().map_err(|_| NotWhom)?;
            let email: EmailAddress = email.parse().map_err(|_| NotWhom)?;
            return Ok(Self::Contact(PersonRef::Contact { partner, email }));
        }
        if let Some(customer) = text.strip_prefix("customer:") {
            let customer = CustomerId(Uuid::parse_str(customer).map_err(|_| NotWhom)?);
            return Ok(Self::Person(format!("customer:{customer}").into()));
        }
        let person = Uuid::parse_str(text).map_err(|_| NotWhom)?;
        Ok(Self::Person(person.to_string().into()))
    }
}

/// What came of the wish to erase one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The person; absent for a contact that the store has no person for, which may have been erased before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Arc<str>>,
    /// What came of it.
    pub state: Erased,
    /// The ids of the keys that were destroyed now.
    pub keys: Vec<Uuid>,
}

/// Whether a person is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Erased {
    /// Now: the keys are destroyed.
    Erased,
    /// It was erased before, and nothing came of the same person since.
    AlreadyErased,
    /// The store never had a key of it, or, for a contact, has none any more.
    Unknown,
}

impl fmt::Display for Erased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Erased => "erased",
            Self::AlreadyErased => "already erased",
            Self::Unknown => "unknown",
        })
    }
}

/// Puts `whom` on the list, then destroys their keys; one receipt for each, in their order.
///
/// Cut short anywhere it is safe to repeat, and whatever stands on the list by then is destroyed when the keys are next
/// opened.
///
/// # Errors
/// [`KeysError`]; then it must be repeated until it succeeds.
pub(super) fn erase(
    keys: &dyn Keys,
    list: &Erasures,
    whom: &[Whom],
    reason: &Reason,
    at: Instant,
) -> Result<Vec<Receipt>, KeysError> {
    let mut meant: BTreeMap<Arc<str>, Erasure> = BTreeMap::new();
    let mut receipts = Vec::new();
    for whom in whom {
        let person = match whom {
            Whom::Person(person) => Some(Arc::clone(person)),
            Whom::Contact(contact) => keys.person(contact)?,
        };
        let held = match &person {
            Some(person) => keys.held(person)?,
            None => None,
        };
        let state = match &held {
            None => Erased::Unknown,
            Some(held) if held.is_empty() => Erased::AlreadyErased,
            Some(_) => Erased::Erased,
        };
        let held = held.unwrap_or_default();
        if let (Some(person), false) = (&person, held.is_empty()) {
            meant.entry(Arc::clone(person)).or_insert_with(|| Erasure {
                person: Arc::clone(person),
                keys: held.clone(),
                reason: reason.clone(),
                erased_at: at,
            });
        }
        receipts.push(Receipt { person, state, keys: held });
    }
    let meant: Vec<_> = meant.into_values().collect();
    if !meant.is_empty() {
        list.add(&meant)?;
        keys.destroy(&meant)?;
    }
    Ok(receipts)
}

/// Keys to open boxes with, without those on the list of erasures: for whoever may not change the store, which an older
/// backup may have put back (F-88).
pub(super) struct WithoutErased {
    keys: Arc<dyn Keys>,
    erased: HashSet<Uuid>,
}

impl WithoutErased {
    /// These keys but for the ones on the list.
    pub(super) fn new(keys: Arc<dyn Keys>, listed: &[Erasure]) -> Self {
        Self { keys, erased: listed.iter().flat_map(|it| it.keys.iter().copied()).collect() }
    }
}

impl Keys for WithoutErased {
    fn secret(&self) -> &Secret {
        self.keys.secret()
    }

    fn ensure(&self, persons: &[PersonRef]) -> Result<Vec<PersonKey>, KeysError> {
        self.keys.ensure(persons)
    }

    fn find(&self, key: Uuid) -> Result<Found, KeysError> {
        if self.erased.contains(&key) { Ok(Found::Erased) } else { self.keys.find(key) }
    }

    fn person(&self, whom: &PersonRef) -> Result<Option<Arc<str>>, KeysError> {
        self.keys.person(whom)
    }

    fn held(&self, person: &str) -> Result<Option<Vec<Uuid>>, KeysError> {
        let held = self.keys.held(person)?;
        Ok(held.map(|keys| keys.into_iter().filter(|it| !self.erased.contains(it)).collect()))
    }

    fn destroy(&self, erasures: &[Erasure]) -> Result<(), KeysError> {
        self.keys.destroy(erasures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_a_customer_and_a_contact_can_be_named_and_nothing_else() {
        let id = "8d8c1c8e-93f1-4d0e-8f3c-0a5a6d1f2b3c";
        assert_eq!(id.parse::<Whom>(), Ok(Whom::Person(id.into())));
        assert_eq!(id.to_uppercase().parse::<Whom>(), Ok(Whom::Person(id.into())));
        let customer = format!("customer:{id}");
        assert_eq!(customer.parse::<Whom>(), Ok(Whom::Person(customer.as_str().into())));
        let contact = super::super::suite::mina();
        assert_eq!("contact:p-contoso/Mina@fabrikam.example".parse::<Whom>(), Ok(Whom::Contact(contact)));
        for no in
            ["", "mina@fabrikam.example", "customer:", "customer:mina", "contact:p-contoso", "contact:/a@b.c"]
        {
            assert_eq!(no.parse::<Whom>(), Err(NotWhom), "{no:?}");
        }
    }
}
