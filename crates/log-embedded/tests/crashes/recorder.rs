//! A disk in memory that records every step that is taken on it, and fails as it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use claim_log_embedded::{Disk, File, Mode};

use crate::support::DATA;

/// What a disk holds: the segments and the mark. The lock means nothing once its holder is gone.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A record: its offset, and its line without its line feed.
pub(crate) type Record = (u64, Vec<u8>);

/// What happened, in order.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Made(PathBuf),
    Wrote {
        path: PathBuf,
        at: usize,
        bytes: Vec<u8>,
    },
    /// Cut, or extended with zeros.
    Cut {
        path: PathBuf,
        len: usize,
    },
    Synced(PathBuf),
    /// What was written and not synced before may never be durable, whatever a later sync says.
    SyncFailed(PathBuf),
    DirSynced(PathBuf),
    /// A process began and read this: from now on it is told to whoever asks.
    Began(Vec<Record>),
    /// A line was given to the log.
    Offered(Vec<u8>),
    /// A record was acknowledged.
    Told(Record),
}

/// What goes wrong, counted from when it is planned. Only segments are troubled.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trouble {
    /// No write takes more bytes than this.
    pub(crate) short: Option<usize>,
    /// The sync that fails, from 0.
    pub(crate) failing_sync: Option<usize>,
    /// The sync before which the process is killed, from 0.
    pub(crate) deadly_sync: Option<usize>,
    /// The write that fails, from 0.
    pub(crate) failing_write: Option<usize>,
    /// How many bytes there is room for.
    pub(crate) room: Option<usize>,
}

#[derive(Default)]
struct State {
    files: Files,
    steps: Vec<Step>,
    locked: BTreeSet<PathBuf>,
    trouble: Trouble,
    writes: usize,
    syncs: usize,
    /// How many processes were killed: what belongs to one of them does nothing any more.
    killed: usize,
}

/// The disk as one process sees it.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    state: Arc<Mutex<State>>,
    process: usize,
}

impl Recorder {
    /// A disk that holds these files for certain.
    pub(crate) fn holding(files: Files) -> Self {
        Self { state: Arc::new(Mutex::new(State { files, ..State::default() })), process: 0 }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The state, unless this process was killed.
    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.killed == self.process { Ok(state) } else { Err(io::Error::other("killed")) }
    }

    /// Kills the process; the disk as the next one sees it: all that was written, synced or not.
    pub(crate) fn kill(&self) -> Self {
        let mut state = self.state();
        state.kill();
        Self { state: Arc::clone(&self.state), process: state.killed }
    }

    /// Whether the process was killed.
    pub(crate) fn is_killed(&self) -> bool {
        self.alive().is_err()
    }

    /// Plans what goes wrong from now on.
    pub(crate) fn plan(&self, trouble: Trouble) {
        let mut state = self.state();
        (state.trouble, state.writes, state.syncs) = (trouble, 0, 0);
    }

    pub(crate) fn record(&self, step: Step) {
        if let Ok(mut state) = self.alive() {
            state.steps.push(step);
        }
    }

    /// How many steps there were so far.
    pub(crate) fn passed(&self) -> usize {
        self.state().steps.len()
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        self.state().steps.clone()
    }

    /// How many bytes the segments have.
    pub(crate) fn log_len(&self) -> u64 {
        self.state().files.iter().filter(|it| is_segment(it.0)).map(|it| it.1.len() as u64).sum()
    }
}

impl State {
    fn kill(&mut self) {
        self.killed += 1;
        self.locked.clear();
    }

    /// How much of a write to a segment is taken.
    fn taken(&mut self, len: usize) -> io::Result<usize> {
        let nth = self.writes;
        self.writes += 1;
        if self.trouble.failing_write == Some(nth) {
            return Err(io::Error::other("the disk failed"));
        }
        let taken = len.min(self.trouble.short.unwrap_or(len));
        match self.trouble.room.as_mut() {
            None => Ok(taken),
            Some(0) => Err(io::ErrorKind::StorageFull.into()),
            Some(room) => {
                let taken = taken.min(*room);
                *room -= taken;
                Ok(taken)
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let nth = self.syncs;
        self.syncs += 1;
        if self.trouble.failing_sync == Some(nth) { Err(io::Error::other("not confirmed")) } else { Ok(()) }
    }
}

impl Disk for Recorder {
    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.alive()?;
        let log = Path::new(DATA).join("log");
        let held = state.files.keys().chain([&log]).filter(|it| it.parent() == Some(dir));
        Ok(held.map(|it| it.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.alive()?.steps.push(Step::DirSynced(dir.to_owned()));
        Ok(())
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn File>> {
        let mut state = self.alive()?;
        if !state.files.contains_key(path) {
            if mode == Mode::Read {
                return Err(io::ErrorKind::NotFound.into());
            }
            state.files.insert(path.to_owned(), Vec::new());
            state.steps.push(Step::Made(path.to_owned()));
        }
        Ok(Box::new(Open { disk: self.clone(), path: path.to_owned() }))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn File>>> {
        let free = self.alive()?.locked.insert(path.to_owned());
        Ok(free.then(|| Box::new(Lock { disk: self.clone(), path: path.to_owned() }) as Box<dyn File>))
    }
}

pub(crate) fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "ndjson")
}

struct Open {
    disk: Recorder,
    path: PathBuf,
}

impl File for Open {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.alive()?.files[&self.path].len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let state = self.disk.alive()?;
        let from = state.files[&self.path].get(at as usize..).unwrap_or_default();
        let read = buffer.len().min(from.len());
        buffer[..read].copy_from_slice(&from[..read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        let mut state = self.disk.alive()?;
        let taken = if is_segment(&self.path) { state.taken(bytes.len())? } else { bytes.len() };
        let (at, bytes) = (at as usize, bytes[..taken].to_vec());
        put(state.files.get_mut(&self.path).unwrap(), at, &bytes);
        state.steps.push(Step::Wrote { path: self.path.clone(), at, bytes });
        Ok(taken)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.alive()?;
        let len = len as usize;
        state.files.get_mut(&self.path).unwrap().resize(len, 0);
        state.steps.push(Step::Cut { path: self.path.clone(), len });
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.alive()?;
        if is_segment(&self.path) && state.trouble.deadly_sync == Some(state.syncs) {
            state.kill();
            return Err(io::Error::other("killed"));
        }
        let synced = if is_segment(&self.path) { state.sync() } else { Ok(()) };
        let path = self.path.clone();
        state.steps.push(if synced.is_ok() { Step::Synced(path) } else { Step::SyncFailed(path) });
        synced
    }
}

/// Writes `bytes` at `at`, with zeros between the end and there.
pub(crate) fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

/// The lock, which only says whether it is free.
struct Lock {
    disk: Recorder,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Ok(mut state) = self.disk.alive() {
            state.locked.remove(&self.path);
        }
    }
}

impl File for Lock {
    fn len(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        Ok(0)
    }

    fn write_at(&self, bytes: &[u8], _: u64) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
