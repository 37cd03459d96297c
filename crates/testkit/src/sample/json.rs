//! JSON whose keys stay in the order in which they were written, so that a line reads like CONTRACT §1.

use std::fmt;

/// One JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// This object with one more field.
    pub(crate) fn with(self, key: &str, value: impl Into<Self>) -> Self {
        match self {
            Self::Object(mut fields) => {
                fields.push((key.to_owned(), value.into()));
                Self::Object(fields)
            }
            other => other,
        }
    }

    /// This object with one more field if there is a value for it.
    pub(crate) fn with_some<T: Into<Self>>(self, key: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The value of one field.
    pub(crate) fn field(&self, key: &str) -> Option<Self> {
        match self {
            Self::Object(fields) => {
                fields.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
            }
            Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// This object with the value of one field replaced, or without it when `value` is none.
    pub(crate) fn replacing(self, key: &str, value: Option<Self>) -> Self {
        match self {
            Self::Object(fields) => {
                let kept = fields.into_iter().filter(|(name, _)| name != key).collect();
                Self::Object(kept).with_some(key, value)
            }
            other => other,
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(it) => it.fmt(f),
            Self::Number(it) => it.fmt(f),
            Self::Text(it) => serde_json::Value::from(it.as_str()).fmt(f),
            Self::List(items) => {
                f.write_str("[")?;
                for (n, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if n == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (n, (key, value)) in fields.iter().enumerate() {
                    write!(f, "{}\"{key}\":{value}", if n == 0 { "" } else { "," })?;
                }
                f.write_str("}")
            }
        }
    }
}

impl From<bool> for Json {
    fn from(it: bool) -> Self {
        Self::Bool(it)
    }
}

impl From<i64> for Json {
    fn from(it: i64) -> Self {
        Self::Number(it)
    }
}

impl From<&str> for Json {
    fn from(it: &str) -> Self {
        Self::Text(it.to_owned())
    }
}

impl From<String> for Json {
    fn from(it: String) -> Self {
        Self::Text(it)
    }
}

impl From<&String> for Json {
    fn from(it: &String) -> Self {
        Self::Text(it.clone())
    }
}

impl<T: Clone + Into<Json>> From<&[T]> for Json {
    fn from(items: &[T]) -> Self {
        Self::List(items.iter().cloned().map(Into::into).collect())
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// An object literal: `object! { "claim": claim, "text": "…" }`.
macro_rules! object {
    ($($key:literal : $value:expr),* $(,)?) => {
        $crate::sample::json::Json::Object(vec![$(($key.to_owned(), $crate::sample::json::Json::from($value))),*])
    };
}
pub(crate) use object;
