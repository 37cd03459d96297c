//! `view_rebuild`: every view folded from the journal, beside a raw bulk insert of the rows that come of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use claim_journal::Offsets;
use claim_log_embedded::EmbeddedReader;
use claim_projector::{Runner, Views};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{Figure, durable, interleaved};
use crate::views::definitions;

/// Customers on the log; each gave seven commands.
const CUSTOMERS: u32 = 3_000;
/// 0.4 of raw.
const GOAL: u64 = 400;
/// The name of a database in its folder.
const FILE: &str = "views.sqlite";
/// How many rows the baseline commits together.
const ROWS: usize = 20_000;

/// The settings of the file that views are in.
const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; \
                        PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;";

/// Measures it in a folder.
///
/// # Errors
/// When the disk fails.
pub(crate) fn view_rebuild(folder: &Path, progress: &mut dyn FnMut()) -> Result<Figure> {
    let data = folder.join("data");
    durable::fill(&data, CUSTOMERS, durable::FILLING)?;
    let (folded, inserted) = (folder.join("folded"), folder.join("inserted"));
    fold(&data, &folded)?;
    let tables = read(&folded.join(FILE))?;
    let count = tables.iter().map(|it| it.rows.len()).sum();
    let rates = interleaved(count, progress, || fold(&data, &folded), || insert(&tables, &inserted))?;
    let baseline = (rates.1, "a raw bulk insert of the same rows");
    Ok(Figure::beside("view_rebuild", (rates.0, "rows/s"), baseline).at_least(GOAL))
}

fn fold(data: &Path, folder: &Path) -> Result<Duration> {
    let file = anew(folder)?;
    let log = EmbeddedReader::open(data)?;
    let begun = Instant::now();
    let mut runner = Runner::new(Views::open(file.as_path())?, Offsets::Positions, definitions())?;
    runner.catch_up(&log, &mut |_| ())?;
    Ok(begun.elapsed())
}

/// A table with what is in it.
struct Table {
    name: String,
    /// What makes it and its indexes.
    ddl: Vec<String>,
    rows: Vec<Vec<Value>>,
}

fn read(file: &Path) -> Result<Vec<Table>> {
    let views = Connection::open(file)?;
    let texts = |sql: &str, of: &[&str]| -> Result<Vec<String>> {
        let mut query = views.prepare(sql)?;
        let found = query.query_map(params_from_iter(of), |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    };
    let mut tables = Vec::new();
    for name in texts("SELECT name FROM sqlite_schema WHERE type = 'table'", &[])? {
        let ddl = "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type DESC";
        let ddl = texts(ddl, &[&name])?;
        let mut query = views.prepare(&format!("SELECT * FROM {name}"))?;
        let width = query.column_count();
        let rows = query.query_map([], |row| (0..width).map(|it| row.get(it)).collect())?;
        let rows = rows.collect::<Result<_, _>>()?;
        tables.push(Table { name, ddl, rows });
    }
    Ok(tables)
}

fn insert(tables: &[Table], folder: &Path) -> Result<Duration> {
    let file = anew(folder)?;
    let begun = Instant::now();
    let raw = Connection::open(file)?;
    raw.execute_batch(SETTINGS)?;
    for table in tables {
        raw.execute_batch(&table.ddl.join(";"))?;
        let Some(width) = table.rows.first().map(Vec::len) else { continue };
        let places = vec!["?"; width].join(",");
        let mut statement = raw.prepare(&format!("INSERT INTO {} VALUES ({places})", table.name))?;
        for rows in table.rows.chunks(ROWS) {
            raw.execute_batch("BEGIN")?;
            for row in rows {
                statement.execute(params_from_iter(row))?;
            }
            raw.execute_batch("COMMIT")?;
        }
    }
    Ok(begun.elapsed())
}

/// The file of a database in an empty folder of its own.
fn anew(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)?;
    Ok(folder.join(FILE))
}
