//! A disk in memory that fails on demand, and forgets on a crash what was not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use claim_log_embedded::{Disk, File, Mode};

/// The unit in which a disk keeps or loses what was not synced.
const SECTOR: usize = 512;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The operation fails with this kind, and does nothing.
    Error(io::ErrorKind),
    /// Every read and write is as short as can be.
    Short,
    /// Every other read and write is interrupted.
    Interrupted,
}

/// The operations that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Write,
    Sync,
    SyncDir,
    Open,
}

#[derive(Clone, Default)]
pub(crate) struct FaultyDisk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Default)]
struct State {
    dirs: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, Content>,
    locked: BTreeSet<PathBuf>,
    /// What fails, and at which occurrence of the operation, from now on counted from 0.
    planned: Vec<(Operation, usize, Fault)>,
    counts: BTreeMap<Operation, usize>,
    always: Option<Fault>,
    reads_and_writes: usize,
    /// How many bytes of segments fit.
    capacity: Option<usize>,
    held: bool,
}

#[derive(Clone, Default)]
struct Content {
    now: Vec<u8>,
    /// What a crash keeps for certain.
    durable: Vec<u8>,
    /// Whether the directory knows the file for certain.
    entered: bool,
}

impl FaultyDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// Plans that the `nth` next `operation` on a segment or directory fails.
    pub(crate) fn fail(&self, operation: Operation, nth: usize, kind: io::ErrorKind) {
        let mut state = self.state();
        let from = state.counts.get(&operation).copied().unwrap_or(0);
        state.planned.push((operation, from + nth, Fault::Error(kind)));
    }

    /// Makes all reads and writes bad in this way.
    pub(crate) fn always(&self, fault: Fault) {
        self.state().always = Some(fault);
    }

    /// How often `operation` was asked for, on segments and directories.
    pub(crate) fn count(&self, operation: Operation) -> usize {
        self.state().counts.get(&operation).copied().unwrap_or(0)
    }

    pub(crate) fn set_capacity(&self, bytes: Option<usize>) {
        self.state().capacity = bytes;
    }

    /// Lets syncs of segments wait.
    pub(crate) fn hold_syncs(&self) {
        self.state().held = true;
    }

    pub(crate) fn release_syncs(&self) {
        self.state().held = false;
        self.0.released.notify_all();
    }

    pub(crate) fn content(&self, path: &Path) -> Vec<u8> {
        self.state().files[path].now.clone()
    }

    /// Puts a file there as if it had always been there.
    pub(crate) fn put(&self, path: &Path, bytes: &[u8]) {
        let content = Content { now: bytes.to_vec(), durable: bytes.to_vec(), entered: true };
        self.state().files.insert(path.to_owned(), content);
    }

    /// Whether something of the segments would be lost in a crash.
    pub(crate) fn has_unsynced(&self) -> bool {
        let state = self.state();
        state.files.iter().any(|(path, it)| is_segment(path) && (!it.entered || it.now != it.durable))
    }

    pub(crate) fn remove(&self, path: &Path) {
        self.state().files.remove(path);
    }

    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.state().files.keys().cloned().collect()
    }

    /// The segment that holds the byte at `offset`.
    pub(crate) fn segment_of(&self, offset: u64) -> PathBuf {
        let base = |it: &PathBuf| it.file_stem()?.to_str()?.parse::<u64>().ok();
        let mut paths = self.paths().into_iter().filter(|it| is_segment(it));
        paths.rfind(|it| base(it).is_some_and(|it| it <= offset)).unwrap()
    }

    /// The disk as a new machine might find it after the power failed now: what was synced, and of the rest any
    /// sectors and any lengths, as `random` says.
    pub(crate) fn after_power_failure(&self, random: &mut Random) -> Self {
        let state = self.state();
        let mut after = State { dirs: state.dirs.clone(), ..State::default() };
        for (path, content) in &state.files {
            if !content.entered && random.below(2) == 0 {
                continue;
            }
            let survived = survivor(content, random);
            after
                .files
                .insert(path.clone(), Content { now: survived.clone(), durable: survived, entered: true });
        }
        Self(Arc::new(Shared { state: Mutex::new(after), released: Condvar::new() }))
    }

    /// The disk as the next process finds it after this one was killed: all that was written.
    pub(crate) fn after_kill(&self) -> Self {
        let state = self.state();
        let after = State { dirs: state.dirs.clone(), files: state.files.clone(), ..State::default() };
        Self(Arc::new(Shared { state: Mutex::new(after), released: Condvar::new() }))
    }
}

