//! Bytes → one tree, or the first thing that is wrong with them and where it stands.
//!
//! serde_json alone keeps the last of two equal keys, rounds what is not a whole number and nests up to 128 deep;
//! a command's answer must not hang on such chances (A-76). So the tree is built here, under [`Limits`].

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use crate::problem::{Problem, ProblemCode};

/// The bounds of what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes in all.
    pub bytes: usize,
    /// Most arrays and objects inside one another.
    pub depth: usize,
    /// Most values and keys in all.
    pub values: usize,
    /// Most bytes in one text or key.
    pub text_bytes: usize,
}

impl Limits {
    /// The bounds of a command: a body of 64 KiB and its envelope (issue 3, point 19).
    pub const COMMAND: Self = Self { bytes: 80 * 1024, depth: 32, values: 4096, text_bytes: 16 * 1024 };

    /// The bounds of a file that an operator wrote: large, yet a wrong file does not fill the memory.
    pub const FILE: Self = Self { bytes: 1 << 30, depth: 32, values: 1 << 26, text_bytes: 16 * 1024 };
}

/// Numbers are whole and within ±2^53, so that every reader of JSON understands them alike (DESIGN §5).
const MAX_NUMBER: u64 = 1 << 53;
/// Longest part of a path that is shown as it was written.
const MAX_SHOWN: usize = 64;

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// A place in the bytes, counted from 1; the column counts bytes.
    Place {
        /// The line.
        line: u64,
        /// The byte in the line.
        column: u64,
    },
    /// A path in the tree, such as `$.body.engagements[2]`.
    Path(String),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place { line, column } => write!(f, "line {line}, column {column}"),
            Self::Path(path) => write!(f, "path {path}"),
        }
    }
}

/// Bytes, or a tree, that cannot be read as what they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({at})")]
pub struct Unreadable {
    /// `not_json`, `too_large` or `malformed`.
    pub code: ProblemCode,
    /// Where.
    pub at: At,
    /// A sentence that helps.
    pub message: String,
}

impl From<Unreadable> for Problem {
    fn from(it: Unreadable) -> Self {
        Self::new(it.code, it.message).with("at", it.at.to_string())
    }
}

/// Reads exactly one JSON value; `first_line` is the number of the first line of `bytes` in its file, from 1.
///
/// # Errors
/// - `too_large`: more than [`Limits::bytes`];
/// - `not_json`: not UTF-8, not JSON, nothing at all, or more than one value;
/// - `malformed`, with the path: a doubled key; over a bound of `limits`; a number that is not whole or beyond ±2^53.
pub fn read(bytes: &[u8], limits: &Limits, first_line: u64) -> Result<Value, Unreadable> {
    if bytes.len() > limits.bytes {
        let message = format!("at most {} bytes are read, these are {}", limits.bytes, bytes.len());
        let at = place_of(bytes, limits.bytes, first_line);
        return Err(Unreadable { code: ProblemCode::TooLarge, at, message });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Unreadable {
        code: ProblemCode::NotJson,
        at: place_of(bytes, error.valid_up_to(), first_line),
        message: "these bytes are not UTF-8".to_owned(),
    })?;
    let reading = Reading { limits, left: RefCell::new(limits.values), wrong: RefCell::default() };
    let mut source = serde_json::Deserializer::from_str(text);
    let read = Tree { reading: &reading, depth: 0 }.deserialize(&mut source);
    read.and_then(|tree| source.end().map(|()| tree))
        .map_err(|error| reading.wrong.into_inner().unreadable(&error, first_line))
}

/// Decodes a tree that was [`read`] into its typed shape; `root` is the path of `tree` itself, such as `$.body`.
///
/// # Errors
/// `malformed`, with the path of the first field that is unknown, missing, of the wrong type or not what it should be.
pub fn decode<T: DeserializeOwned>(tree: Value, root: &str) -> Result<T, Unreadable> {
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let mut path = root.to_owned();
        for segment in error.path() {
            match segment {
                Segment::Seq { index } => Step::Index(*index).show(&mut path),
                Segment::Map { key } => Step::Key(key.clone()).show(&mut path),
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        let message = error.into_inner().to_string();
        Unreadable { code: ProblemCode::Malformed, at: At::Path(path), message }
    })
}

