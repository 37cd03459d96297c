//! Empty views beside the live ones, to fold into once, exchange tables from, and throw away.

use std::path::PathBuf;

use super::{Location, Views, file, server};
use crate::error::StoreError;
use crate::projector::Schema;

/// What is thrown away when this is dropped: a file beside the live one, or a schema beside the live one.
#[derive(Debug)]
pub(crate) struct Scratch<'v> {
    live: &'v Views,
    location: Location,
}

impl<'v> Scratch<'v> {
    /// A place beside `live`, and empty views there.
    pub(crate) fn beside(live: &'v Views) -> Result<(Self, Views), StoreError> {
        match live.location() {
            Location::File(path) => {
                let mut name = path.as_os_str().to_owned();
                name.push(".rebuild");
                let path = PathBuf::from(name);
                file::remove(&path)?;
                let scratch = Self { live, location: Location::File(path.clone()) };
                let views = Views::over(scratch.location.clone(), file::open_unkept(&path)?);
                Ok((scratch, views))
            }
            Location::Server(address) => {
                let address = server::beside(address, live.database())?;
                let scratch = Self { live, location: Location::Server(address) };
                let views = Views::open(&scratch.location)?;
                Ok((scratch, views))
            }
        }
    }

    /// Lets the live views see the tables here, and `run` with them. No transaction is open.
    pub(crate) fn within_reach<E: From<StoreError>>(
        &self,
        run: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let Location::File(path) = &self.location else { return run() };
        let path = crate::params![path.to_string_lossy().into_owned()];
        self.live.database().execute("opening the fresh views", "ATTACH ?1 AS fresh", path)?;
        let done = run();
        let detached = self.live.database().batch("closing the fresh views", "DETACH fresh");
        done?;
        Ok(detached?)
    }

    /// Puts the fresh tables of a view where the live ones were.
    pub(crate) fn hand_over(&self, schema: &Schema) -> Result<(), StoreError> {
        if let Location::File(_) = self.location {
            self.live.create_tables(schema)?;
        }
        for table in schema.tables {
            let exchange = match (&self.location, self.live.location()) {
                (Location::Server(fresh), Location::Server(live)) => {
                    format!("ALTER TABLE {}.{table} SET SCHEMA {}", fresh.schema(), live.schema())
                }
                _ => format!("INSERT INTO main.{table} SELECT * FROM fresh.{table}"),
            };
            self.live.database().batch(&format!("exchanging table {table}"), &exchange)?;
        }
        self.hand_over_folds(schema.name)
    }

    /// Puts the record of how a view was folded afresh where that of the live one was.
    fn hand_over_folds(&self, view: &str) -> Result<(), StoreError> {
        self.live.drop_folds(view)?;
        let (fresh, live) = match (&self.location, self.live.location()) {
            (Location::Server(fresh), Location::Server(live)) => (fresh.schema(), live.schema()),
            _ => ("fresh", "main"),
        };
        let sql = format!("INSERT INTO {live}.folds SELECT * FROM {fresh}.folds WHERE view = ?1");
        self.live.database().execute("exchanging the folds of a view", &sql, crate::params![view]).map(drop)
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        let removed = match &self.location {
            Location::File(path) => file::remove(path),
            Location::Server(address) => server::drop_schema(self.live.database(), address.schema()),
        };
        if let Err(left) = removed {
            tracing::warn!(error = %left, "scratch views are left; a later rebuild removes them");
        }
    }
}
