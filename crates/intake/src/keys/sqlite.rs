//! The key store in one SQLite file, for one intake.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
};
use uuid::Uuid;

use super::{Found, Keys, KeysError, PersonKey, PersonRef, Secret, random};

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

    fn erase(&self, person: &str) -> Result<usize, KeysError> {
        let mut state = self.state()?;
        state.by_lookup.clear();
        state.by_key.clear();
        let erased = state.connection.execute(
            "UPDATE person_key SET lookup = NULL, secret = NULL WHERE person = ?1 AND secret IS NOT NULL",
            [person],
        )?;
        // Until the write-ahead log is folded back into the file, the key could still be read from either.
        let busy: bool =
            state.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            return Err(KeysError::Unavailable("a reader holds the old state, erase again".into()));
        }
        Ok(erased)
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
    let person = match whom {
        PersonRef::Contact { .. } => random_id()?.to_string(),
        PersonRef::Customer(customer) => format!("customer:{customer}"),
    };
    let made = PersonKey { person: person.into(), key: random_id()?, secret: Secret::random()? };
    tx.prepare_cached("INSERT INTO person_key (key, person, lookup, secret) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![made.key.to_string(), &*made.person, lookup, made.secret.bytes()])?;
    Ok(made)
}

fn random_id() -> Result<Uuid, KeysError> {
    Ok(uuid::Builder::from_random_bytes(random()?).into_uuid())
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
    use std::sync::Barrier;

    use claim_domain::ids::CustomerId;
    use tempfile::TempDir;

    use super::*;

    fn contact(partner: &str, email: &str) -> PersonRef {
        PersonRef::Contact { partner: partner.parse().unwrap(), email: email.parse().unwrap() }
    }

    fn mina() -> PersonRef {
        contact("p-contoso", "mina@fabrikam.example")
    }

    fn store(dir: &TempDir) -> SqliteKeys {
        SqliteKeys::open(&dir.path().join("keys.sqlite")).unwrap()
    }

    fn one(keys: &SqliteKeys, person: PersonRef) -> PersonKey {
        keys.ensure(&[person]).unwrap().remove(0)
    }

    /// Whether `needle` stands in any file of `dir`.
    fn on_disk(dir: &TempDir, needle: &[u8]) -> bool {
        fs::read_dir(dir.path()).unwrap().any(|file| {
            fs::read(file.unwrap().path()).unwrap().windows(needle.len()).any(|window| window == needle)
        })
    }

    #[test] // DESIGN §7
    fn a_person_is_one_per_partner_and_address_and_keeps_its_key() {
        let dir = TempDir::new().unwrap();
        let keys = store(&dir);
        let customer = PersonRef::Customer(CustomerId(Uuid::from_u128(7)));
        let others = [
            mina(),
            contact("p-contoso", "MINA@Fabrikam.example"),
            contact("p-contoso", "ken@fabrikam.example"),
            contact("p-other", "mina@fabrikam.example"),
            customer,
        ];
        let got = keys.ensure(&others).unwrap();
        assert_eq!(got.len(), 5);
        assert_eq!(got[0], got[1]);
        for (a, b) in [(0, 2), (0, 3), (0, 4), (2, 3)] {
            assert!(
                got[a].person != got[b].person && got[a].key != got[b].key && got[a].secret != got[b].secret
            );
        }
        assert_eq!(Uuid::parse_str(&got[0].person).unwrap().get_version_num(), 4);
        assert_eq!(&*got[4].person, "customer:00000000-0000-0000-0000-000000000007");
        assert_eq!(keys.ensure(&others).unwrap(), got, "from memory");

        let secret = keys.secret().clone();
        drop(keys);
        let again = store(&dir);
        assert_eq!(again.ensure(&others).unwrap(), got, "from the file");
        assert_eq!(again.secret(), &secret);
        assert_eq!(again.find(got[3].key).unwrap(), Found::Key(got[3].clone()));
    }

    #[test] // F-87
    fn writers_that_meet_a_new_person_at_once_get_one_key() {
        let dir = TempDir::new().unwrap();
        let stores: Vec<_> = (0..4).map(|_| store(&dir)).collect();
        let start = Barrier::new(stores.len());
        let persons: Vec<_> =
            (0..50).map(|n| contact("p-contoso", &format!("u{n}@fabrikam.example"))).collect();
        let got: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = stores
                .iter()
                .map(|keys| {
                    scope.spawn(|| {
                        start.wait();
                        persons.iter().map(|person| one(keys, person.clone())).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert!(got.iter().all(|keys| keys == &got[0]));
    }

    #[test] // F-86
    fn erased_and_never_known_and_unavailable_are_three_things() {
        let dir = TempDir::new().unwrap();
        let (keys, other) = (store(&dir), store(&dir));
        let before = one(&keys, mina());
        assert_eq!(one(&other, mina()), before);
        keys.erase(&before.person).unwrap();
        for keys in [&keys, &other] {
            assert_eq!(keys.find(before.key).unwrap(), Found::Erased);
        }
        let stranger = Uuid::from_u128(1);
        assert!(matches!(keys.find(stranger), Err(KeysError::UnknownKey(id)) if id == stranger));

        let writer = Connection::open(dir.path().join("keys.sqlite")).unwrap();
        writer.execute_batch("ALTER TABLE person_key RENAME TO elsewhere").unwrap();
        assert!(matches!(keys.find(before.key), Err(KeysError::Unavailable(_))));
        assert!(matches!(keys.ensure(&[mina()]), Err(KeysError::Unavailable(_))));
    }

    #[test] // F-85
    fn what_comes_of_an_erased_person_later_has_a_new_person_and_a_new_key() {
        let dir = TempDir::new().unwrap();
        let keys = store(&dir);
        let before = one(&keys, mina());
        assert_eq!(keys.erase(&before.person).unwrap(), 1);
        assert_eq!(keys.erase(&before.person).unwrap(), 0, "repeating is safe");
        let after = one(&keys, mina());
        assert!(after.person != before.person && after.key != before.key && after.secret != before.secret);
        assert_eq!(keys.find(before.key).unwrap(), Found::Erased);
    }

    #[test] // DESIGN §7
    fn an_erased_key_stands_in_no_file_any_more() {
        let dir = TempDir::new().unwrap();
        let keys = store(&dir);
        let persons: Vec<_> =
            (0..200).map(|n| contact("p-contoso", &format!("u{n}@fabrikam.example"))).collect();
        let made = keys.ensure(&persons).unwrap();
        assert!(on_disk(&dir, made[0].secret.bytes()), "this check can find a key");
        for key in made.iter().step_by(3) {
            keys.erase(&key.person).unwrap();
        }
        for (n, key) in made.iter().enumerate() {
            assert_eq!(on_disk(&dir, key.secret.bytes()), n % 3 != 0, "key {n}");
        }
    }

    #[test] // DESIGN §7
    fn a_failed_batch_gives_out_no_key_and_keeps_none() {
        let dir = TempDir::new().unwrap();
        let keys = store(&dir);
        let writer = Connection::open(dir.path().join("keys.sqlite")).unwrap();
        writer
            .execute_batch(
                "CREATE TRIGGER full BEFORE INSERT ON person_key
                 WHEN (SELECT count(*) FROM person_key) = 1 BEGIN SELECT RAISE(ABORT, 'disk full'); END",
            )
            .unwrap();
        let two = [mina(), contact("p-contoso", "ken@fabrikam.example")];
        assert!(matches!(keys.ensure(&two), Err(KeysError::Unavailable(_))));
        let rows =
            || writer.query_row("SELECT count(*) FROM person_key", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(rows(), 0);
        writer.execute_batch("DROP TRIGGER full").unwrap();
        assert_eq!(keys.ensure(&two).unwrap().len(), 2);
        assert_eq!(rows(), 2);
    }

    #[test] // DESIGN §4: memory does not grow with the number of persons
    fn memory_is_bounded_and_what_fell_out_of_it_is_read_again() {
        let dir = TempDir::new().unwrap();
        let keys = store(&dir);
        let persons: Vec<_> =
            (0..250).map(|n| contact("p-contoso", &format!("u{n}@fabrikam.example"))).collect();
        let made: Vec<_> = persons.iter().map(|person| one(&keys, person.clone())).collect();
        assert!(keys.state().unwrap().by_key.len() <= MAX_CACHED);
        let again: Vec<_> = persons.iter().map(|person| one(&keys, person.clone())).collect();
        assert_eq!(again, made);
    }

    #[test] // F-87
    fn stores_opened_at_once_on_a_new_file_have_one_secret() {
        for _ in 0..20 {
            let dir = TempDir::new().unwrap();
            let start = Barrier::new(4);
            let secrets: Vec<_> = thread::scope(|scope| {
                let open = || {
                    start.wait();
                    store(&dir).secret().clone()
                };
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
                threads.into_iter().map(|it| it.join().unwrap()).collect()
            });
            assert!(secrets.iter().all(|secret| secret == &secrets[0]));
        }
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
    fn what_is_not_a_key_store_is_refused_and_left_as_it_is() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("other.sqlite");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        let before = fs::read(&path).unwrap();
        assert!(matches!(SqliteKeys::open(&path), Err(KeysError::Foreign(_))));
        assert_eq!(fs::read(&path).unwrap(), before);

        let path = dir.path().join("text");
        fs::write(
            &path,
            "not a database, but long enough to be read as the header of one, which is 100 bytes. ".repeat(9),
        )
        .unwrap();
        assert!(matches!(SqliteKeys::open(&path), Err(KeysError::Foreign(_))));
    }

    #[test]
    fn a_read_only_store_opens_beside_its_writer_and_makes_nothing() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("keys.sqlite");
        assert!(matches!(SqliteKeys::open_read_only(&path), Err(KeysError::Unavailable(_))));
        assert!(!path.exists());
        let keys = store(&dir);
        let key = one(&keys, mina());
        let reader = SqliteKeys::open_read_only(&path).unwrap();
        assert_eq!(reader.find(key.key).unwrap(), Found::Key(key));
        let ken = contact("p-contoso", "ken@fabrikam.example");
        assert!(matches!(reader.ensure(&[ken]), Err(KeysError::Unavailable(_))));
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
