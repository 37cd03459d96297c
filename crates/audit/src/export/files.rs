//! The three files: written under names of their own, and all there at once at the end.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use claim_journal::Cursor;
use schemars::JsonSchema;
use serde::Serialize;

use super::ExportError;
use super::claims::{self, ClaimRow};
use super::decisions::{self, DecisionRow};
use super::events::{self, EventRow};
use super::table::{Sheet, Table};

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Exported {
    /// How far the journal went.
    pub cursor: Cursor,
    /// The files.
    pub files: Vec<ExportedFile>,
}

/// One file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExportedFile {
    /// Where it is.
    pub path: PathBuf,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// The files while they are written. What is not finished is removed.
pub(super) struct Files {
    dir: PathBuf,
    unfinished: Unfinished,
    pub(super) decisions: Table<DecisionRow>,
    pub(super) events: Table<EventRow>,
    pub(super) claims: Table<ClaimRow>,
}

/// Removes what it names, unless it is emptied before.
struct Unfinished(Vec<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        for path in &self.0 {
            drop(fs::remove_file(path)); // what cannot be removed is seen to be unfinished by its name
        }
    }
}

impl Files {
    pub(super) fn begin(dir: &Path) -> Result<Self, ExportError> {
        fs::create_dir_all(dir).map_err(io_failed(format!("making {}", dir.display())))?;
        for name in [decisions::FILE.file, events::FILE.file, claims::FILE.file] {
            let path = dir.join(name);
            if path.exists() {
                return Err(ExportError::There(path));
            }
        }
        let mut unfinished = Unfinished(Vec::new());
        Ok(Self {
            decisions: begin(&decisions::FILE, dir, &mut unfinished)?,
            events: begin(&events::FILE, dir, &mut unfinished)?,
            claims: begin(&claims::FILE, dir, &mut unfinished)?,
            dir: dir.to_owned(),
            unfinished,
        })
    }

    /// Ends all files and gives them their names.
    pub(super) fn finish(mut self, cursor: &Cursor) -> Result<Exported, ExportError> {
        let told = cursor.to_string();
        let ended = [
            (decisions::FILE.file, self.decisions.finish(&told)?),
            (events::FILE.file, self.events.finish(&told)?),
            (claims::FILE.file, self.claims.finish(&told)?),
        ];
        let mut files = Vec::new();
        for (name, (file, rows)) in ended {
            let synced = file.sync_all().and_then(|()| file.metadata());
            let bytes = synced.map_err(io_failed(format!("syncing {name}")))?.len();
            files.push(ExportedFile { path: self.dir.join(name), rows, bytes });
        }
        for (from, to) in self.unfinished.0.iter().zip(&files) {
            fs::rename(from, &to.path).map_err(io_failed(format!("naming {}", to.path.display())))?;
        }
        self.unfinished.0.clear();
        let synced = File::open(&self.dir).and_then(|it| it.sync_all());
        synced.map_err(io_failed(format!("syncing {}", self.dir.display())))?;
        Ok(Exported { cursor: cursor.clone(), files })
    }
}

fn begin<R>(
    sheet: &'static Sheet<R>,
    dir: &Path,
    unfinished: &mut Unfinished,
) -> Result<Table<R>, ExportError> {
    let path = dir.join(format!("{}.part", sheet.file));
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600); // it holds personal data in the clear
    let file = options.open(&path).map_err(io_failed(format!("making {}", path.display())))?;
    unfinished.0.push(path.clone());
    Table::begin(sheet, &path, file)
}

fn io_failed(doing: String) -> impl FnOnce(io::Error) -> ExportError {
    |source| ExportError::Io { doing, source }
}
