//! Views in one schema of PostgreSQL.

use std::cell::RefCell;

use claim_postgres::{Address, Session};

use super::DDL;
use crate::database::{Database, column};
use crate::error::StoreError;
use crate::params;

/// A lost commit is folded again, so none is waited for (see [`super::Views`]).
const WRITING: &str = "SET synchronous_commit = off";
const READING: &str = "SET default_transaction_read_only = on";

/// The tables by which a schema is known to be ours.
const OURS: [&str; 6] = ["checkpoints", "folds", "program", "runner", "views", "voids"];

/// Opens the schema for folding, and makes it if need be.
pub(super) fn open(address: &Address) -> Result<Database, StoreError> {
    let database = connect(address, WRITING)?;
    found(&database, address)?;
    Ok(database)
}

/// Opens the schema for reading.
pub(super) fn open_read_only(address: &Address) -> Result<Database, StoreError> {
    let database = connect(address, READING)?;
    match tables(&database, address)? {
        Tables::Ours => Ok(database),
        Tables::None => Err(StoreError::Absent { path: address.to_string() }),
        Tables::Others => Err(StoreError::NotViews { path: address.to_string() }),
    }
}

/// A schema beside `address`, to fold into once and throw away. It is named after the session that throws it away; those of
/// sessions that are no more are dropped.
pub(super) fn beside(address: &Address, live: &Database) -> Result<Address, StoreError> {
    let doing = "making a schema to fold into";
    let schema = address.schema();
    let left = "SELECT nspname FROM pg_namespace WHERE nspname ~ ('^' || ?1 || '_rebuild_[0-9]+$') AND NOT EXISTS \
                (SELECT 1 FROM pg_stat_activity WHERE pid::text = substring(nspname from '[0-9]+$'))";
    for left in live.query(doing, left, params![schema], |row| column::<String>(row, "nspname"))? {
        drop_schema(live, &left)?;
    }
    let own =
        live.find(doing, "SELECT pg_backend_pid() AS own", params![], |row| column::<i64>(row, "own"))?;
    let name = format!("{schema}_rebuild_{}", own.unwrap_or_default());
    drop_schema(live, &name)?;
    address.beside(&name).map_err(StoreError::unreadable("the name of a schema"))
}

/// Drops a scratch schema, with what is left in it.
pub(super) fn drop_schema(database: &Database, schema: &str) -> Result<(), StoreError> {
    let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE");
    database.batch(&format!("dropping the schema {schema}"), &sql)
}

fn connect(address: &Address, setup: &'static str) -> Result<Database, StoreError> {
    let session = Session::open(address, setup).map_err(StoreError::sql(format!("opening {address}")))?;
    Ok(Database::Postgres(Box::new(RefCell::new(session))))
}

/// Makes a new schema ours, or checks that it is. Of two that make it at once, the second waits for the first.
fn found(database: &Database, address: &Address) -> Result<(), StoreError> {
    let doing = format!("making the views at {address}");
    if let Tables::Ours = tables(database, address)? {
        return Ok(());
    }
    let schema = address.schema();
    let begin = database.begin(&doing)?;
    database.batch(&doing, &format!("SELECT pg_advisory_xact_lock(hashtext('claimlog {schema}'))"))?;
    match tables(database, address)? {
        Tables::Ours => return Ok(()),
        Tables::None => {}
        Tables::Others => return Err(StoreError::NotViews { path: address.to_string() }),
    }
    // Asked first: who may not make schemas may still use one that was made for it.
    let there = "SELECT 1::bigint AS there FROM pg_namespace WHERE nspname = ?1";
    if database.find(&doing, there, params![schema], |row| column::<i64>(row, "there"))?.is_none() {
        database.batch(&doing, &format!("CREATE SCHEMA {schema}"))?;
    }
    database.create(&doing, DDL)?;
    begin.commit(&doing)
}

/// Whose tables stand in a schema.
enum Tables {
    Ours,
    Others,
    None,
}

fn tables(database: &Database, address: &Address) -> Result<Tables, StoreError> {
    let sql = "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
               WHERE nspname = ?1 AND relkind IN ('r', 'p', 'v', 'm', 'f')";
    let doing = format!("opening {address}");
    let there =
        database.query(&doing, sql, params![address.schema()], |row| column::<String>(row, "relname"))?;
    Ok(match there.is_empty() {
        true => Tables::None,
        false if OURS.iter().all(|ours| there.iter().any(|it| it == ours)) => Tables::Ours,
        false => Tables::Others,
    })
}
