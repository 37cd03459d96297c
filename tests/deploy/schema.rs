//! Schemas that are closed: they know every field that a kind of file has here, and nothing else.

use jsonschema::Validator;
use serde_json::Value;

use crate::yaml::documents;

/// A schema.
pub(crate) struct Schema(Validator);

impl Schema {
    /// Reads one that is written as YAML.
    pub(crate) fn of(text: &str) -> Self {
        Self(jsonschema::validator_for(&documents(text)[0]).unwrap_or_else(|why| panic!("{why}")))
    }

    /// Complains about what does not follow it.
    pub(crate) fn complaints(&self, place: &str, it: &Value) -> Vec<String> {
        self.0.iter_errors(it).map(|why| format!("{place}{}: {why}", why.instance_path())).collect()
    }
}
