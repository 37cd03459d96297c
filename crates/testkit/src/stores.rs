//! Fresh places in each store that views and keys can stand in, so that one suite tests both.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests only")]

use std::path::{Path, PathBuf};

use crate::postgres::{Fresh, fresh};

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A file.
    Sqlite,
    /// A schema on a server.
    Postgres,
}

/// Runs a test on every store that can be had; what cannot is [`skipped`](crate::skipped).
pub fn on_every_store(test: impl Fn(Store)) {
    test(Store::Sqlite);
    if fresh().is_some() {
        eprintln!("now on PostgreSQL");
        test(Store::Postgres);
    }
}

/// One fresh place in every store that can be had; what cannot is [`skipped`](crate::skipped).
#[must_use]
pub fn places() -> Vec<Place> {
    let file = Place::File(tempfile::tempdir().unwrap());
    std::iter::once(file).chain(fresh().map(Place::Schema)).collect()
}

/// A place where nothing is yet. It vanishes with this.
#[derive(Debug)]
pub enum Place {
    /// A file in this folder.
    File(tempfile::TempDir),
    /// A schema.
    Schema(Fresh),
}

impl Store {
    /// A place in this store.
    ///
    /// # Panics
    /// When there is none to be had.
    #[must_use]
    pub fn place(self) -> Place {
        match self {
            Self::Sqlite => Place::File(tempfile::tempdir().unwrap()),
            Self::Postgres => Place::Schema(fresh().unwrap()),
        }
    }
}

impl Place {
    /// Where it is: a path or a URL.
    #[must_use]
    pub fn at(&self) -> String {
        match self {
            Self::File(folder) => file(folder.path()).to_str().unwrap().to_owned(),
            Self::Schema(fresh) => fresh.url(),
        }
    }

    /// Makes the place, so that somebody else may use it first; nothing of ours is in it.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn make(&self) {
        if let Self::Schema(fresh) = self {
            fresh.client().batch_execute(&format!("CREATE SCHEMA {}", fresh.schema())).unwrap();
        }
    }

    /// What stands beside it under a name that begins with its own.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn left_beside(&self) -> Vec<String> {
        match self {
            Self::File(folder) => {
                let names = std::fs::read_dir(folder.path()).unwrap();
                let names = names.map(|it| it.unwrap().file_name().to_string_lossy().into_owned());
                names
                    .filter(|it| !["views.db", "views.db-wal", "views.db-shm"].contains(&it.as_str()))
                    .collect()
            }
            Self::Schema(fresh) => {
                let sql =
                    "SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname::text, $1 || '_')";
                let rows = fresh.client().query(sql, &[&fresh.schema()]).unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// Runs statements there, past the program.
    ///
    /// # Panics
    /// When they fail.
    pub fn sql(&self, sql: &str) {
        match self {
            Self::File(folder) => {
                rusqlite::Connection::open(file(folder.path())).unwrap().execute_batch(sql).unwrap();
            }
            Self::Schema(fresh) => fresh.client().batch_execute(sql).unwrap(),
        }
    }

    /// The one number that a query finds there.
    ///
    /// # Panics
    /// When it fails or finds none.
    #[must_use]
    pub fn number(&self, sql: &str) -> i64 {
        match self {
            Self::File(folder) => {
                let connection = rusqlite::Connection::open(file(folder.path())).unwrap();
                connection.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Self::Schema(fresh) => {
                fresh.client().query_one(&format!("SELECT ({sql})::bigint"), &[]).unwrap().get(0)
            }
        }
    }

    /// The tables there with their columns, and whether a column is of text.
    ///
    /// # Panics
    /// When they cannot be read.
    #[must_use]
    pub fn columns(&self) -> Vec<(String, String, bool)> {
        match self {
            Self::File(folder) => {
                let connection = rusqlite::Connection::open(file(folder.path())).unwrap();
                let sql = "SELECT m.name, c.name, c.type = 'TEXT' FROM sqlite_schema m, pragma_table_info(m.name) c \
                           WHERE m.type = 'table'";
                let mut statement = connection.prepare(sql).unwrap();
                let rows =
                    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
                rows.collect::<Result<_, _>>().unwrap()
            }
            Self::Schema(fresh) => {
                let sql = "SELECT table_name::text, column_name::text, data_type = 'text' \
                           FROM information_schema.columns WHERE table_schema = $1";
                let rows = fresh.client().query(sql, &[&fresh.schema()]).unwrap();
                rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
            }
        }
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("views.db")
}
