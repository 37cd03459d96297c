//! Reading a journal for those who can only tell of a sound one: what is wrong with it is for [`crate::verify`] to list.

use std::collections::BTreeSet;

use claim_journal::Offsets;
use claim_log::{LogError, ReadLog, Start};

use crate::records::{Item, Record, Records};
use crate::report::{Finding, What};

/// A question that has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The journal cannot be read on here.
    #[error(
        "the journal is not sound at partition {}, offset {}: {} (expected {}, found {}); run `claimlog audit verify`",
        .0.partition.map_or_else(String::new, |it| it.to_string()), .0.offset.unwrap_or_default(), .0.what.code(), .0.expected,
        .0.found
    )]
    Unsound(Box<Finding>),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Tells every valid record from `start` on, in the order of the log.
pub(crate) fn each_record(
    log: &dyn ReadLog,
    offsets: Offsets,
    start: &Start,
    tell: &mut dyn FnMut(Record),
) -> Result<(), AuditError> {
    let mut records = Records::new(offsets, BTreeSet::new());
    let mut lines = log.read(start)?;
    while let Some(stored) = lines.next()? {
        let mut wrong = None;
        records.read(&stored, &mut |item| match item {
            Item::Record(record) => tell(record),
            Item::Finding(it) if it.what != What::UnknownRules => wrong = Some(it),
            Item::Finding(_) | Item::Void(_) | Item::Unread | Item::Begun(..) => {}
        });
        if let Some(finding) = wrong {
            return Err(AuditError::Unsound(Box::new(finding)));
        }
    }
    Ok(())
}
