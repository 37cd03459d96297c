//! How values of the domain stand in columns: ids as text, what is deep as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

/// A value as JSON.
///
/// # Errors
/// [`StoreError::Unreadable`] when the type cannot be JSON.
pub fn write_json<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::unreadable(what))
}

/// A value from the JSON it was stored as.
///
/// # Errors
/// [`StoreError::Unreadable`] when it is not a `T`.
pub fn read_json<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(StoreError::unreadable(what))
}

/// A value from the text it was stored as.
///
/// # Errors
/// [`StoreError::Unreadable`] when it is not a `T`.
pub fn read_text<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, StoreError>
where
    T::Err: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    text.parse().map_err(StoreError::unreadable(what))
}
