//! The version of a shape, written into every event.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The version `N` of an event's shape: writes as that number and reads nothing else, so that a newer
/// event stops its reader (DESIGN §4, F-29).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct V<const N: u32>;

impl<const N: u32> Serialize for V<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(N)
    }
}

impl<'de, const N: u32> Deserialize<'de> for V<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            found if found == N => Ok(Self),
            found => {
                Err(de::Error::custom(format_args!("version {found} of a shape known up to version {N}")))
            }
        }
    }
}

impl<const N: u32> JsonSchema for V<N> {
    fn schema_name() -> Cow<'static, str> {
        format!("Version{N}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"const": N})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // F-29
    fn a_newer_shape_does_not_read() {
        assert_eq!(serde_json::to_string(&V::<1>).unwrap(), "1");
        assert!(serde_json::from_str::<V<1>>("1").is_ok());
        let refused = serde_json::from_str::<V<1>>("2").unwrap_err();
        assert!(refused.to_string().contains("version 2"), "{refused}");
    }
}