/// `malformed` at the value under `key` of the object at `path`.
pub(crate) fn malformed_at(path: &str, key: &str, message: impl Into<String>) -> Unreadable {
    let mut path = path.to_owned();
    Step::Key(key.to_owned()).show(&mut path);
    Unreadable { code: ProblemCode::Malformed, at: At::Path(path), message: message.into() }
}

/// The place of the byte at `offset`.
fn place_of(bytes: &[u8], offset: usize, first_line: u64) -> At {
    let before = &bytes[..offset.min(bytes.len())];
    let lines = before.iter().filter(|&&byte| byte == b'\n').count();
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    At::Place { line: first_line + lines as u64, column: (before.len() - line_start) as u64 + 1 }
}

/// One step from a value to a value inside it.
enum Step {
    Key(String),
    Index(usize),
}

impl Step {
    fn show(&self, path: &mut String) {
        match self {
            Self::Index(index) => path.push_str(&format!("[{index}]")),
            Self::Key(key)
                if !key.is_empty()
                    && key.len() <= MAX_SHOWN
                    && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') =>
            {
                path.push('.');
                path.push_str(key);
            }
            Self::Key(key) => {
                let shown: String = key.chars().take(MAX_SHOWN).collect();
                let cut = if shown.len() < key.len() { "…" } else { "" };
                path.push_str(&format!("[{}{cut}]", Value::String(shown)));
            }
        }
    }
}

/// What is wrong, filled while the reader unwinds: nothing is paid for it while all is well.
#[derive(Default)]
struct Wrong {
    message: Option<String>,
    /// From the inside out.
    steps: Vec<Step>,
}

impl Wrong {
    fn unreadable(self, error: &serde_json::Error, first_line: u64) -> Unreadable {
        let path = || {
            let mut path = "$".to_owned();
            self.steps.iter().rev().for_each(|step| step.show(&mut path));
            At::Path(path)
        };
        if let Some(message) = &self.message {
            return Unreadable { code: ProblemCode::Malformed, at: path(), message: message.clone() };
        }
        let text = error.to_string();
        // serde_json has no kind for this one: the line is JSON, its number does not fit any machine number.
        if text.starts_with("number out of range") {
            return Unreadable { code: ProblemCode::Malformed, at: path(), message: number_message() };
        }
        let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        let at = At::Place {
            line: first_line + (error.line() as u64).saturating_sub(1),
            column: error.column() as u64,
        };
        Unreadable { code: ProblemCode::NotJson, at, message: format!("this is not JSON: {what}") }
    }
}

fn number_message() -> String {
    format!("numbers are whole and between -{MAX_NUMBER} and {MAX_NUMBER}; amounts are integer cents")
}

/// One reading of one value.
struct Reading<'l> {
    limits: &'l Limits,
    left: RefCell<usize>,
    wrong: RefCell<Wrong>,
}

impl Reading<'_> {
    /// Refuses the value that is being read.
    fn refuse<E: de::Error>(&self, message: String) -> E {
        self.wrong.borrow_mut().message = Some(message);
        E::custom("refused")
    }

    /// Notes on the way out through which step the error came.
    fn came_through(&self, step: Step) {
        self.wrong.borrow_mut().steps.push(step);
    }

    /// Counts one value or key.
    fn count<E: de::Error>(&self) -> Result<(), E> {
        let left = self.left.borrow().checked_sub(1);
        let left = left
            .ok_or_else(|| self.refuse(format!("at most {} values and keys are read", self.limits.values)))?;
        *self.left.borrow_mut() = left;
        Ok(())
    }

    fn check_text<E: de::Error>(&self, text: &str) -> Result<(), E> {
        if text.len() <= self.limits.text_bytes {
            return Ok(());
        }
        Err(self.refuse(format!("a text has at most {} bytes", self.limits.text_bytes)))
    }
}

/// Builds the value at one depth.
#[derive(Clone, Copy)]
struct Tree<'r, 'l> {
    reading: &'r Reading<'l>,
    depth: usize,
}

