//! The store of a snapshot: one embedded key-value store in a directory of its own, read by anyone, written by the keeper.
//!
//! Whatever is found wrong with it, it is thrown away: the log holds all of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use claim_domain::asker::Source;
use claim_domain::claim::Deadline;
use claim_domain::event::Event;
use claim_domain::identifier::Identifier;
use claim_domain::ids::{ClaimId, CommandId, CustomerId};
use claim_journal::PartitionId;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, Slice};
use serde::de::DeserializeOwned;

use crate::cut::Cut;
use crate::error::{KeepError, Unreadable};
use crate::hash::FoldHash;
use crate::known::Known;
use crate::rows::{self, Answers, CUT};

/// Bytes of blocks kept in memory.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// How many files may wait to be merged.
const UNMERGED: usize = 24;
/// How long nobody may merge them while they are too many: then the thread that should has ended.
const PATIENCE: Duration = Duration::from_secs(2);
/// In a store that was found damaged while it was read or written.
const DAMAGED: &str = "damaged";
/// In a store while it is opened.
const OPENING: &str = "opening";

/// The store, from the first cut on; before it holds nothing and has no directory.
pub struct Snapshot {
    dir: PathBuf,
    store: OnceLock<Store>,
    end: AtomicU64,
    damage: OnceLock<String>,
}

struct Store {
    /// Holds the lock of the directory and the thread that merges files.
    database: Database,
    rows: Keyspace,
}

/// A snapshot that was thrown away, to be reported: it is made again from the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discarded {
    /// Where it lay.
    pub dir: PathBuf,
    /// Why nobody can go on from it.
    pub why: String,
}

/// What opening found.
#[derive(Debug)]
pub struct Opened {
    /// The snapshot, possibly an empty one.
    pub snapshot: Snapshot,
    /// Where it stands: before the first record, if it is empty.
    pub cut: Cut,
    /// What was thrown away.
    pub discarded: Option<Discarded>,
}

impl Opened {
    /// Throws away what was found, since the log is not the one that it was made of.
    ///
    /// # Errors
    /// [`io::Error`] when it cannot be removed.
    pub fn throw_away(&mut self, why: &str) -> io::Result<()> {
        self.snapshot.clear(why)?;
        self.cut = Cut::default();
        self.discarded = Some(Discarded { dir: self.snapshot.dir.clone(), why: why.to_owned() });
        Ok(())
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("dir", &self.dir).field("end", &self.end()).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Opens the snapshot in `dir`; one that this program cannot go on from is thrown away (F-79). Whoever calls this
    /// holds the lock of the data directory.
    ///
    /// # Errors
    /// [`io::Error`] when it cannot be thrown away.
    pub fn open(dir: &Path) -> io::Result<Opened> {
        if !dir.try_exists()? {
            return Ok(Opened { snapshot: Self::empty(dir), cut: Cut::default(), discarded: None });
        }
        match Self::open_whole(dir) {
            Ok((store, cut)) => {
                let end = AtomicU64::new(cut.end);
                let snapshot = Self { store: OnceLock::from(store), end, ..Self::empty(dir) };
                Ok(Opened { snapshot, cut, discarded: None })
            }
            Err(why) => {
                let mut opened = Opened { snapshot: Self::empty(dir), cut: Cut::default(), discarded: None };
                opened.throw_away(&why)?;
                Ok(opened)
            }
        }
    }

    /// Throws away what it holds: the log is not the one that it was made of, or it is damaged. Then it is empty.
    ///
    /// # Errors
    /// [`io::Error`] when it cannot be removed.
    pub fn clear(&mut self, why: &str) -> io::Result<()> {
        tracing::warn!(dir = %self.dir.display(), why, "the snapshot is thrown away and made again from the log");
        let empty = Self::empty(&self.dir);
        // Whoever is removed is closed first.
        *self = empty;
        if self.dir.try_exists()? { fs::remove_dir_all(&self.dir) } else { Ok(()) }
    }

    /// Where it lies.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn empty(dir: &Path) -> Self {
        let (store, damage) = (OnceLock::new(), OnceLock::new());
        Self { dir: dir.to_owned(), store, end: AtomicU64::new(0), damage }
    }

    fn open_whole(dir: &Path) -> Result<(Store, Cut), String> {
        if dir.join(DAMAGED).try_exists().map_err(|it| it.to_string())? {
            return Err("it was found damaged".to_owned());
        }
        // Damaged files may end the process, so that this alone remains of it.
        let opening = dir.join(OPENING);
        if opening.try_exists().map_err(|it| it.to_string())? {
            return Err("opening it never ended".to_owned());
        }
        fs::write(&opening, b"").map_err(|it| it.to_string())?;
        let store = Store::open(dir)?;
        fs::remove_file(&opening).map_err(|it| it.to_string())?;
        let cut = store.rows.get(CUT).map_err(|it| it.to_string())?.ok_or("it never was complete")?;
        let cut: Cut =
            serde_json::from_slice(&cut).map_err(|it| format!("its position cannot be read: {it}"))?;
        cut.unfit().map_or(Ok((store, cut)), Err)
    }

