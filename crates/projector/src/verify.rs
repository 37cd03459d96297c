//! Live views against a fresh fold of the journal, row by row (I-20, I-21).

use claim_journal::{Cursor, Offsets};
use claim_log::ReadLog;
use serde::Serialize;

use crate::compare::{Difference, compare};
use crate::error::{ProjectError, QueryError};
use crate::projector::Definition;
use crate::runner::{Progress, Runner, named};
use crate::views::Views;

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The views compared.
    pub views: Vec<&'static str>,
    /// Up to where.
    pub cursor: Cursor,
    /// How many rows are the same.
    pub rows: u64,
    /// The first that differs; none: the views are what the journal makes.
    pub difference: Option<Difference>,
}

/// Folds the journal afresh up to exactly where the views stand, and compares a view, or all when none is named. Works on
/// views opened read-only, also while another process folds into them: what is compared is one snapshot.
/// The fresh fold is a private SQLite file wherever the views are, so one store is held against the other.
///
/// # Errors
/// [`ProjectError`] when the journal cannot be folded that far; a difference is no error but the answer.
pub fn verify(
    views: &Views,
    offsets: Offsets,
    definitions: &[Definition],
    log: &dyn ReadLog,
    name: Option<&str>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verified, ProjectError> {
    let chosen = named(definitions, name)?;
    let snapshot = views.snapshot()?;
    for schema in &chosen {
        snapshot.require(schema.name, schema.version)?;
    }
    let folded = definitions.iter().filter(|it| chosen.contains(&it.schema)).copied().collect();
    let mut fresh = Runner::new(Views::private()?, offsets, folded)?;
    fresh.fold(log, Some(snapshot.checkpoints().clone()), progress)?;
    let mut verified = Verified {
        views: chosen.iter().map(|it| it.name).collect(),
        cursor: snapshot.cursor(),
        rows: 0,
        difference: None,
    };
    for table in chosen.iter().flat_map(|it| it.tables) {
        let (rows, difference) =
            compare(table, views.database(), fresh.views().database()).map_err(QueryError::from)?;
        verified.rows += rows;
        if difference.is_some() {
            verified.difference = difference;
            break;
        }
    }
    Ok(verified)
}
