//! The journal as Parquet, for those who analyse it with tools of their own: decisions, events, and claims as they are at its
//! end.
//!
//! The columns of each file stand in one table in its module, from which the schema, what the file says of itself and
//! `schemas/parquet.json` are made.

mod claims;
mod decisions;
mod events;
mod files;
mod personal;
mod table;

use std::path::Path;

use claim_journal::{Cursor, Offsets, PartitionId, Position};
use claim_log::{ReadLog, Start};
use serde::Serialize;

use crate::known::Customers;
use crate::records::{Body, Record};
use crate::sound::{AuditError, each_record};

pub use files::Exported;
pub use personal::{Content, Opened, Sealed};

use claims::Claims;
use decisions::DecisionRow;
use files::Files;
use personal::Opening;

/// The number of these columns; it is raised when one is renamed, removed or means something else.
pub const FORMAT: u32 = 1;

/// The journal could not be exported; nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The journal is not sound.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The folder holds such a file, and nothing is overwritten.
    #[error("{0} is there already, and nothing is overwritten: name another folder")]
    There(std::path::PathBuf),
    /// A file could not be written.
    #[error("{doing} failed")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file could not be written as Parquet.
    #[error("{path} could not be written")]
    Parquet {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// Personal data could be neither opened nor said to be erased, which must not look alike (F-86).
    #[error("`{field}` of decision {position} cannot be opened; without personal data it can be exported")]
    Closed {
        /// Where it stands.
        position: String,
        /// Which field.
        field: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// One file of an export, as it is documented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Described {
    /// The name of the file.
    pub file: &'static str,
    /// What one row is.
    pub row: &'static str,
    /// Its columns, in their order.
    pub columns: Vec<DescribedColumn>,
}

/// One column, as it is documented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DescribedColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type in Parquet.
    pub kind: &'static str,
    /// Whether it may be null.
    pub nullable: bool,
    /// What it means.
    pub says: &'static str,
}

/// What the files of an export hold.
#[must_use]
pub fn describe() -> [Described; 3] {
    [decisions::FILE.describe(), events::FILE.describe(), claims::FILE.describe()]
}

/// Writes `decisions.parquet`, `events.parquet` and `claims.parquet` into the folder `dir`, which is made when it is not
/// there. `open` opens what is sealed; `progress` is told how many decisions were written.
///
/// The files appear together at the end, durable; memory grows with the number of claims, never with the length of the
/// journal.
///
/// # Errors
/// [`ExportError`].
pub fn export(
    log: &dyn ReadLog,
    offsets: Offsets,
    dir: &Path,
    open: &mut dyn FnMut(Sealed<'_>) -> Opened,
    progress: &mut dyn FnMut(u64),
) -> Result<Exported, ExportError> {
    let mut files = Files::begin(dir)?;
    let mut writing = Writing {
        files: &mut files,
        opening: Opening::with(open),
        customers: Customers::default(),
        claims: Claims::default(),
        cursor: Cursor::default(),
    };
    let (mut failed, mut decisions) = (None, 0);
    each_record(log, offsets, &Start::beginning(), &mut |record| {
        if failed.is_none() {
            failed = writing.record(record).err();
            decisions += 1;
            progress(decisions);
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let Writing { opening, customers, claims, cursor, .. } = writing;
    claims.write(&customers, opening, &mut files.claims)?;
    files.finish(&cursor)
}

struct Writing<'f, 'o> {
    files: &'f mut Files,
    opening: Opening<'o>,
    customers: Customers,
    claims: Claims,
    cursor: Cursor,
}

impl Writing<'_, '_> {
    fn record(&mut self, record: Record) -> Result<(), ExportError> {
        let Body::Decision(decision, ..) = record.body else { return Ok(()) };
        let position = Position { partition: record.partition, sequence: record.sequence };
        self.cursor.see(position);
        if let (Some(customer), false) = (decision.customer, position.partition == PartitionId::Program) {
            self.customers.apply(customer, &decision, |event, customer, stamp| customer.evolve(event, stamp));
        }
        for (index, event) in decision.events().iter().enumerate() {
            let place = events::Place { position, index, decision: &decision };
            let row = events::row(&place, event, &self.customers, &mut self.opening)?;
            self.files.events.push(&row)?;
            self.claims.saw(&place, event);
        }
        self.files.decisions.push(&DecisionRow { position, offset: record.offset, decision })
    }
}
