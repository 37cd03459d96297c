//! The key store in one schema of PostgreSQL, for any number of intakes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claim_postgres::postgres::Row;
use claim_postgres::{Address, Session, SessionError};
use uuid::Uuid;

use super::{Erasure, Found, Keys, KeysError, PersonKey, PersonRef, Secret, random_id};

/// Version of the tables below.
const VERSION: i64 = 1;
/// How often a person may be erased by another while its key is looked for.
const TRIES: usize = 3;

/// An erased key keeps its row, so that erased and never known stay two things (F-86).
const TABLES: &str = "
    CREATE TABLE node (id BIGINT PRIMARY KEY CHECK (id = 1), version BIGINT NOT NULL, secret BYTEA NOT NULL);
    CREATE TABLE person_key (
        key TEXT PRIMARY KEY,
        person TEXT NOT NULL,
        lookup BYTEA UNIQUE, -- NULL once erased
        secret BYTEA         -- NULL once erased
    );
    CREATE INDEX person_key_by_person ON person_key (person);
";

/// Keys on a server, durable there before one is given out. Nothing is kept in memory, so that what another intake makes
/// or erases holds here at once.
///
/// Erasing takes a key out of every query and of every backup made later. The server's own old files, its write-ahead log
/// and older backups hold it until they are recycled: that is the server's to be set up for.
#[derive(Debug)]
pub struct PostgresKeys {
    secret: Secret,
    session: Mutex<Session>,
}

impl PostgresKeys {
    /// Opens the store at `address`, making it when there is none, with a fresh secret. Of two that make it at once, one
    /// does, and both have its secret.
    ///
    /// # Errors
    /// [`KeysError::Foreign`] when something else stands there, [`KeysError::Unavailable`] when it cannot be opened.
    pub fn open(address: &Address) -> Result<Self, KeysError> {
        let mut session = Session::open(address, "SET synchronous_commit = on")?;
        if tables(&mut session)?.is_empty() {
            let schema = address.schema();
            session.begin("BEGIN")?;
            session.batch(&format!("SELECT pg_advisory_xact_lock(hashtext('claimlog {schema}'))"))?;
            if tables(&mut session)?.is_empty() {
                make(&mut session, schema)?;
            }
            session.end("COMMIT")?;
        }
        Self::over(session)
    }

    /// Opens the store at `address` to open boxes with; nothing is made or changed.
    ///
    /// # Errors
    /// As [`PostgresKeys::open`], and [`KeysError::Unavailable`] when there is no store.
    pub fn open_read_only(address: &Address) -> Result<Self, KeysError> {
        let mut session = Session::open(address, "SET default_transaction_read_only = on")?;
        if tables(&mut session)?.is_empty() {
            return Err(KeysError::Unavailable(format!("there are no keys at {address}").into()));
        }
        Self::over(session)
    }

