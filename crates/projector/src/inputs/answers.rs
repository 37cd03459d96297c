//! Where the answer to each command stands.

use std::collections::BTreeMap;

use claim_domain::asker::Source;
use claim_domain::command::CommandType;
use claim_domain::ids::CommandId;
use claim_journal::{Position, Ruling};
use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::projector::Tables;
use crate::reader::Read;
use crate::sql::{column, integer, position, read_json, read_text};

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

/// Writes where the answer stands; a deadline has no asker, and no answer.
pub(crate) fn record(tables: &Tables<'_>, read: &Read) -> Result<(), StoreError> {
    let Some(asked) = read.decision.asked() else { return Ok(()) };
    let code = match &read.decision.outcome {
        Ruling::Accepted(_) => None,
        Ruling::Refused(reason) => Some(reason.refusal.code()),
    };
    let row = params![
        asked.id.to_string(),
        asked.source.to_string(),
        read.position.partition.to_string(),
        integer(read.position.sequence),
        integer(read.offset),
        asked.content.command_type().as_str(),
        code,
    ];
    tables.write("INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", row).map(drop)
}

/// The answers under an id, of every source: first the one that stands, then those told that the id was reused.
pub(crate) fn answers(connection: &Connection, id: CommandId) -> Result<Vec<Answered>, StoreError> {
    let doing = "reading an outcome";
    let sql = "SELECT source, command_type, code, at_offset, partition, sequence FROM outcomes WHERE command = ?1 \
               ORDER BY source, code IS 'command_id_reused', partition, sequence";
    let mut statement = connection.prepare_cached(sql).map_err(StoreError::sql(doing))?;
    let mut rows = statement.query([id.to_string()]).map_err(StoreError::sql(doing))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(StoreError::sql(doing))? {
        let command_type: String = column(row, "command_type")?;
        let offset: i64 = column(row, "at_offset")?;
        found.push(Answered {
            source: read_text("a source", &column::<String>(row, "source")?)?,
            command_type: read_json("a type of command", &format!("\"{command_type}\""))?,
            position: position(row)?,
            offset: u64::try_from(offset).unwrap_or(0),
            code: column(row, "code")?,
        });
    }
    Ok(found)
}

/// How many commands were refused with each code.
pub(crate) fn refusals(connection: &Connection) -> Result<BTreeMap<String, u64>, StoreError> {
    let doing = "counting refusals";
    let sql = "SELECT code, count(*) FROM outcomes WHERE code IS NOT NULL GROUP BY code";
    let mut statement = connection.prepare_cached(sql).map_err(StoreError::sql(doing))?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
        .map_err(StoreError::sql(doing))?;
    rows.map(|row| {
        let (code, count) = row.map_err(StoreError::sql(doing))?;
        Ok((code, u64::try_from(count).unwrap_or(0)))
    })
    .collect()
}
