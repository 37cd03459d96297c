//! The one store that holds all views, and how far each partition is folded into it.

mod file;
mod location;
mod scratch;
mod server;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use claim_domain::catalog::Catalog;
use claim_journal::{Checkpoint, Cursor, PartitionId, Position};

use crate::database::{Database, Transaction, column};
use crate::error::StoreError;
use crate::params;
use crate::program::Program;
use crate::projector::Schema;
use crate::snapshot::Snapshot;
use crate::stored::{read_json, read_text, write_json};

pub use location::Location;
pub(crate) use scratch::Scratch;

/// The last record folded of each partition.
pub type Checkpoints = BTreeMap<PartitionId, Checkpoint>;

/// The tables that are no view's.
const DDL: &str = "
CREATE TABLE views (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints (partition TEXT PRIMARY KEY, checkpoint TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE voids (
  partition TEXT NOT NULL, cause TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (partition, cause)
) STRICT, WITHOUT ROWID;
CREATE TABLE runner (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL) STRICT;
INSERT INTO runner VALUES (1, 0);
CREATE TABLE program (one INTEGER PRIMARY KEY CHECK (one = 1), sources TEXT NOT NULL, rules INTEGER NOT NULL) STRICT;
CREATE TABLE folds (
  view TEXT NOT NULL, partition TEXT NOT NULL, sequence INTEGER NOT NULL, digests TEXT NOT NULL,
  PRIMARY KEY (view, partition, sequence)
) STRICT;
";

/// All views of one journal: in one SQLite file, or in one schema of PostgreSQL.
///
/// They can be deleted at any time: they are folded again from the journal. Hence a commit is not waited for until it is
/// on disk: after a power loss the newest batches may be folded again, never half.
#[derive(Debug)]
pub struct Views {
    location: Location,
    database: Database,
    /// The catalog as it was last folded, and up to which sequence of the program.
    pub(crate) catalog: RefCell<Option<(u64, Arc<Catalog>)>>,
}

impl Views {
    /// Opens views for folding, and makes their tables if need be. A path is a SQLite file.
    ///
    /// # Errors
    /// [`StoreError::NotViews`] when something else is there, [`StoreError::Sql`] when it cannot be opened.
    pub fn open(location: impl Into<Location>) -> Result<Self, StoreError> {
        let location = location.into();
        let database = match &location {
            Location::File(path) => file::open(path)?,
            Location::Server(address) => server::open(address)?,
        };
        Ok(Self::over(location, database))
    }

    /// Opens views for reading, also while another process folds into them.
    ///
    /// # Errors
    /// [`StoreError::Absent`] when there are none, else as [`Views::open`].
    pub fn open_read_only(location: impl Into<Location>) -> Result<Self, StoreError> {
        let location = location.into();
        let database = match &location {
            Location::File(path) => file::open_read_only(path)?,
            Location::Server(address) => server::open_read_only(address)?,
        };
        Ok(Self::over(location, database))
    }

    /// Views in a file without a name, which is gone when it is closed, however that comes about.
    pub(crate) fn private() -> Result<Self, StoreError> {
        let nameless = Location::File(std::path::PathBuf::new());
        Ok(Self::over(nameless, file::open_unkept(std::path::Path::new(""))?))
    }

    fn over(location: Location, database: Database) -> Self {
        Self { location, database, catalog: RefCell::new(None) }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// A transaction that writes; no other runner writes until it ends.
    pub(crate) fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        self.database.begin("taking the views for writing")
    }

    /// Whether this process is the one that should fold: the first that asks, as long as its connection lasts. Of a file
    /// every process may; whoever shares one sees to that by a lock of its own. No fence, which is the generation.
    ///
    /// # Errors
    /// [`StoreError`] when the server does not answer.
    pub fn should_fold(&self) -> Result<bool, StoreError> {
        match &self.location {
            Location::File(_) => Ok(true),
            Location::Server(_) => {
                let sql = "SELECT CASE WHEN pg_try_advisory_lock(hashtext(current_schema())) THEN 1 ELSE 0 END::bigint AS held";
                Ok(self.one_number("asking whether another process folds", sql, "held")? == 1)
            }
        }
    }

    /// Where they are.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The last record folded of each partition: what the opener of a log is told that views know.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn checkpoints(&self) -> Result<Checkpoints, StoreError> {
        let sql = "SELECT partition, checkpoint FROM checkpoints";
        let found = self.database.query("reading the checkpoints", sql, params![], |row| {
            let partition: String = column(row, "partition")?;
            let checkpoint: String = column(row, "checkpoint")?;
            Ok((read_text("a checkpoint", &partition)?, read_json("a checkpoint", &checkpoint)?))
        })?;
        Ok(found.into_iter().collect())
    }

    /// How many void records of each partition were skipped, by cause (DESIGN §5).
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn voids(&self) -> Result<BTreeMap<(PartitionId, String), u64>, StoreError> {
        let sql = "SELECT partition, cause, count FROM voids";
        let found = self.database.query("reading the void records", sql, params![], |row| {
            let partition = read_text("a partition", &column::<String>(row, "partition")?)?;
            let count: i64 = column(row, "count")?;
            Ok(((partition, column(row, "cause")?), u64::try_from(count).unwrap_or(0)))
        })?;
        Ok(found.into_iter().collect())
    }

    pub(crate) fn add_voids(
        &self,
        partition: PartitionId,
        cause: &str,
        count: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO voids VALUES (?1, ?2, ?3)
                   ON CONFLICT (partition, cause) DO UPDATE SET count = voids.count + excluded.count";
        let row = params![partition.to_string(), cause, count];
        self.database.execute("counting void records", sql, row).map(drop)
    }

    pub(crate) fn write_checkpoints(&self, moved: &Checkpoints) -> Result<(), StoreError> {
        let sql = "INSERT INTO checkpoints VALUES (?1, ?2)
                   ON CONFLICT (partition) DO UPDATE SET checkpoint = excluded.checkpoint";
        for (partition, checkpoint) in moved {
            let row = params![partition.to_string(), write_json("a checkpoint", checkpoint)?];
            self.database.execute("writing a checkpoint", sql, row)?;
        }
        Ok(())
    }

    /// The version a view was folded with; none when it never was.
    pub(crate) fn version(&self, name: &str) -> Result<Option<u32>, StoreError> {
        let sql = "SELECT version FROM views WHERE name = ?1";
        self.database
            .find("reading the versions of the views", sql, params![name], |row| column(row, "version"))
    }

    /// The views in the store that are folded on.
    pub(crate) fn names(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM views";
        self.database.query("reading the names of the views", sql, params![], |row| column(row, "name"))
    }

    /// Takes a view off the list of those that are folded on; its tables stay as they are.
    pub(crate) fn disown(&self, name: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM views WHERE name = ?1";
        self.database.execute("taking a view off the list", sql, params![name]).map(drop)
    }

    /// Puts a view on the list of those that are folded on.
    pub(crate) fn own(&self, schema: &Schema) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO views VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET version = excluded.version";
        let row = params![schema.name, schema.version];
        self.database.execute("putting a view on the list", sql, row).map(drop)
    }

    /// Creates the tables of a view that this store has not.
    pub(crate) fn create_tables(&self, schema: &Schema) -> Result<(), StoreError> {
        self.database.create(&format!("making the tables of view {}", schema.name), schema.ddl)
    }

    /// Drops the tables of a view.
    pub(crate) fn drop_tables(&self, schema: &Schema) -> Result<(), StoreError> {
        let ours = match &self.location {
            Location::File(_) => "main",
            Location::Server(address) => address.schema(),
        };
        for table in schema.tables {
            let sql = format!("DROP TABLE IF EXISTS {ours}.{table}");
            self.database.batch(&format!("dropping the old table {table}"), &sql)?;
        }
        Ok(())
    }

    /// Takes a new generation for a runner: whoever had the one before is fenced (F-36).
    pub(crate) fn take_over(&self) -> Result<i64, StoreError> {
        let sql = "UPDATE runner SET generation = generation + 1 RETURNING generation";
        self.one_number("taking over the views", sql, "generation")
    }

    /// The generation of the newest runner, which stays the newest until the transaction ends.
    pub(crate) fn generation(&self) -> Result<i64, StoreError> {
        let sql = format!("SELECT generation FROM runner{}", self.database.for_update());
        self.one_number("reading who folds into the views", &sql, "generation")
    }

    fn one_number(&self, doing: &str, sql: &str, name: &str) -> Result<i64, StoreError> {
        let found = self.database.find(doing, sql, params![], |row| column(row, name))?;
        found.ok_or_else(|| StoreError::unreadable("who folds")("there is no row"))
    }

    /// The program that folded last; none before anything was folded.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn program(&self) -> Result<Option<Program>, StoreError> {
        let sql = "SELECT sources, rules FROM program";
        self.database.find("reading which program folds", sql, params![], |row| {
            Ok(Program { sources: column(row, "sources")?, rules: column(row, "rules")? })
        })
    }

    pub(crate) fn write_program(&self, program: &Program) -> Result<(), StoreError> {
        let sql = "INSERT INTO program VALUES (1, ?1, ?2)
                   ON CONFLICT (one) DO UPDATE SET sources = excluded.sources, rules = excluded.rules";
        let row = params![program.sources.as_str(), program.rules];
        self.database.execute("recording which program folds", sql, row).map(drop)
    }

    /// Everything as it stands now, to be asked as long as one likes.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        Snapshot::take(self)
    }
}

/// The cursor that checkpoints stand for; bindings are no decisions and not in it.
pub(crate) fn cursor(checkpoints: &Checkpoints) -> Cursor {
    let mut cursor = Cursor::default();
    for (&partition, checkpoint) in checkpoints {
        if partition != PartitionId::Identity && checkpoint.sequence > 0 {
            cursor.see(Position { partition, sequence: checkpoint.sequence });
        }
    }
    cursor
}
