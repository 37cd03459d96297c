//! Reading values that JSON spells as texts, and objects that say themselves what they are, each in one pass.
//!
//! A record is read many times in its life; what serde does on its own here copies each text before it looks at it, and each
//! object before it knows its type.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Reads what is spelt as a text.
///
/// # Errors
/// When it is no text, or not the text of a `T`.
pub fn text<'de, T, D>(source: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    source.deserialize_str(Spelt(T::from_str))
}

/// Reads what is spelt as a text by `read`, which says what is wrong with it.
pub(crate) struct Spelt<F>(pub(crate) F);

impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Spelt<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<R: Error>(self, text: &str) -> Result<T, R> {
        (self.0)(text).map_err(R::custom)
    }
}

/// One of several shapes, told apart by a field.
pub(crate) trait Tagged: Sized {
    /// The field, which stands first wherever claimlog spells one.
    const TAG: &'static str;
    /// What it may hold.
    const VARIANTS: &'static [&'static str];

    /// Reads the fields beside the tag; `variant` counts [`Tagged::VARIANTS`].
    fn read<'de, D: Deserializer<'de>>(variant: usize, rest: D) -> Result<Self, D::Error>;
}

/// Reads a [`Tagged`].
pub(crate) fn tagged<'de, T: Tagged, D: Deserializer<'de>>(source: D) -> Result<T, D::Error> {
    source.deserialize_map(Whole(PhantomData))
}

struct Whole<T>(PhantomData<T>);

impl<'de, T: Tagged> Visitor<'de> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `{}`", T::TAG)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        match map.next_key_seed(Key(T::TAG))? {
            None => Err(A::Error::missing_field(T::TAG)),
            Some(None) => {
                let variant = map.next_value_seed(Variant(T::VARIANTS))?;
                T::read(variant, MapAccessDeserializer::new(map))
            }
            // Spelt by somebody else: all of it is read before it is known what it is.
            Some(Some(first)) => {
                let mut fields = Map::from_iter([(first, map.next_value()?)]);
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.insert(name.clone(), value).is_some() {
                        return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
                    }
                }
                let tag = fields.remove(T::TAG).ok_or_else(|| A::Error::missing_field(T::TAG))?;
                let variant = Variant(T::VARIANTS).deserialize(tag).map_err(A::Error::custom)?;
                T::read(variant, Value::Object(fields).into_deserializer()).map_err(A::Error::custom)
            }
        }
    }
}

/// Reads a key: nothing where it is this one, else the other.
pub(crate) struct Key(pub(crate) &'static str);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Option<String>, D::Error> {
        key.deserialize_str(Spelt(|text: &str| {
            Ok::<_, fmt::Error>((text != self.0).then(|| text.to_owned()))
        }))
    }
}

/// Which of the variants a text names.
struct Variant(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Variant {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, tag: D) -> Result<usize, D::Error> {
        tag.deserialize_str(self)
    }
}

impl Visitor<'_> for Variant {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<usize, E> {
        let found = self.0.iter().position(|it| *it == text);
        found.ok_or_else(|| E::unknown_variant(text, self.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::event::Event;

    const SPELT: &str = r#"{"type":"ClaimCanceled","version":1,"claim":"c001-00000000000000000002"}"#;

    fn refusal(text: &str) -> String {
        serde_json::from_str::<Event>(text).unwrap_err().to_string()
    }

    #[test] // F-29
    fn what_it_is_may_stand_anywhere_and_must_be_known() {
        let first: Event = serde_json::from_str(SPELT).unwrap();
        assert_eq!(serde_json::to_string(&first).unwrap(), SPELT);
        let last = r#"{"claim":"c001-00000000000000000002","version":1,"type":"ClaimCanceled"}"#;
        assert_eq!(serde_json::from_str::<Event>(last).unwrap(), first);
        assert!(refusal(&SPELT.replace("ClaimCanceled", "ConsentForgotten")).contains("unknown variant"));
        for without in ["{}", r#"{"version":1}"#] {
            assert!(refusal(without).contains("missing field `type`"));
        }
        assert!(refusal("[]").contains("an object with `type`"));
    }

    #[test] // A-76
    fn nothing_is_left_over_or_doubled() {
        for (at, more) in [(1, r#""more":1,"#), (SPELT.len() - 1, r#","more":1"#)] {
            let text = format!("{}{more}{}", &SPELT[..at], &SPELT[at..]);
            assert!(refusal(&text).contains("unknown field `more`"), "{text}");
        }
        for (at, doubled, why) in [
            (1, r#""version":1,"#, "duplicate field `version`"),
            (SPELT.len() - 1, r#","version":1"#, "duplicate field `version`"),
            (SPELT.len() - 1, r#","type":"ClaimCanceled""#, "unknown field `type`"),
        ] {
            let text = format!("{}{doubled}{}", &SPELT[..at], &SPELT[at..]);
            assert!(refusal(&text).contains(why), "{text}: {}", refusal(&text));
        }
    }
}
