//! The query of a request: every parameter is known and given once, or the request is refused (F-62).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use claim_journal::Cursor;

use crate::problem::HttpProblem;

/// The parameters of one request, taken out one by one.
#[derive(Debug)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads `query`; each parameter must be one of `known`, and `min_cursor` always is.
    ///
    /// # Errors
    /// `malformed` with the first parameter that is unknown, doubled or not encoded as it should be.
    pub(crate) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, HttpProblem> {
        let mut found = BTreeMap::new();
        for pair in query.unwrap_or_default().split('&').filter(|it| !it.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name).ok_or_else(|| wrong(name, "not UTF-8 in percent-encoding"))?;
            let value = decoded(value).ok_or_else(|| wrong(&name, "not UTF-8 in percent-encoding"))?;
            if name != "min_cursor" && !known.contains(&name.as_str()) {
                let known = known.iter().copied().chain(["min_cursor"]).collect::<Vec<_>>().join(", ");
                return Err(wrong(&name, format!("unknown parameter; there are: {known}")));
            }
            if found.insert(name.clone(), value).is_some() {
                return Err(wrong(&name, "given twice"));
            }
        }
        Ok(Self(found))
    }

    /// A parameter as text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// A parameter of this type.
    ///
    /// # Errors
    /// `malformed` when it is not one.
    pub(crate) fn typed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, HttpProblem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|error: T::Err| wrong(name, error.to_string()))
    }

    /// A parameter that is one of these words; the first when it is not given.
    ///
    /// # Errors
    /// `malformed` when it is none of them.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, HttpProblem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, it)| *it);
        let list = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(Some).ok_or_else(|| wrong(name, format!("must be one of: {}", list())))
    }

    /// The cursor that must be reached before the answer is given (F-39).
    ///
    /// # Errors
    /// `malformed` when it is no cursor.
    pub(crate) fn min_cursor(&mut self) -> Result<Option<Cursor>, HttpProblem> {
        self.typed("min_cursor")
    }
}

/// The `malformed` problem of a parameter.
pub(crate) fn wrong(name: &str, message: impl Into<String>) -> HttpProblem {
    HttpProblem::malformed(format!("query {name}"), message)
}

/// An id in a path.
///
/// # Errors
/// `malformed` when it is not one.
pub(crate) fn segment<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, HttpProblem> {
    text.parse().map_err(|error: T::Err| HttpProblem::malformed(format!("path {name}"), error.to_string()))
}

/// Text in the encoding of forms; none when it is not UTF-8 or a `%` has no two hex digits.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (hex(rest.next()?)?, hex(rest.next()?)?);
                high << 4 | low
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> String {
        Parameters::read(Some(query), &["name"]).map(drop).unwrap_err().code().to_owned()
    }

    #[test] // F-62
    fn what_is_unknown_doubled_or_not_text_is_refused() {
        for bad in ["nam=1", "name=1&name=2", "name=%", "name=%4", "name=%zz", "name=%ff", "tenantId=x", "=1"]
        {
            assert_eq!(refused(bad), "malformed", "{bad}");
        }
        assert!(Parameters::read(None, &[]).is_ok());
        assert!(Parameters::read(Some("&&min_cursor=c"), &[]).is_ok());
    }

    #[test]
    fn values_are_decoded_once() {
        let mut read = Parameters::read(Some("name=a%2Bb+c%2525&min_cursor=c_3-9"), &["name"]).unwrap();
        assert_eq!(read.text("name").unwrap(), "a+b c%25");
        assert_eq!(read.min_cursor().unwrap().unwrap().to_string(), "c_3-9");
        let mut wrong = Parameters::read(Some("name=x"), &["name"]).unwrap();
        assert_eq!(wrong.typed::<u32>("name").unwrap_err().code(), "malformed");
    }
}
