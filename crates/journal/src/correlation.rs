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

    /// The W3C trace context of a request that has nothing else to be handed back. What is malformed is left out and what is
    /// too long too, as W3C Trace Context §3 has it: it is no reason to refuse a command.
    #[must_use]
    pub fn of_trace(traceparent: Option<&str>, tracestate: Option<&str>) -> Self {
        let Some(traceparent) = traceparent.filter(|it| ids(it).is_some()) else { return Self::default() };
        let tracestate = tracestate.filter(|it| !it.is_empty() && it.len() <= Self::VALUE_BYTES);
        let headers = [(TRACEPARENT, Some(traceparent)), (TRACESTATE, tracestate)];
        Self(headers.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?.to_owned()))).collect())
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

    /// The trace that the command belongs to, 32 hex digits; none without a well-formed `traceparent`.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        ids(self.trace().0?).map(|(trace, _)| trace)
    }

    /// The span of the asker that the command came from, 16 hex digits.
    #[must_use]
    pub fn parent_id(&self) -> Option<&str> {
        ids(self.trace().0?).map(|(_, parent)| parent)
    }
}

/// The ids of the trace and of the parent in a `traceparent`: `<version>-<trace>-<parent>-<flags>`, all in hex digits; a version
/// later than 00 may have more behind them (W3C Trace Context §3.2.2).
fn ids(traceparent: &str) -> Option<(&str, &str)> {
    let is_hex = |it: &str| it.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    let is_id = |it: &str, length| it.len() == length && is_hex(it) && it.bytes().any(|it| it != b'0');
    let mut fields = traceparent.split('-');
    let (version, trace, parent, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let hex_pairs = [version, flags].iter().all(|it| it.len() == 2 && is_hex(it));
    let versioned = hex_pairs && version != "ff" && (version != "00" || fields.next().is_none());
    (versioned && is_id(trace, 32) && is_id(parent, 16)).then_some((trace, parent))
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

    #[test] // W3C Trace Context §3.2.2
    fn a_trace_is_told_by_its_ids_and_a_malformed_one_is_none() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        for good in [format!("00-{trace}-{parent}-01"), format!("01-{trace}-{parent}-00-more")] {
            let it = Correlation::of_trace(Some(&good), Some("vendor=1"));
            assert_eq!((it.trace_id(), it.parent_id()), (Some(trace), Some(parent)));
            assert_eq!(it.trace(), (Some(&*good), Some("vendor=1")));
        }
        let (no_trace, no_parent) = ("0".repeat(32), "0".repeat(16));
        for bad in [
            format!("00-{trace}-{parent}-01-more"),
            format!("ff-{trace}-{parent}-01"),
            format!("00-{no_trace}-{parent}-01"),
            format!("00-{trace}-{no_parent}-01"),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
            format!("00-{trace}-{parent}"),
            "00-1-2-01".to_owned(),
            String::new(),
        ] {
            assert!(Correlation::of_trace(Some(&bad), Some("vendor=1")).is_empty(), "{bad}");
            let kept = Correlation::of([("traceparent", bad.as_bytes())]).unwrap();
            assert_eq!((kept.trace_id(), kept.parent_id()), (None, None), "{bad}");
        }
        let long = "x".repeat(Correlation::VALUE_BYTES + 1);
        let without = Correlation::of_trace(Some(&format!("00-{trace}-{parent}-01")), Some(&long));
        assert!(without.trace().0.is_some() && without.trace().1.is_none());
        assert!(Correlation::of_trace(None, Some("vendor=1")).is_empty());
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
