//! Text with a bound, so that no field can grow without one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::spelt::Spelt;

/// A text of at most `MAX` characters; it may be blank, which a rule may then refuse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(Arc<str>);

/// A name, a reference, a kind: one line.
pub type Label = Text<128>;
/// A reason or an error as another system tells it.
pub type Sentence = Text<1024>;
/// An address of something outside.
pub type Link = Text<2048>;

impl<const MAX: usize> Text<MAX> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A stable code of this program, which is short.
    #[must_use]
    pub fn from_code(code: &'static str) -> Self {
        Self(code.into())
    }

    /// Whether nothing but white space is in it.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl<const MAX: usize> TryFrom<&str> for Text<MAX> {
    type Error = TooLong;

    fn try_from(text: &str) -> Result<Self, TooLong> {
        if text.len() <= MAX || text.chars().count() <= MAX {
            Ok(Self(text.into()))
        } else {
            Err(TooLong(MAX))
        }
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text over its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("longer than {0} characters")]
pub struct TooLong(pub usize);

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Spelt(|text: &str| Self::try_from(text)))
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "maxLength": MAX})
    }
}

macro_rules! capitals {
    ($(#[$doc:meta])* $name:ident, $letters:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The code as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Spelt(|text: &str| {
                    let capitals = text.len() == $letters && text.bytes().all(|b| b.is_ascii_uppercase());
                    if capitals { Ok(Self(text.into())) } else { Err($what) }
                }))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": concat!("^[A-Z]{", $letters, "}$")})
            }
        }
    };
}

capitals!(
    /// A currency as ISO 4217 spells it; its cents are hundredths.
    Currency, 3, "not a currency code of three capital letters"
);
capitals!(
    /// A country as ISO 3166-1 alpha-2 spells it.
    Country, 2, "not a country code of two capital letters"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_bounded_in_characters() {
        assert!(Text::<3>::try_from("äöü").is_ok());
        assert_eq!(Text::<3>::try_from("äöüß"), Err(TooLong(3)));
        assert!(serde_json::from_str::<Text<3>>("\"abcd\"").is_err());
        assert!(serde_json::from_str::<Text<3>>("\"abc\"").is_ok());
    }

    #[test]
    fn white_space_alone_is_blank() {
        for blank in ["", " ", "\t\n", "\u{3000}"] {
            assert!(Label::try_from(blank).unwrap().is_blank(), "{blank:?}");
        }
        assert!(!Label::try_from(" a ").unwrap().is_blank());
    }

    #[test]
    fn currencies_and_countries_are_capital_letters() {
        assert!(serde_json::from_str::<Currency>("\"USD\"").is_ok());
        assert!(serde_json::from_str::<Country>("\"JP\"").is_ok());
        for bad in ["\"usd\"", "\"US\"", "\"USDX\"", "\"U D\"", "1"] {
            assert!(serde_json::from_str::<Currency>(bad).is_err(), "{bad}");
        }
    }
}
