//! The one SQLite file that holds all views, and how far each partition is folded into it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use claim_domain::catalog::Catalog;
use claim_journal::{Checkpoint, Cursor, PartitionId, Position};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::error::StoreError;
use crate::projector::Schema;
use crate::snapshot::Snapshot;
use crate::sql::{read_json, read_text, write_json};

/// The last record folded of each partition.
pub type Checkpoints = BTreeMap<PartitionId, Checkpoint>;

/// Marks the file as ours: "clmv".
const APPLICATION_ID: i32 = 0x636c_6d76;

/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(10);

/// How many prepared statements to keep; there are fewer.
const STATEMENTS: usize = 128;

const DDL: &str = "
CREATE TABLE views (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints (partition TEXT PRIMARY KEY, checkpoint TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE voids (
  partition TEXT NOT NULL, cause TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (partition, cause)
) STRICT, WITHOUT ROWID;
CREATE TABLE runner (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL) STRICT;
INSERT INTO runner VALUES (1, 0);
";

/// All views of one directory, in one file.
///
/// The file can be deleted at any time: it is folded again from the journal. Hence `synchronous = NORMAL`: after a power
/// loss the newest batches may be folded again, never half.
#[derive(Debug)]
pub struct Views {
    path: PathBuf,
    connection: Connection,
    /// The catalog as it was last folded, and up to which sequence of the program.
    pub(crate) catalog: RefCell<Option<(u64, Arc<Catalog>)>>,
}

impl Views {
    /// Opens the file for folding, and makes it if need be.
    ///
    /// # Errors
    /// [`StoreError::NotViews`] when the file is another database, [`StoreError::Sql`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let views = Self::connect(path, OpenFlags::default())?;
        views.pragma(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;",
        )?;
        views.found()?;
        Ok(views)
    }

    /// Opens the file for reading, also while another process folds into it.
    ///
    /// # Errors
    /// [`StoreError::Absent`] when there is none, else as [`Views::open`].
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Absent { path: path.display().to_string() });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let views = Self::connect(path, flags)?;
        let path = || path.display().to_string();
        match views.application_id()? {
            APPLICATION_ID => Ok(views),
            // Whoever made the file was killed before anything was in it.
            0 if views.count("sqlite_schema")? == 0 => Err(StoreError::Absent { path: path() }),
            _ => Err(StoreError::NotViews { path: path() }),
        }
    }

    /// A new file beside `path`, to fold into once and throw away: nothing in it needs to outlive a crash.
    pub(crate) fn scratch(path: &Path, what: &str) -> Result<Scratch, StoreError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(what);
        let path = PathBuf::from(name);
        remove(&path)?;
        let views = Self::connect(&path, OpenFlags::default())?;
        views.pragma("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;")?;
        views.found()?;
        Ok(Scratch { path, views: Some(views) })
    }

    /// A file without a name, which is gone when it is closed, however that comes about.
    pub(crate) fn private() -> Result<Self, StoreError> {
        let views = Self::connect(Path::new(""), OpenFlags::default())?;
        views.pragma("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;")?;
        views.found()?;
        Ok(views)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let doing = || format!("opening {}", path.display());
        let connection = Connection::open_with_flags(path, flags).map_err(StoreError::sql(doing()))?;
        connection.busy_timeout(BUSY).map_err(StoreError::sql(doing()))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let views = Self { path: path.to_owned(), connection, catalog: RefCell::new(None) };
        views.pragma("PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;")?;
        Ok(views)
    }

    fn pragma(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(|source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => {
                StoreError::NotViews { path: self.path.display().to_string() }
            }
            _ => StoreError::Sql { doing: format!("opening {}", self.path.display()), source },
        })
    }

    fn application_id(&self) -> Result<i32, StoreError> {
        self.connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(
            |source| match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::NotADatabase) => {
                    StoreError::NotViews { path: self.path.display().to_string() }
                }
                _ => StoreError::Sql { doing: format!("opening {}", self.path.display()), source },
            },
        )
    }

    /// Makes a new file ours, or checks that it is.
    fn found(&self) -> Result<(), StoreError> {
        let begin = self.begin()?;
        match self.application_id()? {
            APPLICATION_ID => return Ok(()),
            0 if self.count("sqlite_schema")? == 0 => {}
            _ => return Err(StoreError::NotViews { path: self.path.display().to_string() }),
        }
        let make = format!("PRAGMA application_id = {APPLICATION_ID}; {DDL}");
        self.connection.execute_batch(&make).map_err(StoreError::sql("making the file of the views"))?;
        begin.commit().map_err(StoreError::sql("making the file of the views"))
    }

    fn count(&self, table: &str) -> Result<i64, StoreError> {
        self.connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .map_err(StoreError::sql(format!("counting {table}")))
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A transaction that writes; nobody else writes until it ends.
    pub(crate) fn begin(&self) -> Result<rusqlite::Transaction<'_>, StoreError> {
        rusqlite::Transaction::new_unchecked(&self.connection, rusqlite::TransactionBehavior::Immediate)
            .map_err(StoreError::sql("taking the views for writing"))
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last record folded of each partition: what the opener of a log is told that views know.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn checkpoints(&self) -> Result<Checkpoints, StoreError> {
        let doing = "reading the checkpoints";
        let mut statement = self
            .connection
            .prepare_cached("SELECT partition, checkpoint FROM checkpoints")
            .map_err(StoreError::sql(doing))?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
            .map_err(StoreError::sql(doing))?;
        rows.map(|row| {
            let (partition, checkpoint) = row.map_err(StoreError::sql(doing))?;
            Ok((read_text("a checkpoint", &partition)?, read_json("a checkpoint", &checkpoint)?))
        })
        .collect()
    }

    /// How many void records of each partition were skipped, by cause (DESIGN §5).
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn voids(&self) -> Result<BTreeMap<(PartitionId, String), u64>, StoreError> {
        let doing = "reading the void records";
        let mut statement = self
            .connection
            .prepare_cached("SELECT partition, cause, count FROM voids")
            .map_err(StoreError::sql(doing))?;
        let rows = statement
            .query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
            })
            .map_err(StoreError::sql(doing))?;
        rows.map(|row| {
            let (partition, cause, count) = row.map_err(StoreError::sql(doing))?;
            Ok(((read_text("a partition", &partition)?, cause), u64::try_from(count).unwrap_or(0)))
        })
        .collect()
    }

    pub(crate) fn add_voids(
        &self,
        partition: PartitionId,
        cause: &str,
        count: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO voids VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET count = count + excluded.count";
        let run =
            || self.connection.prepare_cached(sql)?.execute(params![partition.to_string(), cause, count]);
        run().map(drop).map_err(StoreError::sql("counting void records"))
    }

    pub(crate) fn write_checkpoints(&self, moved: &Checkpoints) -> Result<(), StoreError> {
        for (partition, checkpoint) in moved {
            let json = write_json("a checkpoint", checkpoint)?;
            let run = || {
                self.connection
                    .prepare_cached("INSERT OR REPLACE INTO checkpoints VALUES (?1, ?2)")?
                    .execute(params![partition.to_string(), json])
            };
            run().map_err(StoreError::sql("writing a checkpoint"))?;
        }
        Ok(())
    }

    /// The version a view was folded with; none when it never was.
    pub(crate) fn version(&self, name: &str) -> Result<Option<u32>, StoreError> {
        self.connection
            .query_row("SELECT version FROM views WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(StoreError::sql("reading the versions of the views"))
    }

    /// The views in the file that are folded on.
    pub(crate) fn names(&self) -> Result<Vec<String>, StoreError> {
        let doing = "reading the names of the views";
        let mut statement =
            self.connection.prepare_cached("SELECT name FROM views").map_err(StoreError::sql(doing))?;
        let rows = statement.query_map([], |row| row.get(0)).map_err(StoreError::sql(doing))?;
        rows.collect::<Result<_, _>>().map_err(StoreError::sql(doing))
    }

    /// Takes a view off the list of those that are folded on; its tables stay as they are.
    pub(crate) fn disown(&self, name: &str) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM views WHERE name = ?1", [name])
            .map(drop)
            .map_err(StoreError::sql("taking a view off the list"))
    }

    /// Creates the tables of a view that this file has not.
    pub(crate) fn create(&self, schema: &Schema) -> Result<(), StoreError> {
        let doing = || format!("making the tables of view {}", schema.name);
        self.connection.execute_batch(schema.ddl).map_err(StoreError::sql(doing()))?;
        self.connection
            .execute("INSERT OR REPLACE INTO views VALUES (?1, ?2)", params![schema.name, schema.version])
            .map(drop)
            .map_err(StoreError::sql(doing()))
    }

    /// Drops the tables of a view.
    pub(crate) fn drop_tables(&self, schema: &Schema) -> Result<(), StoreError> {
        for table in schema.tables {
            let sql = format!("DROP TABLE IF EXISTS main.{table}");
            self.connection
                .execute_batch(&sql)
                .map_err(StoreError::sql(format!("dropping the old table {table}")))?;
        }
        Ok(())
    }

    /// Takes a new generation for a runner: whoever had the one before is fenced (F-36).
    pub(crate) fn take_over(&self) -> Result<i64, StoreError> {
        self.connection
            .query_row("UPDATE runner SET generation = generation + 1 RETURNING generation", [], |row| {
                row.get(0)
            })
            .map_err(StoreError::sql("taking over the views"))
    }

    pub(crate) fn generation(&self) -> Result<i64, StoreError> {
        self.connection
            .query_row("SELECT generation FROM runner", [], |row| row.get(0))
            .map_err(StoreError::sql("reading who folds into the views"))
    }

    /// Everything as it stands now, to be asked as long as one likes.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
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

/// Views that are thrown away with the file they are in.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    views: Option<Views>,
}

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The views, once.
    pub(crate) fn take(&mut self) -> Option<Views> {
        self.views.take()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.views.take());
        if let Err(left) = remove(&self.path) {
            tracing::warn!(error = %left, "a scratch file is left; the next rebuild removes it");
        }
    }
}

/// Removes a database with the files that SQLite keeps beside it.
fn remove(path: &Path) -> Result<(), StoreError> {
    for beside in ["", "-journal", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        match std::fs::remove_file(&name) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::Leftover { path: PathBuf::from(name).display().to_string(), source });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
