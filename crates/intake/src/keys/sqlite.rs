//! The key store in one SQLite file, for one intake.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
};
use uuid::Uuid;

use super::{Erasure, Found, Keys, KeysError, PersonKey, PersonRef, Secret, random_id};

/// "clky": marks the file as a key store of ours.
const APPLICATION: i32 = 0x636c_6b79;
/// Version of the tables below.
const VERSION: i32 = 1;
/// How long another writer is waited for.
const BUSY: Duration = Duration::from_secs(5);
/// Persons kept in memory, about 300 bytes each; when there are more, all are read again when needed.
const MAX_CACHED: usize = if cfg!(test) { 100 } else { 65_536 };

/// An erased key keeps its row, so that erased and never known stay two things (F-86).
const TABLES: &str = "
    CREATE TABLE node (id INTEGER PRIMARY KEY CHECK (id = 1), secret BLOB NOT NULL) STRICT;
    CREATE TABLE person_key (
        key TEXT PRIMARY KEY,
        person TEXT NOT NULL,
        lookup BLOB UNIQUE, -- NULL once erased
        secret BLOB         -- NULL once erased
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX person_key_by_person ON person_key (person);
";

/// A key that was never here is from now on known as erased.
const DESTROY: &str = "
    INSERT INTO person_key (key, person) VALUES (?1, ?2)
    ON CONFLICT (key) DO UPDATE SET lookup = NULL, secret = NULL WHERE secret IS NOT NULL
";

/// Keys in a SQLite file with a write-ahead log, synced before a key is given out.
///
/// The newest persons are kept in memory; what another connection changes is noticed at the next call.
#[derive(Debug)]
pub struct SqliteKeys {
    secret: Secret,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    connection: Connection,
    /// SQLite's number that grows when another connection writes.
    seen: i64,
    by_lookup: HashMap<[u8; 32], PersonKey>,
    by_key: HashMap<Uuid, PersonKey>,
}

impl SqliteKeys {
    /// Opens the store at `path`, making it when there is none: readable by its owner only, with a fresh secret.
    ///
    /// # Errors
    /// [`KeysError::Foreign`] when something else stands there, [`KeysError::Unavailable`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, KeysError> {
        create_private(path).map_err(|error| KeysError::Unavailable(error.into()))?;
        let mut connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | NO_SHARING)?;
        connection.busy_timeout(BUSY)?;
        refuse_foreign(&connection)?;
        use_write_ahead_log(&connection)?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "secure_delete", true)?;
        let fresh = Secret::random()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if is_empty(&tx)? {
            tx.execute_batch(TABLES)?;
            tx.execute("INSERT INTO node (id, secret) VALUES (1, ?1)", [fresh.bytes()])?;
            tx.pragma_update(None, "application_id", APPLICATION)?;
            tx.pragma_update(None, "user_version", VERSION)?;
        }
        tx.commit()?;
        Self::over(connection)
    }

    /// Opens the store at `path` to open boxes with, beside whoever writes it; nothing is made or changed.
    ///
    /// # Errors
    /// As [`SqliteKeys::open`], and [`KeysError::Unavailable`] when there is no store.
    pub fn open_read_only(path: &Path) -> Result<Self, KeysError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | NO_SHARING)?;
        connection.busy_timeout(BUSY)?;
        refuse_foreign(&connection)?;
        Self::over(connection)
    }

    fn over(connection: Connection) -> Result<Self, KeysError> {
        let secret = connection.query_row("SELECT secret FROM node", [], |row| row.get(0))?;
        let state = State { connection, seen: 0, by_lookup: HashMap::new(), by_key: HashMap::new() };
        Ok(Self { secret: Secret(secret), state: Mutex::new(state) })
    }

    /// The state, with nothing in memory that another connection may have changed.
    fn state(&self) -> Result<MutexGuard<'_, State>, KeysError> {
        // What a panicking thread left is whole: memory is filled only with what was committed.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state.connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if state.seen != now || state.by_key.len() >= MAX_CACHED {
            state.by_lookup.clear();
            state.by_key.clear();
            state.seen = now;
        }
        Ok(state)
    }
}

/// A connection belongs to one thread at a time, guarded by our own lock.
const NO_SHARING: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;

impl Keys for SqliteKeys {
    fn secret(&self) -> &Secret {
        &self.secret
    }