    /// The offset of the first record that is not in it; 0 while it is empty.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// What is wrong with it, once anyone could not read it: then nothing can be decided from it any more.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// What was answered under an id of one source.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn answers(&self, source: &Source, id: CommandId) -> Result<Option<Answers>, Unreadable> {
        self.json(&rows::answers(source, id))
    }

    /// What was answered under an id, by source.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn answers_of(&self, id: CommandId) -> Result<Vec<(Source, Answers)>, Unreadable> {
        let mut all = Vec::new();
        self.each(&rows::answers_of(id), |key, value| {
            all.push((rows::source(key)?, serde_json::from_slice(value).ok()?));
            Some(())
        })?;
        Ok(all)
    }

    /// A customer.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn customer(&self, id: CustomerId) -> Result<Option<Known>, Unreadable> {
        self.json(&rows::customer(id))
    }

    /// The customer of a claim.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn customer_of(&self, claim: ClaimId) -> Result<Option<CustomerId>, Unreadable> {
        self.bare_customer(&rows::claim(claim))
    }

    /// The customer that an identifier is bound to.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn bound(&self, identifier: &Identifier) -> Result<Option<CustomerId>, Unreadable> {
        self.bare_customer(&rows::binding(identifier))
    }

    /// The identifiers bound to a customer, oldest first.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn identifiers(&self, customer: CustomerId) -> Result<Vec<Identifier>, Unreadable> {
        let mut all = Vec::new();
        self.each(&rows::identifiers_of(customer), |_, value| {
            all.push(std::str::from_utf8(value).ok()?.parse().ok()?);
            Some(())
        })?;
        Ok(all)
    }

    /// The running deadlines of a partition with their customers, in the order in which they fire.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn deadlines(&self, partition: PartitionId) -> Result<Vec<(Deadline, CustomerId)>, Unreadable> {
        let prefix = rows::deadlines_of(partition);
        let mut all = Vec::new();
        self.each(&prefix, |key, value| {
            all.push((rows::deadline_in(key, &prefix)?, rows::customer_in(value)?));
            Some(())
        })?;
        Ok(all)
    }

    /// The events of the program, each with the sequence of its decision, oldest first.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn program(&self) -> Result<Vec<(u64, Event)>, Unreadable> {
        let mut all = Vec::new();
        self.each(&rows::ALL_OF_THE_PROGRAM, |key, value| {
            all.push((rows::sequence(key)?, serde_json::from_slice(value).ok()?));
            Some(())
        })?;
        Ok(all)
    }

    /// The hash of all rows as they are read, to be compared with [`Cut::fold`].
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn hash(&self) -> Result<FoldHash, Unreadable> {
        let mut hash = FoldHash::default();
        self.each(&[], |key, value| {
            if key != CUT {
                hash.add(FoldHash::of(key, value));
            }
            Some(())
        })?;
        Ok(hash)
    }

    /// Commits rows, none for one that is gone, together with where the snapshot then stands: all of it or nothing.
    pub(crate) fn commit(
        &self,
        rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
        cut: &Cut,
    ) -> Result<(), KeepError> {
        let failed = |why: String| {
            self.mark(&why);
            KeepError::Write { dir: self.dir.clone(), why }
        };
        let store = match self.store.get() {
            Some(store) => store,
            None => {
                let store = Store::open(&self.dir).map_err(failed)?;
                self.store.get_or_init(|| store)
            }
        };
        let cut_row = serde_json::to_vec(cut).map_err(|it| failed(it.to_string()))?;
        store.write(rows, cut_row).map_err(|it| failed(it.to_string()))?;
        store.wait_for_merging().map_err(failed)?;
        self.end.store(cut.end, Ordering::Release);
        Ok(())
    }

    /// A row as it is stored.
    pub(crate) fn row(&self, key: &[u8]) -> Result<Option<Slice>, Unreadable> {
        let Some(store) = self.store.get() else { return Ok(None) };
        store.rows.get(key).map_err(|it| self.damaged(it.to_string()))
    }

    /// A row in JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Unreadable> {
        self.row(key)?.map(|row| self.parsed(&row)).transpose()
    }

    /// What a row in JSON says.
    pub(crate) fn parsed<T: DeserializeOwned>(&self, row: &[u8]) -> Result<T, Unreadable> {
        serde_json::from_slice(row).map_err(|it| self.damaged(it.to_string()))
    }

    fn bare_customer(&self, key: &[u8]) -> Result<Option<CustomerId>, Unreadable> {
        let Some(row) = self.row(key)? else { return Ok(None) };
        match rows::customer_in(&row) {
            Some(customer) => Ok(Some(customer)),
            None => Err(self.damaged("a row is no customer's id".to_owned())),
        }
    }

    /// Reads every row whose key begins with `prefix`, in their order; `read` yields none for one that it cannot read.
    fn each(
        &self,
        prefix: &[u8],
        mut read: impl FnMut(&[u8], &[u8]) -> Option<()>,
    ) -> Result<(), Unreadable> {
        let Some(store) = self.store.get() else { return Ok(()) };
        for row in store.rows.prefix(prefix) {
            let (key, value) = row.into_inner().map_err(|it| self.damaged(it.to_string()))?;
            read(&key, &value).ok_or_else(|| self.damaged("a row has another shape".to_owned()))?;
        }
        Ok(())
    }

    fn damaged(&self, why: String) -> Unreadable {
        self.mark(&why);
        let why = self.damage.get_or_init(|| why).clone();
        Unreadable { dir: self.dir.clone(), why }
    }

    /// Marks the store, so that the next start throws it away.
    fn mark(&self, why: &str) {
        let dir = self.dir.display();
        tracing::error!(%dir, why, "the snapshot is damaged, and the next start makes it again from the log");
        if let Err(fault) = fs::write(self.dir.join(DAMAGED), why) {
            tracing::error!(%fault, "it cannot be marked: remove its directory before the next start");
        }
    }
}

