//! The views of a data directory: which there are, who may fold into them.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use claim_journal::{Cursor, Offsets};
use claim_log::ReadLog;
use claim_log_embedded::EmbeddedReader;
use claim_projector::{AcceptVoid, Definition, Program, Progress, Runner, SqlError, StoreError, Views};
use claim_projector_completed::Completed;
use claim_projector_eligible::Eligible;
use claim_projector_referral::Referral;
use indicatif::ProgressBar;

use crate::cli::Global;
use crate::output;

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

/// Holds this program against the one that folded the views, before it decides anything, and answers [`known_end`]: what a
/// changed program would make of claims must not be found out after it has decided about them (F-83).
///
/// # Errors
/// When it folds an event otherwise than the program before it, or the views or the log cannot be read.
pub(crate) fn before_deciding(global: &Global) -> Result<u64> {
    let end = known_end(global)?;
    // Another process that folds them was let in itself.
    if end > 0
        && !is_folded_by_this_program(global)?
        && let Some(folding) = Folding::begin_within(global, OTHERS_FOLD_WITHIN)?
    {
        let bar = output::progress("another program folded the views: comparing", None);
        folding.runner.admit(&EmbeddedReader::open(global.data())?, &mut told(&bar))?;
        bar.finish_and_clear();
    }
    Ok(end)
}

fn is_folded_by_this_program(global: &Global) -> Result<bool> {
    Ok(open_read_only(global)?.program()? == Some(Program::this()))
}

/// The end of the log that the views know to be durable; 0 when there are none, or when their server does not answer:
/// commands are decided all the same, and the views come after (F-35).
///
/// # Errors
/// When they cannot be read for another reason.
pub(crate) fn known_end(global: &Global) -> Result<u64> {
    let checkpoints = match open_if_there(global)
        .and_then(|it| Ok(it.map(|it| it.checkpoints()).transpose()?))
    {
        Ok(checkpoints) => checkpoints.unwrap_or_default(),
        Err(error) if is_away(&error) => {
            eprintln!(
                "claimlog: the views do not answer, so the end of the log is not held against them: {error:#}"
            );
            return Ok(0);
        }
        Err(error) => return Err(error),
    };
    Ok(checkpoints.values().map(|it| it.offset + 1).max().unwrap_or(0))
}

/// Whether the server of the views refused or was lost.
fn is_away(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Sql { source: SqlError::Postgres(_), .. }))
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
    pub(crate) fn begin(global: &Global) -> Result<Self> {
        if let Some(begun) = Self::begin_within(global, OTHERS_FOLD_WITHIN)? {
            return Ok(begun);
        }
        let shown = global.data().display();
        eprintln!(
            "claimlog: waiting for another process that folds the views of {shown}, perhaps a `claimlog serve`"
        );
        loop {
            if let Some(begun) = Self::begin_within(global, OTHERS_FOLD_WITHIN)? {
                return Ok(begun);
            }
        }
    }

    /// Waits for the right; none when another process still has it then.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(crate) fn begin_within(global: &Global, patience: Duration) -> Result<Option<Self>> {
        let until = Instant::now() + patience;
        loop {
            match Self::try_begin(global, Offsets::Positions, &AcceptVoid::new())? {
                None if Instant::now() < until => thread::sleep(LOOK_AGAIN),
                begun => return Ok(begun),
            }
        }
    }

    /// Takes the right, if nobody else has it.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(crate) fn try_begin(
        global: &Global,
        offsets: Offsets,
        accept_void: &AcceptVoid,
    ) -> Result<Option<Self>> {
        let (path, lock) = lock(global)?;
        match lock.try_lock() {
            Ok(()) => Self::with(global, lock, offsets, accept_void),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("locking {}", path.display()))
            }
        }
    }

    fn with(global: &Global, lock: File, offsets: Offsets, accept_void: &AcceptVoid) -> Result<Option<Self>> {
        let views = Views::open(global.views()?)?;
        if !views.should_fold()? {
            return Ok(None);
        }
        let runner = Runner::new(views, offsets, definitions())?.accepting(accept_void.clone());
        Ok(Some(Self { runner, _lock: lock }))
    }

    /// Folds what is on the log and not in the views.
    ///
    /// # Errors
    /// When the journal cannot be folded, with the position.
    pub(crate) fn catch_up(&mut self, log: &dyn ReadLog, bar: &ProgressBar) -> Result<Cursor> {
        Ok(self.runner.catch_up(log, &mut told(bar))?)
    }

    /// Folds what comes until `ends` says so.
    ///
    /// # Errors
    /// As [`Self::catch_up`].
    pub(crate) fn follow(
        &mut self,
        log: &dyn ReadLog,
        ends: &(dyn Fn() -> bool + Sync),
        told: &mut dyn FnMut(Cursor),
    ) -> Result<()> {
        Ok(self.runner.follow(log, ends, told)?)
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
fn lock(global: &Global) -> Result<(PathBuf, File)> {
    let path = global.data().join(LOCK);
    let lock = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = lock.with_context(|| format!("opening {}", path.display()))?;
    Ok((path, lock))
}

/// Opens the views for reading only.
///
/// # Errors
/// When there are none.
pub(crate) fn open_read_only(global: &Global) -> Result<Views> {
    Ok(Views::open_read_only(global.views()?)?)
}

/// Opens the views for reading only, if there are any.
///
/// # Errors
/// When they cannot be opened.
pub(crate) fn open_if_there(global: &Global) -> Result<Option<Views>> {
    match Views::open_read_only(global.views()?) {
        Ok(views) => Ok(Some(views)),
        Err(StoreError::Absent { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Shows how far folding has come.
pub(crate) fn told(bar: &ProgressBar) -> impl FnMut(Progress) + '_ {
    |progress| bar.set_position(progress.records)
}
