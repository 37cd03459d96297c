//! The version of a shape, written into every event.
//!
//! A shape that was released never changes. What must become another gets version 2: the old struct stays as it was, with an
//! upcaster, a `From` into the new one, which is read as either; the tests below show it whole. `tests/golden/shapes.txt` gets
//! a line more, and `tests/golden` a journal that holds the old version.

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

    /// A shape as it was released.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Paid1 {
        #[serde(rename = "version")]
        _version: V<1>,
        dollars: u64,
    }

    /// The same, changed: amounts are in cents.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(from = "Paid")]
    struct Paid2 {
        version: V<2>,
        cents: u64,
    }

    /// Either, as it stands on a log.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Paid {
        Now { version: V<2>, cents: u64 },
        Before(Paid1),
    }

    impl From<Paid> for Paid2 {
        fn from(it: Paid) -> Self {
            match it {
                Paid::Now { version, cents } => Self { version, cents },
                Paid::Before(before) => Self { version: V, cents: 100 * before.dollars },
            }
        }
    }

    #[test] // issue 5, point 12
    fn what_was_written_before_a_shape_changed_is_cast_up_when_it_is_read() {
        let paid = Paid2 { version: V, cents: 300 };
        assert_eq!(serde_json::from_str::<Paid2>(r#"{"version":1,"dollars":3}"#).unwrap(), paid);
        let text = serde_json::to_string(&paid).unwrap();
        assert_eq!(text, r#"{"version":2,"cents":300}"#);
        assert_eq!(serde_json::from_str::<Paid2>(&text).unwrap(), paid);
        for neither in [r#"{"version":2,"dollars":3}"#, r#"{"version":3,"cents":3}"#] {
            assert!(serde_json::from_str::<Paid2>(neither).is_err(), "{neither}");
        }
    }
}
