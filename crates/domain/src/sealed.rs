//! Personal data as the rules see it: a closed box (DESIGN §7).
//!
//! Rules never need the inside. What they need of it, such as whether a name is blank, is told by the box being
//! there or not: a text or contact that is blank has no box.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text::{Country, Text};

/// Ciphertext of one field of a body, readable only with the key of its person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedBox {
    /// Whose data it is: a person's UUID, or `customer:<customer id>` for texts about a customer.
    pub person: Arc<str>,
    /// The key that closed it.
    pub key: Uuid,
    /// How it was closed.
    pub alg: Algorithm,
    /// The nonce, base64 (RFC 4648, padded).
    pub nonce: Arc<str>,
    /// The ciphertext with its tag, base64.
    pub bytes: Arc<str>,
}

/// Every path at which a box may stand in the JSON of an event, which is its path in the body of the command too.
pub const SEALED: [&str; 7] = [
    "friendly_name",
    "mismatch_reason",
    "contacts.customer",
    "contacts.partner",
    "text",
    "comment",
    "justification",
];

/// An authenticated cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// XChaCha20-Poly1305.
    XChaCha20Poly1305,
}

/// Contacts of a claim, always given whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contacts {
    /// The customer's contact; absent when its first or last name is blank.
    pub customer: Option<SealedBox>,
    /// The partner's contact; absent when its first or last name is blank.
    pub partner: Option<SealedBox>,
    /// The customer's organisation, which is not personal.
    pub organisation: Organisation,
}

impl Contacts {
    /// Whether every name is given (A-72, `contacts_invalid`).
    #[must_use]
    pub fn are_named(&self) -> bool {
        self.customer.is_some() && self.partner.is_some() && !self.organisation.name.is_blank()
    }
}

/// The organisation of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its name.
    pub name: Text<200>,
    /// Its country.
    pub country: Country,
    /// Its postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Text<500>>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::event::Event;

    /// The paths under a schema of `root` at which a box may stand.
    fn boxes(root: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(fields) => {
                match fields.get("$ref").and_then(Value::as_str) {
                    Some("#/$defs/SealedBox") => drop(found.insert(path.to_owned())),
                    Some("#/$defs/Criteria") => {} // they hold each other, without end
                    Some(other) => boxes(root, root.pointer(&other[1..]).unwrap(), path, found),
                    None => {}
                }
                for (name, value) in fields.get("properties").and_then(Value::as_object).into_iter().flatten()
                {
                    let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    boxes(root, value, &inner, found);
                }
                for list in ["oneOf", "anyOf", "allOf", "items"].iter().filter_map(|it| fields.get(*it)) {
                    boxes(root, list, path, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|it| boxes(root, it, path, found)),
            _ => {}
        }
    }

    #[test] // DESIGN §7: whoever opens or leaves out what is sealed misses nothing
    fn every_path_of_a_box_in_an_event_is_listed() {
        let schema = schemars::schema_for!(Event).to_value();
        let mut found = BTreeSet::new();
        boxes(&schema, &schema, "", &mut found);
        assert_eq!(found, SEALED.into_iter().map(str::to_owned).collect());
    }
}
