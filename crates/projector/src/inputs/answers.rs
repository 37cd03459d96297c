//! Where the answer to each command stands.

use std::collections::BTreeMap;

use claim_domain::asker::Source;
use claim_domain::command::CommandType;
use claim_domain::ids::CommandId;
use claim_journal::{Decision, Position, Ruling};

use crate::database::{Database, Value, column, integer, position};
use crate::error::StoreError;
use crate::params;
use crate::stored::{read_json, read_text};

/// One answer to a command. The whole outcome is read again from the log, so that it is the same to the byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The source of the command.
    pub source: Source,
    /// Its type.
    pub command_type: CommandType,
    /// Where the decision stands.
    pub position: Position,
    /// Where the log holds its record.
    pub offset: u64,
    /// The code of the refusal; none: accepted.
    pub code: Option<String>,
}

/// Writes a row.
pub(super) const WRITE: &str = "INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// A row of `outcomes`, its key first but for the offset.
pub(super) type Row = [Value<'static>; 7];

/// Where the answer stands; a deadline has no asker, and no answer.
pub(super) fn row(decision: &Decision, position: Position, offset: u64) -> Option<Row> {
    let asked = decision.asked()?;
    let code = match &decision.outcome {
        Ruling::Accepted(_) => None,
        Ruling::Refused(reason) => Some(reason.refusal.code()),
    };
    Some(params![
        asked.id.to_string(),
        asked.source.to_string(),
        position.partition.to_string(),
        integer(position.sequence),
        integer(offset),
        asked.content.command_type().as_str(),
        code,
    ])
}

/// The answers under an id, of every source: first the one that stands, then those told that the id was reused.
pub(crate) fn answers(database: &Database, id: CommandId) -> Result<Vec<Answered>, StoreError> {
    let sql = "SELECT source, command_type, code, at_offset, partition, sequence FROM outcomes WHERE command = ?1 \
               ORDER BY source, coalesce(code, '') = 'command_id_reused', partition, sequence";
    database.query("reading an outcome", sql, params![id.to_string()], |row| {
        let command_type: String = column(row, "command_type")?;
        let offset: i64 = column(row, "at_offset")?;
        Ok(Answered {
            source: read_text("a source", &column::<String>(row, "source")?)?,
            command_type: read_json("a type of command", &format!("\"{command_type}\""))?,
            position: position(row)?,
            offset: u64::try_from(offset).unwrap_or(0),
            code: column(row, "code")?,
        })
    })
}

/// How many commands were refused with each code.
pub(crate) fn refusals(database: &Database) -> Result<BTreeMap<String, u64>, StoreError> {
    let sql = "SELECT code, count(*) AS times FROM outcomes WHERE code IS NOT NULL GROUP BY code";
    let found = database.query("counting refusals", sql, params![], |row| {
        let times: i64 = column(row, "times")?;
        Ok((column(row, "code")?, u64::try_from(times).unwrap_or(0)))
    })?;
    Ok(found.into_iter().collect())
}