    fn ensure(&self, persons: &[PersonRef]) -> Result<Vec<PersonKey>, KeysError> {
        let mut state = self.state()?;
        let lookups: Vec<_> = persons.iter().map(|person| person.index(&self.secret)).collect();
        if lookups.iter().any(|lookup| !state.by_lookup.contains_key(lookup)) {
            state.load(persons, &lookups)?;
        }
        Ok(lookups.iter().filter_map(|lookup| state.by_lookup.get(lookup).cloned()).collect())
    }

    fn find(&self, key: Uuid) -> Result<Found, KeysError> {
        let mut state = self.state()?;
        if let Some(known) = state.by_key.get(&key) {
            return Ok(Found::Key(known.clone()));
        }
        let row = state
            .connection
            .prepare_cached("SELECT person, secret FROM person_key WHERE key = ?1")?
            .query_row([key.to_string()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
            })
            .optional()?;
        let (person, secret) = row.ok_or(KeysError::UnknownKey(key))?;
        let Some(secret) = secret else { return Ok(Found::Erased) };
        let secret = Secret(secret.try_into().map_err(|_| KeysError::Damaged(key))?);
        let found = PersonKey { person: person.into(), key, secret };
        state.by_key.insert(key, found.clone());
        Ok(Found::Key(found))
    }

    fn person(&self, whom: &PersonRef) -> Result<Option<Arc<str>>, KeysError> {
        let person = self
            .state()?
            .connection
            .prepare_cached("SELECT person FROM person_key WHERE lookup = ?1")?
            .query_row([whom.index(&self.secret)], |row| row.get::<_, String>(0))
            .optional()?;
        Ok(person.map(Arc::from))
    }

    fn held(&self, person: &str) -> Result<Option<Vec<Uuid>>, KeysError> {
        let state = self.state()?;
        let mut rows = state.connection.prepare_cached(
            "SELECT key, secret IS NOT NULL FROM person_key WHERE person = ?1 ORDER BY key",
        )?;
        let rows = rows.query_map([person], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?;
        let mut held = None;
        for row in rows {
            let (key, is_there) = row?;
            let held = held.get_or_insert_with(Vec::new);
            if is_there {
                held.push(Uuid::parse_str(&key).map_err(|_| KeysError::Damaged(Uuid::nil()))?);
            }
        }
        Ok(held)
    }

    fn destroy(&self, erasures: &[Erasure]) -> Result<(), KeysError> {
        let mut state = self.state()?;
        state.by_lookup.clear();
        state.by_key.clear();
        let tx = state.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for erasure in erasures {
            for key in &erasure.keys {
                tx.prepare_cached(DESTROY)?.execute(params![key.to_string(), &*erasure.person])?;
            }
        }
        tx.commit()?;
        // Until the write-ahead log is folded back into the file, the key could still be read from either.
        let busy: bool =
            state.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            return Err(KeysError::Unavailable("a reader holds the old state, erase again".into()));
        }
        Ok(())
    }
}

impl State {
    /// Brings the keys of `persons` into memory, making those that are missing, all in one durable transaction.
    fn load(&mut self, persons: &[PersonRef], lookups: &[[u8; 32]]) -> Result<(), KeysError> {
        // Immediate: whoever comes second waits here, and then finds the key of the first (F-87).
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut found = Vec::new();
        for (person, lookup) in persons.iter().zip(lookups) {
            if !self.by_lookup.contains_key(lookup) {
                found.push((*lookup, find_or_make(&tx, person, lookup)?));
            }
        }
        tx.commit()?;
        for (lookup, key) in found {
            self.by_key.insert(key.key, key.clone());
            self.by_lookup.insert(lookup, key);
        }
        Ok(())
    }
}

fn find_or_make(tx: &Transaction<'_>, whom: &PersonRef, lookup: &[u8; 32]) -> Result<PersonKey, KeysError> {
    let known = tx
        .prepare_cached("SELECT key, person, secret FROM person_key WHERE lookup = ?1")?
        .query_row([lookup], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?))
        })
        .optional()?;
    if let Some((key, person, secret)) = known {
        let key = Uuid::parse_str(&key).map_err(|_| KeysError::Damaged(Uuid::nil()))?;
        let secret = Secret(secret.try_into().map_err(|_| KeysError::Damaged(key))?);
        return Ok(PersonKey { person: person.into(), key, secret });
    }
    let made = PersonKey { person: whom.new_person()?.into(), key: random_id()?, secret: Secret::random()? };
    tx.prepare_cached("INSERT INTO person_key (key, person, lookup, secret) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![made.key.to_string(), &*made.person, lookup, made.secret.bytes()])?;
    Ok(made)
}

