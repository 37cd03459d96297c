//! The body of a binding: an identifier and the customer it names from then on (A-43).

use claim_domain::identifier::{IdKind, Identifier};
use claim_domain::ids::{CustomerId, NotAnId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::canonical::{self, BodyError};

/// The body of a binding (DESIGN §4, §5). The *first* binding of an identifier wins, for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// The kind of the identifier.
    pub id_type: IdKind,
    /// Its canonical value (A-44).
    pub value: String,
    /// The customer it names.
    pub customer: CustomerId,
}

impl Binding {
    /// The binding of `identifier` to `customer`.
    #[must_use]
    pub fn of(identifier: &Identifier, customer: CustomerId) -> Self {
        Self { id_type: identifier.kind(), value: identifier.value().to_owned(), customer }
    }

    /// The identifier it binds.
    ///
    /// # Errors
    /// When the value is not canonical for its kind.
    pub fn identifier(&self) -> Result<Identifier, NotAnId> {
        Identifier::new(self.id_type, &self.value)
    }

    /// Reads the body of a binding, version 1.
    ///
    /// # Errors
    /// When it has another shape or another spelling than a binding.
    pub fn decode(body: &str) -> Result<Self, BodyError> {
        canonical::from_str(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // DESIGN §5: {id_type, value, customer}
    fn a_binding_reads_back() {
        let identifier: Identifier = "domain_name=fabrikam.example".parse().unwrap();
        let binding = Binding::of(&identifier, CustomerId::of(&identifier));
        let body = canonical::to_string(&binding).unwrap();
        assert!(body.starts_with(r#"{"id_type":"domain_name","value":"fabrikam.example","customer":""#));
        assert_eq!(Binding::decode(&body).unwrap(), binding);
        assert_eq!(binding.identifier().unwrap(), identifier);
    }

    #[test] // A-76: unknown fields are refused
    fn anything_more_or_less_does_not_read() {
        assert!(Binding::decode(r#"{"id_type":"tpid","value":"1"}"#).is_err());
        let more =
            r#"{"id_type":"tpid","value":"1","customer":"00000000-0000-0000-0000-000000000001","x":1}"#;
        assert!(Binding::decode(more).is_err());
    }
}
