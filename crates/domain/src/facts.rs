//! What is known from outside about a customer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::spelt::Spelt;
use crate::text::Text;
use crate::time::Instant;

/// The most values that one observation may hold.
pub const MAX_VALUES: usize = 64;

/// One value of a fact. A date is a text `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FactValue {
    /// Yes or no.
    Bool(bool),
    /// A whole number below 2^53 in size.
    Number(i64),
    /// A text, or a date.
    Text(Text<256>),
    /// A set of texts.
    Set(BTreeSet<Text<256>>),
}

/// The name of a fact, such as `azure_monthly_spend_usd`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct FactName(#[schemars(regex(pattern = "^[a-z0-9][a-z0-9._-]{0,62}$"))] Arc<str>);

impl FactName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for FactName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Spelt(|text: &str| {
            let good = (1..=63).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
                && text.as_bytes()[0].is_ascii_alphanumeric();
            if good { Ok(Self(text.into())) } else { Err("not a fact name: [a-z0-9][a-z0-9._-]{0,62}") }
        }))
    }
}

/// The values of one observation, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Values(BTreeMap<FactName, FactValue>);

impl Values {
    /// The value named so, if it was observed.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&FactValue> {
        self.0.iter().find_map(|(known, value)| (known.as_str() == name).then_some(value))
    }

    /// All values, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&FactName, &FactValue)> {
        self.0.iter()
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = BTreeMap::deserialize(deserializer)?;
        if values.len() > MAX_VALUES {
            return Err(de::Error::custom(format_args!("more than {MAX_VALUES} values")));
        }
        Ok(Self(values))
    }
}

/// What was observed of one identifier; a newer observation replaces all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// The values.
    pub values: Values,
    /// When they were true.
    pub observed_at: Instant,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_observation_has_at_most_sixty_four_values_of_five_kinds() {
        let many = |count: usize| (0..count).map(|n| (format!("f{n}"), json!(n))).collect::<Value>();
        assert!(serde_json::from_value::<Values>(many(MAX_VALUES)).is_ok());
        assert!(serde_json::from_value::<Values>(many(MAX_VALUES + 1)).is_err());
        let kinds = json!({"a": true, "b": -7, "c": "text", "d": "2026-01-31", "e": ["x", "y"]});
        let values: Values = serde_json::from_value(kinds.clone()).unwrap();
        assert_eq!(serde_json::to_value(&values).unwrap(), kinds);
        for bad in
            [json!({"a": 1.5}), json!({"a": null}), json!({"a": {}}), json!({"a": [1]}), json!({"A": 1})]
        {
            assert!(serde_json::from_value::<Values>(bad.clone()).is_err(), "{bad}");
        }
        assert!(serde_json::from_value::<Values>(json!({"a": "x".repeat(257)})).is_err());
    }
}