/// Creates the file before SQLite does, so that nobody else may read it; SQLite gives its log the same rights.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Turns on the write-ahead log. SQLite does not wait for others who do so at the same moment, hence we do.
fn use_write_ahead_log(connection: &Connection) -> Result<(), KeysError> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && begun.elapsed() < BUSY =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            done => return Ok(done?),
        }
    }
}

/// Refuses a database that is neither ours nor empty, before anything in it is changed.
fn refuse_foreign(connection: &Connection) -> Result<(), KeysError> {
    let snapshot = connection.unchecked_transaction()?; // else a store just being made looks half made
    let number = |name| snapshot.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    if (application, version) == (APPLICATION, VERSION) || is_empty(&snapshot)? {
        return Ok(());
    }
    Err(KeysError::Foreign(format!(
        "its marks are {application:#x} and {version}, not {APPLICATION:#x} and {VERSION}"
    )))
}

fn is_empty(connection: &Connection) -> Result<bool, KeysError> {
    Ok(connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?)
}

impl From<rusqlite::Error> for KeysError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign("it is not a SQLite file".to_owned()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::super::suite::{erasure, many, mina, one};
    use super::*;

    fn store(dir: &TempDir) -> SqliteKeys {
        SqliteKeys::open(&dir.path().join("keys.sqlite")).unwrap()
    }

    /// Whether `needle` stands in any file of `dir`.
    fn on_disk(dir: &TempDir, needle: &[u8]) -> bool {
        fs::read_dir(dir.path()).unwrap().any(|file| {
            fs::read(file.unwrap().path()).unwrap().windows(needle.len()).any(|window| window == needle)
        })
    }

    #[test] // DESIGN §7
    fn an_erased_key_stands_in_no_file_any_more() {
        let dir = TempDir::new().unwrap();
        let keys = store(&dir);
        let persons = many(200);
        let made = keys.ensure(&persons).unwrap();
        assert!(on_disk(&dir, made[0].secret.bytes()), "this check can find a key");
        keys.destroy(&made.iter().step_by(3).map(erasure).collect::<Vec<_>>()).unwrap();
        for (n, key) in made.iter().enumerate() {
            assert_eq!(on_disk(&dir, key.secret.bytes()), n % 3 != 0, "key {n}");
        }
    }

    #[test] // DESIGN §4: memory does not grow with the number of persons
    fn memory_is_bounded_and_what_fell_out_of_it_is_read_again() {
        let dir = TempDir::new().unwrap();
        let keys = store(&dir);
        let persons = many(250);
        let made: Vec<_> = persons.iter().map(|person| one(&keys, person.clone())).collect();
        assert!(keys.state().unwrap().by_key.len() <= MAX_CACHED);
        let again: Vec<_> = persons.iter().map(|person| one(&keys, person.clone())).collect();
        assert_eq!(again, made);
    }

    #[test] // F-91
    fn no_address_stands_in_the_store() {
        let dir = TempDir::new().unwrap();
        let keys = store(&dir);
        one(&keys, mina());
        assert!(!on_disk(&dir, b"mina"));
        assert!(!on_disk(&dir, b"fabrikam"));
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("text");
        fs::write(
            &path,
            "not a database, but long enough to be read as the header of one, which is 100 bytes. ".repeat(9),
        )
        .unwrap();
        assert!(matches!(SqliteKeys::open(&path), Err(KeysError::Foreign(_))));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_the_store() {
        use std::os::unix::fs::PermissionsExt;
        let dir = TempDir::new().unwrap();
        one(&store(&dir), mina());
        for file in fs::read_dir(dir.path()).unwrap() {
            assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o077, 0);
        }
    }

    #[test] // DESIGN §7
    fn every_key_is_synced_before_it_is_given_out() {
        let dir = TempDir::new().unwrap();
        let keys = store(&dir);
        let state = keys.state().unwrap();
        let pragma = |name| {
            state.connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
        };
        assert_eq!(pragma("journal_mode").unwrap(), "wal".to_owned().into());
        assert_eq!(pragma("synchronous").unwrap(), 2.into(), "FULL");
    }
}