    fn over(mut session: Session) -> Result<Self, KeysError> {
        let there = tables(&mut session)?;
        if !["node", "person_key"].iter().all(|ours| there.iter().any(|it| it == ours)) {
            return Err(KeysError::Foreign(format!("its tables are {}", there.join(", "))));
        }
        let rows = session.query("SELECT version, secret FROM node", &[])?;
        let node = rows.first().ok_or_else(|| KeysError::Foreign("it has no secret".to_owned()))?;
        let version: i64 = get(node, "version")?;
        if version != VERSION {
            return Err(KeysError::Foreign(format!("its version is {version}, not {VERSION}")));
        }
        let secret: Vec<u8> = get(node, "secret")?;
        let secret = secret.try_into().map_err(|_| KeysError::Foreign("its secret is none".to_owned()))?;
        Ok(Self { secret: Secret(secret), session: Mutex::new(session) })
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        // A session is whole whatever a panicking thread did: each of ours is one statement.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys for PostgresKeys {
    fn secret(&self) -> &Secret {
        &self.secret
    }

    fn ensure(&self, persons: &[PersonRef]) -> Result<Vec<PersonKey>, KeysError> {
        let lookups: Vec<_> = persons.iter().map(|person| person.index(&self.secret)).collect();
        let mut wanted: BTreeMap<_, _> = lookups.iter().copied().zip(persons).collect();
        let mut session = self.session();
        let mut found = BTreeMap::new();
        for _ in 0..=TRIES {
            for (lookup, key) in known(&mut session, wanted.keys())? {
                wanted.remove(&lookup);
                found.insert(lookup, key);
            }
            if wanted.is_empty() {
                return Ok(lookups.iter().filter_map(|lookup| found.get(lookup).cloned()).collect());
            }
            insert(&mut session, &wanted)?;
        }
        Err(KeysError::Unavailable("the person is erased again and again while its key is made".into()))
    }

    fn find(&self, key: Uuid) -> Result<Found, KeysError> {
        let sql = "SELECT person, secret FROM person_key WHERE key = ?1";
        let rows = self.session().query(sql, &[&key.to_string()])?;
        let row = rows.first().ok_or(KeysError::UnknownKey(key))?;
        let Some(secret) = get::<Option<Vec<u8>>>(row, "secret")? else { return Ok(Found::Erased) };
        let secret = Secret(secret.try_into().map_err(|_| KeysError::Damaged(key))?);
        Ok(Found::Key(PersonKey { person: get::<String>(row, "person")?.into(), key, secret }))
    }

    fn person(&self, whom: &PersonRef) -> Result<Option<Arc<str>>, KeysError> {
        let found = known(&mut self.session(), std::iter::once(&whom.index(&self.secret)))?;
        Ok(found.into_iter().next().map(|(_, key)| key.person))
    }

    fn held(&self, person: &str) -> Result<Option<Vec<Uuid>>, KeysError> {
        let sql = "SELECT key, secret IS NOT NULL AS there FROM person_key WHERE person = ?1 ORDER BY key";
        let rows = self.session().query(sql, &[&person])?;
        let mut held = None;
        for row in &rows {
            let held = held.get_or_insert_with(Vec::new);
            if get::<bool>(row, "there")? {
                held.push(key_of(row)?);
            }
        }
        Ok(held)
    }

    fn destroy(&self, erasures: &[Erasure]) -> Result<(), KeysError> {
        let keys = erasures.iter().flat_map(|it| it.keys.iter().map(|key| (key.to_string(), &*it.person)));
        let (keys, persons): (Vec<String>, Vec<&str>) = keys.unzip();
        // A key that was never here is from now on known as erased.
        let sql = "INSERT INTO person_key (key, person) SELECT DISTINCT * FROM unnest(?1::text[], ?2::text[]) \
                   ON CONFLICT (key) DO UPDATE SET lookup = NULL, secret = NULL WHERE person_key.secret IS NOT NULL";
        self.session().execute(sql, &[&keys, &persons])?;
        Ok(())
    }
}

/// The keys that are there.
fn known<'a>(
    session: &mut Session,
    lookups: impl Iterator<Item = &'a [u8; 32]>,
) -> Result<Vec<([u8; 32], PersonKey)>, KeysError> {
    let lookups: Vec<&[u8]> = lookups.map(|it| &it[..]).collect();
    let rows = session
        .query("SELECT lookup, key, person, secret FROM person_key WHERE lookup = ANY(?1)", &[&lookups])?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<([u8; 32], PersonKey), KeysError> {
    let key = key_of(row)?;
    let damaged = |_| KeysError::Damaged(key);
    let secret = Secret(get::<Vec<u8>>(row, "secret")?.try_into().map_err(damaged)?);
    let lookup = get::<Vec<u8>>(row, "lookup")?.try_into().map_err(damaged)?;
    Ok((lookup, PersonKey { person: get::<String>(row, "person")?.into(), key, secret }))
}

fn key_of(row: &Row) -> Result<Uuid, KeysError> {
    Uuid::parse_str(&get::<String>(row, "key")?).map_err(|_| KeysError::Damaged(Uuid::nil()))
}

/// Makes a key for each person, all in one durable statement; who has got one meanwhile keeps it (F-87). They are in the
/// order of their lookups, so that two writers never wait for each other crosswise.
fn insert(session: &mut Session, wanted: &BTreeMap<[u8; 32], &PersonRef>) -> Result<(), KeysError> {
    let (mut keys, mut persons, mut secrets) = (Vec::new(), Vec::new(), Vec::new());
    for whom in wanted.values() {
        keys.push(random_id()?.to_string());
        persons.push(whom.new_person()?);
        secrets.push(Secret::random()?);
    }
    let lookups: Vec<&[u8]> = wanted.keys().map(|it| &it[..]).collect();
    let secrets: Vec<&[u8]> = secrets.iter().map(|it| &it.bytes()[..]).collect();
    let sql = "INSERT INTO person_key (key, person, lookup, secret) \
               SELECT * FROM unnest(?1::text[], ?2::text[], ?3::bytea[], ?4::bytea[]) ON CONFLICT DO NOTHING";
    session.execute(sql, &[&keys, &persons, &lookups, &secrets])?;
    Ok(())
}

/// Makes the store; the transaction is the caller's.
fn make(session: &mut Session, schema: &str) -> Result<(), KeysError> {
    // Asked first: who may not make schemas may still use one that was made for it.
    if session.query("SELECT 1 FROM pg_namespace WHERE nspname = ?1", &[&schema])?.is_empty() {
        session.batch(&format!("CREATE SCHEMA {schema}"))?;
    }
    session.batch(TABLES)?;
    let secret = Secret::random()?;
    session.execute("INSERT INTO node VALUES (1, ?1, ?2)", &[&VERSION, &&secret.bytes()[..]])?;
    Ok(())
}

/// The tables that stand in the schema.
fn tables(session: &mut Session) -> Result<Vec<String>, KeysError> {
    let schema = session.address().schema().to_owned();
    let sql = "SELECT relname::text AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
               WHERE nspname = ?1 AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY relname";
    session.query(sql, &[&schema])?.iter().map(|row| get(row, "name")).collect()
}

fn get<'r, T: claim_postgres::postgres::types::FromSql<'r>>(
    row: &'r Row,
    name: &str,
) -> Result<T, KeysError> {
    Ok(row.try_get(name).map_err(SessionError::from)?)
}

impl From<SessionError> for KeysError {
    fn from(error: SessionError) -> Self {
        Self::Unavailable(error.into())
    }
}
