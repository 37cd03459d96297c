//! Where tables of ours are: a server, a database, a schema.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use postgres::Config;
use postgres::config::Host;

/// The longest name of a schema; scratch schemas beside it have longer ones, and PostgreSQL cuts after 63.
const MAX_SCHEMA: usize = 32;

/// A database, and the schema in it that is ours: `postgres://user:password@host:5432/database?schema=name`.
#[derive(Clone)]
pub struct Address {
    config: Arc<Config>,
    schema: String,
}

impl Address {
    /// Whether a text means a database and not a file.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Reads a URL; `schema` is meant where it names none.
    ///
    /// # Errors
    /// [`AddressError`] when it is no such URL, or names a schema that is none.
    pub fn parse(url: &str, schema: &str) -> Result<Self, AddressError> {
        let (rest, query) = url.split_once('?').unwrap_or((url, ""));
        let mut schema = schema;
        let mut others = Vec::new();
        for option in query.split('&').filter(|it| !it.is_empty()) {
            match option.strip_prefix("schema=") {
                Some(named) => schema = named,
                None => others.push(option),
            }
        }
        let mut url = rest.to_owned();
        if !others.is_empty() {
            url = format!("{url}?{}", others.join("&"));
        }
        let mut config = Config::from_str(&url).map_err(AddressError::Url)?;
        if config.get_application_name().is_none() {
            config.application_name("claimlog");
        }
        Self { config: Arc::new(config), schema: String::new() }.beside(schema)
    }

    /// Another schema of the same database.
    ///
    /// # Errors
    /// [`AddressError::Schema`] when it is no name of one.
    pub fn beside(&self, schema: &str) -> Result<Self, AddressError> {
        let starts = schema.starts_with(|it: char| it.is_ascii_lowercase() || it == '_');
        let plain = schema.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
        if !starts || !plain || schema.len() > MAX_SCHEMA + "_rebuild_1234567890".len() {
            return Err(AddressError::Schema(schema.to_owned()));
        }
        Ok(Self { config: Arc::clone(&self.config), schema: schema.to_owned() })
    }

    /// The schema: lower-case letters, digits and `_`, so that it needs no quotes.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// How to connect.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }
}

/// Says where, and never who or with what password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        for (at, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}")?,
                #[cfg(unix)]
                Host::Unix(path) => write!(f, "{comma}{}", path.display())?,
            }
            if let Some(port) = self.config.get_ports().get(at).or(self.config.get_ports().first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}?schema={}", self.config.get_dbname().unwrap_or_default(), self.schema)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// Why a text is no address. None of these repeats the URL: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is no URL of a database.
    #[error("this is no URL of a database: write postgres://user:password@host:5432/database?schema=name")]
    Url(#[source] postgres::Error),
    /// The schema is no name that needs no quotes.
    #[error("`{0}` is no name of a schema: use lower-case letters, digits and _, at most {MAX_SCHEMA}")]
    Schema(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_schema_or_gets_one() {
        let named =
            Address::parse("postgres://u:secret@db.example:5433/claims?schema=eu&connect_timeout=3", "x");
        let named = named.unwrap();
        assert_eq!(named.schema(), "eu");
        assert_eq!(named.to_string(), "postgres://db.example:5433/claims?schema=eu");
        assert!(!format!("{named:?}").contains("secret"));
        let plain = Address::parse("postgresql://u@/claims?host=/run/postgresql", "claimlog").unwrap();
        assert_eq!(plain.to_string(), "postgres:///run/postgresql/claims?schema=claimlog");
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for wrong in ["postgres://u:secret@h:port/d", "postgres://u:secret@h/d?nonsense=1"] {
            let refused = Address::parse(wrong, "claimlog").unwrap_err();
            assert!(matches!(refused, AddressError::Url(_)));
            assert!(!refused.to_string().contains("secret"));
        }
        for schema in ["", "Upper", "1st", "a;b", "a b", &"x".repeat(60)] {
            let url = format!("postgres://h/d?schema={schema}");
            assert!(matches!(Address::parse(&url, "claimlog"), Err(AddressError::Schema(_))), "{schema}");
        }
    }
}