impl Tree<'_, '_> {
    fn inside<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == self.reading.limits.depth {
            let most = self.reading.limits.depth;
            return Err(self.reading.refuse(format!("arrays and objects nest at most {most} deep")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    /// Accepts `key` beside the keys `before` it.
    fn key<E: de::Error>(self, before: &Map<String, Value>, key: &str) -> Result<(), E> {
        self.reading.count()?;
        self.reading.check_text(key)?;
        if before.contains_key(key) {
            return Err(self.reading.refuse("this key stands here twice".to_owned()));
        }
        Ok(())
    }

    fn number<E: de::Error>(self, within: bool, value: impl Into<Value>) -> Result<Value, E> {
        if within { Ok(value.into()) } else { Err(self.reading.refuse(number_message())) }
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        self.reading.count()?;
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        self.number(value <= MAX_NUMBER, value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        self.number(value.unsigned_abs() <= MAX_NUMBER, value)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Value, E> {
        Err(self.reading.refuse(number_message()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        self.reading.check_text(text)?;
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        loop {
            match source.next_element_seed(inside) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return Ok(Value::Array(items)),
                Err(error) => {
                    self.reading.came_through(Step::Index(items.len()));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut fields = Map::new();
        while let Some(key) = source.next_key::<String>()? {
            let field = self.key(&fields, &key).and_then(|()| source.next_value_seed(inside));
            match field {
                Ok(value) => {
                    fields.insert(key, value);
                }
                Err(error) => {
                    self.reading.came_through(Step::Key(key));
                    return Err(error);
                }
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SAMPLE: &str = r#"{"id":"01938c5e-7f1a-7c3e-9a51-3f0a6f1f2b10","type":"SendConsent","version":1,"asker":{"kind":"partner_user","partner":"p-contoso","user":"u-17","roles":["incentives_user"],"locations":"all"},"body":{"claim":"c000-00000000000000000000","deal_size_usd_cents":5000000,"disclaimer_version":"v1","contacts":{"customer":{"first_name":"Mina","last_name":"例","email":"mina@fabrikam.example"}}}}"#;

    fn command(line: &[u8]) -> Result<Value, Unreadable> {
        read(line, &Limits::COMMAND, 1)
    }

    fn refused(line: &[u8]) -> (&'static str, String) {
        let wrong = command(line).unwrap_err();
        (wrong.code.as_str(), wrong.at.to_string())
    }

    fn text(length: usize) -> String {
        format!("\"{}\"", "x".repeat(length))
    }

    #[test]
    fn a_good_line_is_read_as_serde_json_reads_it() {
        assert_eq!(command(SAMPLE.as_bytes()).unwrap(), serde_json::from_str::<Value>(SAMPLE).unwrap());
        assert_eq!(
            command(b" [ null, true, -3, \"\\u00e9\", {} ] \n").unwrap(),
            json!([null, true, -3, "é", {}])
        );
    }

    #[test] // A-76
    fn a_doubled_key_is_malformed_with_its_path() {
        let body = br#"{"body":{"contacts":[{"email":"a","email":"b"}]}}"#;
        assert_eq!(refused(body), ("malformed", "path $.body.contacts[0].email".to_owned()));
        assert_eq!(refused(br#"{"x":1,"\u0078":1}"#), ("malformed", "path $.x".to_owned()));
    }

    #[test] // A-76
    fn numbers_are_whole_and_exact_everywhere() {
        assert_eq!(
            command(b"[9007199254740992,-9007199254740992]").unwrap(),
            json!([1_u64 << 53, -(1_i64 << 53)])
        );
        for bad in [
            "9007199254740993",
            "-9007199254740993",
            "1.0",
            "1e3",
            "1e400",
            "99999999999999999999999",
            "-1e999",
        ] {
            let line = format!(r#"{{"body":{{"x":[0,{bad}]}}}}"#);
            assert_eq!(refused(line.as_bytes()), ("malformed", "path $.body.x[1]".to_owned()), "{bad}");
        }
        for bad in ["NaN", "Infinity", "01", "+1", "0x10"] {
            assert_eq!(refused(bad.as_bytes()).0, "not_json", "{bad}");
        }
    }

    #[test]
    fn nesting_values_and_texts_are_bounded() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(command(nested(32).as_bytes()).is_ok());
        assert_eq!(refused(nested(33).as_bytes()), ("malformed", format!("path ${}", "[0]".repeat(32))));
        assert_eq!(refused("[".repeat(80_000).as_bytes()).0, "malformed");

        let values = |count| format!("[{}]", vec!["0"; count].join(","));
        assert!(command(values(4095).as_bytes()).is_ok());
        assert_eq!(refused(values(4096).as_bytes()), ("malformed", "path $[4095]".to_owned()));
        let keys: Vec<_> = (0..2048).map(|key| format!("\"{key}\":0")).collect();
        assert_eq!(refused(format!("{{{}}}", keys.join(",")).as_bytes()).0, "malformed");

        assert!(command(text(16 * 1024).as_bytes()).is_ok());
        assert_eq!(refused(text(16 * 1024 + 1).as_bytes()), ("malformed", "path $".to_owned()));
        let (code, at) = refused(format!("{{{}:0}}", text(16 * 1024 + 1)).as_bytes());
        assert_eq!((code, at.chars().count() < 100), ("malformed", true));
    }

    #[test]
    fn a_line_over_80_kib_is_too_large_whatever_it_holds() {
        let line = |length: usize| format!("{}{}", " ".repeat(length - 1), "0");
        assert!(command(line(80 * 1024).as_bytes()).is_ok());
        assert_eq!(refused(line(80 * 1024 + 1).as_bytes()), ("too_large", "line 1, column 81921".to_owned()));
    }

    #[test]
    fn what_is_not_one_json_value_in_utf_8_is_not_json_with_its_place() {
        for (bad, column) in [
            (&b""[..], 0),
            (b"\xef\xbb\xbf{}", 1),
            (b"{} {}", 4),
            (b"{}x", 3),
            (b"{\"a\":1,}", 8),
            (b"[\"\xff\"]", 3),
            (b"\"\\ud800\"", 8),
            (b"\"a\nb\"", 0),
        ] {
            let wrong = read(bad, &Limits::COMMAND, 17).unwrap_err();
            let line = if bad.contains(&b'\n') { 18 } else { 17 };
            assert_eq!((wrong.code, wrong.at), (ProblemCode::NotJson, At::Place { line, column }), "{bad:?}");
        }
    }

    #[test] // A-76
    fn an_unknown_missing_or_wrong_field_is_malformed_with_its_path() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Inner {
            count: u32,
        }
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Outer {
            inner: Vec<Inner>,
        }
        for (tree, path) in [
            (json!({"inner": [{"count": 1, "colour": 1}]}), "$.body.inner[0].colour"),
            (json!({"inner": [{"count": 1}, {"count": -1}]}), "$.body.inner[1].count"),
            (json!({"inner": [{}]}), "$.body.inner[0]"),
        ] {
            let wrong = decode::<Outer>(tree, "$.body").unwrap_err();
            assert_eq!((wrong.code, wrong.at), (ProblemCode::Malformed, At::Path(path.to_owned())));
        }
        assert!(decode::<Outer>(json!({"inner": [{"count": 1}]}), "$.body").is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_is_read_is_what_serde_json_reads(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(tree) = command(&bytes) {
                prop_assert_eq!(tree, serde_json::from_slice::<Value>(&bytes).unwrap());
            }
        }

        #[test]
        fn no_mutation_of_a_good_line_panics_or_reads_as_something_else(
            cuts in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![Just(None), any::<u8>().prop_map(Some)], 0_usize..4), 1..6),
        ) {
            let mut line = SAMPLE.as_bytes().to_vec();
            for (at, byte, cut) in cuts {
                let at = at.index(line.len());
                line.splice(at..(at + cut).min(line.len()), byte);
                if line.is_empty() {
                    break;
                }
            }
            match command(&line) {
                Ok(tree) => prop_assert_eq!(tree, serde_json::from_slice::<Value>(&line).unwrap()),
                Err(wrong) => prop_assert!(
                    wrong.code == ProblemCode::Malformed || serde_json::from_slice::<Value>(&line).is_err(),
                    "{}", wrong
                ),
            }
        }
    }
}
