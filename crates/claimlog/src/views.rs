//! The views of a data directory: which there are, where they are, who may fold into them.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use claim_journal::{Cursor, Offsets};
use claim_log::ReadLog;
use claim_projector::{Definition, Progress, Runner, StoreError, Views};
use claim_projector_completed::Completed;
use claim_projector_eligible::Eligible;
use claim_projector_referral::Referral;
use indicatif::ProgressBar;

/// The file of the views in a data directory.
const VIEWS: &str = "views.sqlite";
/// Whoever folds into them holds this.
const LOCK: &str = "views.lock";

/// How long another command may take to fold before this one says or does something else, and how often it looks.
pub(crate) const OTHERS_FOLD_WITHIN: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Every view: one line each.
pub(crate) fn definitions() -> Vec<Definition> {
    vec![
        Definition::of::<Eligible>(),
        claim_projector_ineligible::definition(),
        Definition::of::<Completed>(),
        Definition::of::<Referral>(),
    ]
}

/// The end of the log that the views know to be durable; 0 when there are none.
pub(crate) fn known_end(data: &Path) -> Result<u64> {
    let views = match Views::open_read_only(&data.join(VIEWS)) {
        Ok(views) => views,
        Err(StoreError::Absent { .. }) => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let checkpoints = views.checkpoints()?;
    Ok(checkpoints.values().map(|it| it.offset + 1).max().unwrap_or(0))
}

/// The right to fold into the views of a directory, for as long as it is kept.
pub(crate) struct Folding {
    runner: Runner,
    _lock: File,
}

impl Folding {
    /// Waits for the right, and says so when that takes long.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(crate) fn begin(data: &Path) -> Result<Self> {
        if let Some(begun) = Self::begin_within(data, OTHERS_FOLD_WITHIN)? {
            return Ok(begun);
        }
        let shown = data.display();
        eprintln!(
            "claimlog: waiting for another process that folds the views of {shown}, perhaps a `claimlog serve`"
        );
        loop {
            if let Some(begun) = Self::begin_within(data, OTHERS_FOLD_WITHIN)? {
                return Ok(begun);
            }
        }
    }

    /// Waits for the right; none when another process still has it then.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(crate) fn begin_within(data: &Path, patience: Duration) -> Result<Option<Self>> {
        let until = Instant::now() + patience;
        loop {
            match Self::try_begin(data)? {
                None if Instant::now() < until => thread::sleep(LOOK_AGAIN),
                begun => return Ok(begun),
            }
        }
    }

    /// Takes the right, if nobody else has it.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(crate) fn try_begin(data: &Path) -> Result<Option<Self>> {
        let (path, lock) = lock(data)?;
        match lock.try_lock() {
            Ok(()) => Self::with(data, lock).map(Some),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("locking {}", path.display()))
            }
        }
    }

    fn with(data: &Path, lock: File) -> Result<Self> {
        let views = Views::open(&data.join(VIEWS))?;
        Ok(Self { runner: Runner::new(views, Offsets::Positions, definitions())?, _lock: lock })
    }

    /// Folds what is on the log and not in the views.
    ///
    /// # Errors
    /// When the journal cannot be folded, with the position.
    pub(crate) fn catch_up(&mut self, log: &dyn ReadLog, bar: &ProgressBar) -> Result<Cursor> {
        Ok(self.runner.catch_up(log, &mut told(bar))?)
    }

    /// Folds a view afresh and swaps it in; all without a name.
    ///
    /// # Errors
    /// As [`Self::catch_up`], and when there is no such view.
    pub(crate) fn rebuild(&mut self, log: &dyn ReadLog, name: Option<&str>, bar: &ProgressBar) -> Result<()> {
        Ok(claim_projector::rebuild(&mut self.runner, log, name, &mut told(bar))?)
    }

    /// The views.
    pub(crate) fn views(&self) -> &Views {
        self.runner.views()
    }
}

/// The file that whoever folds locks.
fn lock(data: &Path) -> Result<(PathBuf, File)> {
    let path = data.join(LOCK);
    let lock = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = lock.with_context(|| format!("opening {}", path.display()))?;
    Ok((path, lock))
}

/// Opens the views for reading only.
///
/// # Errors
/// When there are none.
pub(crate) fn open_read_only(data: &Path) -> Result<Views, StoreError> {
    Views::open_read_only(&data.join(VIEWS))
}

/// Shows how far folding has come.
pub(crate) fn told(bar: &ProgressBar) -> impl FnMut(Progress) + '_ {
    |progress| bar.set_position(progress.records)
}
