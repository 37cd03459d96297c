//! The one spelling of bodies: no white space, fields in the order of the type, and only `"`, `\`, U+0000–001F and
//! U+007F escaped (DESIGN §5). `jq -c` spells the same, so a chain can be checked with it.

use std::io::{self, Write};

use serde::de::DeserializeOwned;
use serde::ser::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

/// Why a body is not what its kind and version promise.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It does not have the shape of its type.
    #[error("the body does not have its shape")]
    Shape(#[source] serde_json::Error),
    /// It has the shape, but is spelt another way than it would be written.
    #[error("the body is not in its canonical spelling")]
    Spelling,
}

/// JSON escapes U+007F here: it is the one character that `serde_json` leaves bare and `jq` does not.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.as_bytes().contains(&0x7f) {
            return out.write_all(fragment.as_bytes());
        }
        for (nth, part) in fragment.split('\u{7f}').enumerate() {
            if nth > 0 {
                out.write_all(b"\\u007f")?;
            }
            CompactFormatter.write_string_fragment(out, part)?;
        }
        Ok(())
    }
}

/// The canonical spelling of `body`.
///
/// # Errors
/// When the type cannot be JSON, for instance a map whose keys are not texts.
pub fn to_string<T: ?Sized + Serialize>(body: &T) -> Result<String, serde_json::Error> {
    let mut out = Vec::with_capacity(512);
    write(body, &mut out)?;
    text(out)
}

/// Appends the canonical spelling of `body`.
pub(crate) fn write<T: ?Sized + Serialize>(body: &T, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    body.serialize(&mut serde_json::Serializer::with_formatter(out, Escaping))
}

/// What was spelt, as a text.
pub(crate) fn text(spelt: Vec<u8>) -> Result<String, serde_json::Error> {
    String::from_utf8(spelt).map_err(|fault| serde_json::Error::io(io::Error::other(fault)))
}

/// Reads a body that must be spelt canonically.
///
/// # Errors
/// [`BodyError::Shape`] when it is not a `T`, [`BodyError::Spelling`] when `T` would be spelt another way.
pub fn from_str<T: DeserializeOwned + Serialize>(text: &str) -> Result<T, BodyError> {
    let body: T = serde_json::from_str(text).map_err(BodyError::Shape)?;
    if to_string(&body).map_err(BodyError::Shape)? == text { Ok(body) } else { Err(BodyError::Spelling) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // DESIGN §5, "Bytes"
    fn only_quotes_backslashes_and_control_characters_are_escaped() {
        let text = "a\u{7f}\u{7f}b\"\\/\u{0}\u{1f}\n\u{80}é\u{2028}😀";
        let spelt = to_string(text).unwrap();
        assert_eq!(spelt, "\"a\\u007f\\u007fb\\\"\\\\/\\u0000\\u001f\\n\u{80}é\u{2028}😀\"");
        assert_eq!(from_str::<String>(&spelt).unwrap(), text);
    }

    #[test]
    fn another_spelling_does_not_read() {
        for other in [r#""\u0061""#, r#" "a""#, r#""\/""#] {
            assert!(matches!(from_str::<String>(other), Err(BodyError::Spelling)), "{other}");
        }
        assert!(matches!(from_str::<String>("1"), Err(BodyError::Shape(_))));
    }
}
