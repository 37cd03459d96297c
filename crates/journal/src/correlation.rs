//! What an asker wants handed back with the outcome: its own headers, the W3C trace context among them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The header of the W3C Trace Context that names the trace.
const TRACEPARENT: &str = "traceparent";
/// The header of the W3C Trace Context with what vendors add.
const TRACESTATE: &str = "tracestate";

/// Headers of a command, handed back with its outcome (CONTRACT §1, "By Kafka"). They decide nothing and are not part
/// of what makes a command the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Correlation(BTreeMap<String, String>);

/// Headers that cannot be handed back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCorrelation {
    /// There are too many.
    #[error("more than {most} headers", most = Correlation::MOST)]
    TooMany,
    /// A name is empty or too long.
    #[error("a header's name has {length} bytes, and 1 to {most} are allowed", most = Correlation::NAME_BYTES)]
    Name {
        /// Its length.
        length: usize,
    },
    /// A value is too long, or no text.
    #[error("the header {name} is longer than {most} bytes or no UTF-8", most = Correlation::VALUE_BYTES)]
    Value {
        /// The header.
        name: String,
    },
    /// A name comes twice.
    #[error("the header {name} comes twice")]
    Twice {
        /// The header.
        name: String,
    },
}

impl Correlation {
    /// The most headers of a command.
    pub const MOST: usize = 16;
    /// The most bytes of a header's name.
    pub const NAME_BYTES: usize = 64;
    /// The most bytes of a header's value; `tracestate` may have 512 (W3C Trace Context §3.3.1.5).
    pub const VALUE_BYTES: usize = 512;

    /// The headers that came with a command.
    ///
    /// # Errors
    /// [`NotCorrelation`] when one of them could not be handed back as it came: none is dropped in silence.
    pub fn of<'h>(headers: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> Result<Self, NotCorrelation> {
        let mut all = BTreeMap::new();
        for (name, value) in headers {
            if name.is_empty() || name.len() > Self::NAME_BYTES {
                return Err(NotCorrelation::Name { length: name.len() });
            }
            let text = std::str::from_utf8(value).ok().filter(|it| it.len() <= Self::VALUE_BYTES);
            let text = text.ok_or_else(|| NotCorrelation::Value { name: name.to_owned() })?;
            if all.insert(name.to_owned(), text.to_owned()).is_some() {
                return Err(NotCorrelation::Twice { name: name.to_owned() });
            }
            if all.len() > Self::MOST {
                return Err(NotCorrelation::TooMany);
            }
        }
        Ok(Self(all))
    }

    /// Whether nothing is to be handed back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every header, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The W3C trace context of the command, as the CloudEvents extension for distributed tracing spells it:
    /// `traceparent` and `tracestate`.
    #[must_use]
    pub fn trace(&self) -> (Option<&str>, Option<&str>) {
        let of = |name| self.0.get(name).map(String::as_str);
        (of(TRACEPARENT), of(TRACESTATE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // CONTRACT §1: headers are handed back
    fn headers_are_kept_as_they_came() {
        let headers = [("traceparent", &b"00-1-2-01"[..]), ("order", &b"17"[..])];
        let kept = Correlation::of(headers).unwrap();
        assert_eq!(kept.iter().collect::<Vec<_>>(), [("order", "17"), ("traceparent", "00-1-2-01")]);
        assert_eq!(kept.trace(), (Some("00-1-2-01"), None));
    }

    #[test]
    fn what_could_not_be_handed_back_is_named() {
        let long = vec![b'x'; Correlation::VALUE_BYTES + 1];
        let value = |name: &str| NotCorrelation::Value { name: name.to_owned() };
        assert_eq!(Correlation::of([("a", &long[..])]), Err(value("a")));
        assert_eq!(Correlation::of([("b", &b"\xff"[..])]), Err(value("b")));
        assert_eq!(Correlation::of([("", &b"1"[..])]), Err(NotCorrelation::Name { length: 0 }));
        let twice = [("a", &b"1"[..]), ("a", &b"2"[..])];
        assert_eq!(Correlation::of(twice), Err(NotCorrelation::Twice { name: "a".into() }));
        let names: Vec<String> = (0..=Correlation::MOST).map(|it| it.to_string()).collect();
        let many = names.iter().map(|it| (it.as_str(), &b"1"[..]));
        assert_eq!(Correlation::of(many), Err(NotCorrelation::TooMany));
    }
}