impl Store {
    /// Opens the store, or makes one.
    fn open(dir: &Path) -> Result<Self, String> {
        let open = || {
            let database = Database::builder(dir).cache_size(CACHE_BYTES).worker_threads(1).open()?;
            let rows = database.keyspace("fold", KeyspaceCreateOptions::default)?;
            Ok::<_, fjall::Error>(Self { database, rows })
        };
        // What lies in a damaged file may take it by surprise.
        match catch_unwind(AssertUnwindSafe(open)) {
            Ok(opened) => opened.map_err(|it| it.to_string()),
            Err(_) => Err("its files hold what no store wrote".to_owned()),
        }
    }

    /// Waits while there are many files that were not merged: each costs every reader a look.
    fn wait_for_merging(&self) -> Result<(), String> {
        let mut merging = Instant::now();
        while self.rows.l0_table_count() > UNMERGED {
            if self.database.active_compactions() > 0 {
                merging = Instant::now();
            }
            if merging.elapsed() > PATIENCE {
                return Err("its files are not merged any more".to_owned());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Writes sorted files at once, past the store's own journal: they count together, or not at all.
    fn write(&self, rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>, cut: Vec<u8>) -> fjall::Result<()> {
        let mut files = self.rows.start_ingestion()?;
        // Its key sorts before all others.
        files.write(CUT, cut)?;
        for (key, value) in rows {
            match value {
                Some(value) => files.write(key, value)?,
                None => files.write_tombstone(key)?,
            }
        }
        files.finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "all of this is test code")]
mod tests {
    use claim_domain::decide::RULES;

    use super::*;

    /// What becomes of a snapshot with this cut when it is opened again.
    fn opened_again(cut: &Cut) -> (Cut, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("snapshot");
        let snapshot = Snapshot::open(&dir).unwrap().snapshot;
        let row = (b"x".to_vec(), Some(b"y".to_vec()));
        snapshot.commit(BTreeMap::from([row]), cut).unwrap();
        assert_eq!(snapshot.end(), cut.end);
        drop(snapshot);
        let opened = Snapshot::open(&dir).unwrap();
        assert_eq!(opened.snapshot.row(b"x").unwrap().is_some(), opened.discarded.is_none());
        (opened.cut, opened.discarded.map(|it| it.why))
    }

    #[test] // F-79
    fn f_79_a_snapshot_of_other_rules_or_another_layout_is_thrown_away() {
        let cut = Cut { end: 7, ..Cut::default() };
        let (again, discarded) = opened_again(&cut);
        assert_eq!((again.end, discarded), (7, None));
        let (again, newer) = opened_again(&Cut { rules: RULES + 1, ..cut.clone() });
        assert_eq!(again.end, 0);
        assert!(newer.unwrap().contains("folded by the rules"));
        let (_, other) = opened_again(&Cut { layout: 99, ..cut });
        assert!(other.unwrap().contains("its layout is 99"));
    }

    #[test] // F-79
    fn f_79_a_store_that_was_never_complete_or_never_opened_is_thrown_away() {
        for left in [None, Some(OPENING), Some(DAMAGED)] {
            let folder = tempfile::tempdir().unwrap();
            let dir = folder.path().join("snapshot");
            match left {
                // It died between making the store and the first cut.
                None => drop(Store::open(&dir).unwrap()),
                Some(left) => {
                    let snapshot = Snapshot::open(&dir).unwrap().snapshot;
                    snapshot.commit(BTreeMap::new(), &Cut::default()).unwrap();
                    drop(snapshot);
                    fs::write(dir.join(left), b"").unwrap();
                }
            }
            let opened = Snapshot::open(&dir).unwrap();
            assert!(opened.discarded.is_some(), "{left:?}");
            assert!(!dir.exists(), "{left:?}");
        }
    }
}
