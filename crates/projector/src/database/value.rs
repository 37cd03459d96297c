//! What a column holds and a parameter brings: nothing, a whole number, or a text.

use std::borrow::Cow;

use bytes::BytesMut;
use claim_postgres::postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value as both stores keep it. There is no floating point number in any view, and no NUL in a text: PostgreSQL has no
/// such text, and a name that holds one must not stop a view (F-40), so on both it is U+FFFD.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value<'a> {
    /// None.
    Null,
    /// A whole number, an instant in milliseconds, or 0 and 1 for no and yes.
    Integer(i64),
    /// A text.
    Text(Cow<'a, str>),
}

/// The parameters of a statement: `params![claim.as_str(), sequence, None::<&str>]`.
#[macro_export]
macro_rules! params {
    ($($it:expr),* $(,)?) => {
        [$($crate::Value::from($it)),*]
    };
}

/// A whole number as a column keeps it; offsets and sequences are below 2^53 (DESIGN §5).
#[must_use]
pub fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(yes: bool) -> Self {
        Self::Integer(yes.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        match text.contains('\0') {
            false => Self::Text(Cow::Borrowed(text)),
            true => Self::from(text.to_owned()),
        }
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        match text.contains('\0') {
            false => Self::Text(Cow::Owned(text)),
            true => Self::Text(Cow::Owned(text.replace('\0', "\u{FFFD}"))),
        }
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(it: Option<T>) -> Self {
        it.map_or(Self::Null, Into::into)
    }
}

impl Value<'_> {
    /// The same, borrowing nothing.
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(number),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
        }
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

type Failed = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failed> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Self::Integer(number) => number.to_sql_checked(kind, out),
            Self::Text(text) => text.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true // which it is depends on the value, and is checked above
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Failed> {
        match *kind {
            Type::INT8 => i64::from_sql(kind, raw).map(Self::Integer),
            Type::INT4 => i32::from_sql(kind, raw).map(|it| Self::Integer(it.into())),
            Type::BOOL => bool::from_sql(kind, raw).map(Self::from),
            _ => <&str>::from_sql(kind, raw).map(Self::from),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failed> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::INT4 | Type::BOOL) || <&str as FromSql>::accepts(kind)
    }
}
