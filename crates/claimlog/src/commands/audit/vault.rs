//! The auditor's folder: the key, the checkpoints that were signed with it, and the hashes of the leaves they are over.
//!
//! It stands beside the data directory, not in it: who can rewrite the log and has the key could sign what he wrote. Whoever
//! needs more than that keeps it on another machine, which only has to read the data directory.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use claim_audit::prove::{Checkpoint, Kept, Key, Leaves, PublicKey};
use claim_journal::Digest;

use crate::cli::Global;
use crate::cli::audit::Folder;

const SECRET: &str = "checkpoint.key";
const PUBLIC: &str = "checkpoint.pub";
const CHECKPOINTS: &str = "checkpoints.ndjson";
const LEAVES: &str = "leaves";

/// An auditor's folder.
pub(super) struct Vault {
    dir: PathBuf,
}

impl Vault {
    /// The folder that is named, or the one beside the data directory.
    pub(super) fn of(global: &Global, named: &Folder) -> Self {
        Self { dir: named.audit_dir.clone().unwrap_or_else(|| global.beside_data("-audit")) }
    }

    /// Whether anything was signed there.
    pub(super) fn is_there(&self) -> bool {
        self.dir.join(CHECKPOINTS).exists()
    }

    /// Where the public key is.
    pub(super) fn public_path(&self) -> PathBuf {
        self.dir.join(PUBLIC)
    }

    /// The public key.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn public(&self) -> Result<PublicKey> {
        public(&self.public_path())
    }

    /// The secret key; a fresh one is made where there is none.
    ///
    /// # Errors
    /// When it can neither be read nor made.
    pub(super) fn key(&self) -> Result<Key> {
        let path = self.dir.join(SECRET);
        if path.exists() {
            let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let secret: Digest =
                text.trim().parse().with_context(|| format!("the key in {}", path.display()))?;
            return Ok(Key::of(&secret.0));
        }
        if self.is_there() {
            bail!(
                "{} is gone, and checkpoints were signed with it: bring it back, or name another folder",
                path.display()
            );
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
            .with_context(|| format!("making {}", self.dir.display()))?;
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).context("asking the system for a key")?;
        let key = Key::of(&secret);
        let own = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        written(&path, own, &format!("{}\n", Digest(secret)))?;
        let path = self.public_path();
        written(&path, File::create(&path), &format!("{}\n", key.public()))?;
        eprintln!("claimlog: made a key; give {} to whoever checks proofs", path.display());
        Ok(key)
    }

    /// What was signed, oldest first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn checkpoints(&self) -> Result<Vec<Checkpoint>> {
        let path = self.dir.join(CHECKPOINTS);
        match File::open(&path) {
            Ok(mut file) => Ok(read(&path, &mut file)?.0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("opening {}", path.display())),
        }
    }

    /// The hashes of leaves that are kept.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn kept(&self) -> Result<Kept> {
        let dir = self.dir.join(LEAVES);
        let mut kept = Kept::new();
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(kept),
            Err(error) => return Err(error).with_context(|| format!("listing {}", dir.display())),
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().and_then(|it| it.to_str()).and_then(|it| it.parse().ok());
            let Some(partition) = name else { continue };
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            kept.insert(partition, bytes.as_chunks().0.iter().map(|it| Digest(*it)).collect());
        }
        Ok(kept)
    }

    /// Keeps a checkpoint, behind the hashes of its leaves: whoever finds it finds them.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn keep(&self, checkpoint: &Checkpoint, leaves: &Leaves) -> Result<()> {
        let path = self.dir.join(CHECKPOINTS);
        let opening = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opening.with_context(|| format!("opening {}", path.display()))?;
        file.lock().with_context(|| format!("locking {}", path.display()))?;
        self.keep_leaves(leaves)?;
        let (_, whole) = read(&path, &mut file)?;
        let mut line = serde_json::to_vec(checkpoint)?;
        line.push(b'\n');
        let appended = file
            .set_len(whole)
            .and_then(|()| file.seek(SeekFrom::Start(whole)))
            .and_then(|_| file.write_all(&line))
            .and_then(|()| file.sync_all());
        appended.with_context(|| format!("writing {}", path.display()))
    }

    fn keep_leaves(&self, leaves: &Leaves) -> Result<()> {
        let dir = self.dir.join(LEAVES);
        fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        let kept = self.kept()?;
        for (partition, hashes) in leaves.kept() {
            let known = kept.get(&partition).map_or(&[][..], Vec::as_slice);
            let (from, new) = match hashes.strip_prefix(known) {
                Some([]) => continue,
                Some(new) => (known.len() as u64 * 32, new),
                None => (0, hashes),
            };
            append(&dir.join(partition.to_string()), from, new)?;
        }
        File::open(&dir).and_then(|it| it.sync_all()).with_context(|| format!("syncing {}", dir.display()))
    }
}

/// A public key as it stands in a file.
///
/// # Errors
/// When there is none.
pub(super) fn public(path: &Path) -> Result<PublicKey> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    text.trim().parse().with_context(|| format!("the public key in {}", path.display()))
}

/// The whole lines of checkpoints, and where they end: one that was torn is not there.
fn read(path: &Path, file: &mut File) -> Result<(Vec<Checkpoint>, u64)> {
    let mut text = String::new();
    file.read_to_string(&mut text).with_context(|| format!("reading {}", path.display()))?;
    let whole = text.rfind('\n').map_or(0, |it| it + 1);
    let lines = text[..whole].lines().map(serde_json::from_str);
    let read: Result<Vec<_>, _> = lines.collect();
    Ok((read.with_context(|| format!("a checkpoint in {}", path.display()))?, whole as u64))
}

fn append(path: &Path, from: u64, hashes: &[Digest]) -> Result<()> {
    let bytes: Vec<u8> = hashes.iter().flat_map(|it| it.0).collect();
    let opening = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    let written = opening.and_then(|mut file| {
        file.set_len(from)?;
        file.seek(SeekFrom::Start(from))?;
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written.with_context(|| format!("writing {}", path.display()))
}

fn written(path: &Path, file: std::io::Result<File>, text: &str) -> Result<()> {
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.with_context(|| format!("writing {}", path.display()))
}
