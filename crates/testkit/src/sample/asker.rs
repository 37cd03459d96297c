//! Who asks, one function per kind.

use crate::sample::json::{Json, object};

/// Someone or something that sends commands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asker(pub(crate) Json);

/// A user of a partner; no list of locations means all of them.
pub(crate) fn partner_user(partner: &str, user: &str, roles: &[&str], locations: Option<&[&str]>) -> Asker {
    let locations = match locations {
        None => Json::from("all"),
        Some(some) => Json::from(some),
    };
    Asker(
        object! { "kind": "partner_user", "partner": partner, "user": user, "roles": roles, "locations": locations },
    )
}

/// The customer of the claim that the command names, as the consent link vouches for it.
pub(crate) fn customer(reference: &str) -> Asker {
    Asker(
        object! { "kind": "customer", "evidence": object! { "kind": "consent_link", "reference": reference } },
    )
}

/// A reviewer.
pub(crate) fn reviewer(user: &str) -> Asker {
    Asker(object! { "kind": "reviewer", "user": user })
}

/// The operator of the program.
pub(crate) fn operator() -> Asker {
    Asker(object! { "kind": "program_operator", "user": "op-1" })
}

/// An upstream service.
pub(crate) fn service(name: &str) -> Asker {
    Asker(object! { "kind": "service", "name": name })
}