/// Sector by sector the old or the new content, up to some length between the old and the new.
fn survivor(content: &Content, random: &mut Random) -> Vec<u8> {
    let (old, new) = (&content.durable, &content.now);
    let (short, long) = (old.len().min(new.len()), old.len().max(new.len()));
    let len = short + random.below(long - short + 1);
    // Now and then everything up to the length came through, or nothing did.
    let kept_of_8 = random.below(9);
    let mut survived = vec![0; len];
    for start in (0..len).step_by(SECTOR) {
        let range = start..(start + SECTOR).min(len);
        let source = if random.below(8) < kept_of_8 { new } else { old };
        for at in range {
            survived[at] = source.get(at).copied().unwrap_or(0);
        }
    }
    survived
}

/// A small generator, so that a failure is found again by its seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

impl State {
    /// Counts the operation, and fails when that was planned.
    fn step(&mut self, operation: Operation) -> io::Result<()> {
        let count = self.counts.entry(operation).or_default();
        let nth = *count;
        *count += 1;
        match self.planned.iter().find(|it| (it.0, it.1) == (operation, nth)) {
            Some((_, _, Fault::Error(kind))) => Err((*kind).into()),
            _ => Ok(()),
        }
    }

    /// How much of `len` bytes one read or write does.
    fn share(&mut self, len: usize) -> io::Result<usize> {
        self.reads_and_writes += 1;
        match self.always {
            Some(Fault::Short) => Ok(len.min(1 + self.reads_and_writes % 700)),
            Some(Fault::Interrupted) if self.reads_and_writes.is_multiple_of(2) => {
                Err(io::ErrorKind::Interrupted.into())
            }
            _ => Ok(len),
        }
    }
}

impl Disk for FaultyDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.state().dirs.insert(dir.to_owned());
        Ok(())
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        if !state.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let held = state.dirs.iter().chain(state.files.keys()).filter(|it| it.parent() == Some(dir));
        Ok(held.map(|it| it.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.step(Operation::SyncDir)?;
        for (path, content) in &mut state.files {
            content.entered |= path.parent() == Some(dir);
        }
        Ok(())
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn File>> {
        let mut state = self.state();
        if is_segment(path) {
            state.step(Operation::Open)?;
        }
        match mode {
            Mode::Read if !state.files.contains_key(path) => return Err(io::ErrorKind::NotFound.into()),
            Mode::Read => {}
            Mode::Write => drop(state.files.entry(path.to_owned()).or_default()),
        }
        Ok(Box::new(OpenFile { disk: self.clone(), path: path.to_owned(), locked: false }))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn File>>> {
        let mut state = self.state();
        if !state.locked.insert(path.to_owned()) {
            return Ok(None);
        }
        state.files.entry(path.to_owned()).or_default();
        Ok(Some(Box::new(OpenFile { disk: self.clone(), path: path.to_owned(), locked: true })))
    }
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "ndjson")
}

struct OpenFile {
    disk: FaultyDisk,
    path: PathBuf,
    locked: bool,
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if self.locked {
            self.disk.state().locked.remove(&self.path);
        }
    }
}

impl OpenFile {
    fn with<T>(&self, state: &mut State, act: impl FnOnce(&mut Content) -> T) -> T {
        act(state.files.get_mut(&self.path).unwrap())
    }
}

impl File for OpenFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.with(&mut self.disk.state(), |it| it.now.len() as u64))
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        let share = state.share(buffer.len())?;
        Ok(self.with(&mut state, |it| {
            let from = it.now.get(at as usize..).unwrap_or_default();
            let read = share.min(from.len());
            buffer[..read].copy_from_slice(&from[..read]);
            read
        }))
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        let mut share = state.share(bytes.len())?;
        if is_segment(&self.path) {
            state.step(Operation::Write)?;
            if let Some(capacity) = state.capacity {
                let used: usize =
                    state.files.iter().filter(|it| is_segment(it.0)).map(|it| it.1.now.len()).sum();
                share = share.min(capacity.saturating_sub(used));
                if share == 0 {
                    return Err(io::ErrorKind::StorageFull.into());
                }
            }
        }
        self.with(&mut state, |it| {
            let end = at as usize + share;
            if it.now.len() < end {
                it.now.resize(end, 0);
            }
            it.now[at as usize..end].copy_from_slice(&bytes[..share]);
        });
        Ok(share)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(&mut self.disk.state(), |it| it.now.resize(len as usize, 0));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        if is_segment(&self.path) {
            while state.held {
                state = self.disk.0.released.wait(state).unwrap();
            }
            state.step(Operation::Sync)?;
        }
        self.with(&mut state, |it| it.durable.clone_from(&it.now));
        Ok(())
    }
}
