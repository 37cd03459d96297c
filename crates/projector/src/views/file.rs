//! Views in one SQLite file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::DDL;
use crate::database::{Database, column};
use crate::error::StoreError;
use crate::params;

/// Marks the file as ours: "clv1".
const APPLICATION_ID: i64 = 0x636c_7631;

/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(10);

/// How many prepared statements to keep; there are fewer.
const STATEMENTS: usize = 128;

/// Opens the file for folding, and makes it if need be.
pub(super) fn open(path: &Path) -> Result<Database, StoreError> {
    let settings =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;";
    let database = connect(path, OpenFlags::default(), settings)?;
    found(&database, path)?;
    Ok(database)
}

/// Opens the file for reading, also while another process folds into it.
pub(super) fn open_read_only(path: &Path) -> Result<Database, StoreError> {
    let absent = || StoreError::Absent { path: path.display().to_string() };
    if !path.exists() {
        return Err(absent());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = connect(path, flags, "")?;
    match marks(&database, path)? {
        (APPLICATION_ID, _) => Ok(database),
        (0, 0) => Err(absent()), // whoever made the file was killed before anything was in it
        _ => Err(not_views(path)),
    }
}

/// A new file to fold into once and throw away: nothing in it needs to outlive a crash.
pub(super) fn open_unkept(path: &Path) -> Result<Database, StoreError> {
    let settings = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;";
    let database = connect(path, OpenFlags::default(), settings)?;
    found(&database, path)?;
    Ok(database)
}

/// Removes a database with the files that SQLite keeps beside it.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
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

fn connect(path: &Path, flags: OpenFlags, settings: &str) -> Result<Database, StoreError> {
    let doing = || format!("opening {}", path.display());
    let connection = Connection::open_with_flags(path, flags).map_err(StoreError::sql(doing()))?;
    connection.busy_timeout(BUSY).map_err(StoreError::sql(doing()))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let settings = format!("PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; {settings}");
    connection.execute_batch(&settings).map_err(|source| match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => not_views(path),
        _ => StoreError::sql(doing())(source),
    })?;
    Ok(Database::Sqlite(connection))
}

/// Makes a new file ours, or checks that it is.
fn found(database: &Database, path: &Path) -> Result<(), StoreError> {
    let doing = "making the file of the views";
    let begin = database.begin(doing)?;
    match marks(database, path)? {
        (APPLICATION_ID, _) => return Ok(()),
        (0, 0) => {}
        _ => return Err(not_views(path)),
    }
    database.create(doing, &format!("PRAGMA application_id = {APPLICATION_ID}; {DDL}"))?;
    begin.commit(doing)
}

/// Whose the file is, and how many tables it has.
fn marks(database: &Database, path: &Path) -> Result<(i64, i64), StoreError> {
    let sql =
        "SELECT application_id, (SELECT count(*) FROM sqlite_schema) AS tables FROM pragma_application_id";
    let doing = format!("opening {}", path.display());
    let marks = database
        .find(&doing, sql, params![], |row| Ok((column(row, "application_id")?, column(row, "tables")?)));
    match marks {
        Ok(marks) => marks.ok_or_else(|| not_views(path)),
        Err(error) if is_no_database(&error) => Err(not_views(path)),
        Err(error) => Err(error),
    }
}

fn is_no_database(error: &StoreError) -> bool {
    use crate::database::SqlError;
    matches!(error, StoreError::Sql { source: SqlError::Sqlite(it), .. }
        if it.sqlite_error_code() == Some(ErrorCode::NotADatabase))
}

fn not_views(path: &Path) -> StoreError {
    StoreError::NotViews { path: path.display().to_string() }
}
