//! Two tables row by row, both ways.

use std::cmp::Ordering;
use std::fmt;

use rusqlite::types::Value;
use rusqlite::{Connection, Rows};
use serde::Serialize;

use crate::error::StoreError;

/// The first row in which a live table and a fresh fold differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The row's primary key, `column=value`.
    pub key: Vec<String>,
    /// How it differs.
    #[serde(flatten)]
    pub kind: DifferenceKind,
}

/// How a row differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The journal makes this row, and the live table has it not.
    Missing,
    /// The live table has this row, and the journal does not make it.
    Unexpected,
    /// Both have the row, with different values in a column.
    Changed {
        /// The column.
        column: String,
        /// What the live table holds.
        live: String,
        /// What the journal makes.
        fresh: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, kind } = self;
        write!(f, "table {table}, row {}: ", key.join(", "))?;
        match kind {
            DifferenceKind::Missing => f.write_str("missing; the journal makes it"),
            DifferenceKind::Unexpected => f.write_str("there; the journal does not make it"),
            DifferenceKind::Changed { column, live, fresh } => {
                write!(f, "column {column} is {live}; the journal makes {fresh}")
            }
        }
    }
}

/// Compares one table of two databases; answers how many rows were compared and the first difference.
pub(crate) fn compare(
    table: &str,
    live: &Connection,
    fresh: &Connection,
) -> Result<(u64, Option<Difference>), StoreError> {
    let doing = || format!("comparing table {table}");
    let shape = Shape::of(table, fresh)?;
    let sql = shape.select(table);
    let mut live = live.prepare(&sql).map_err(StoreError::sql(doing()))?;
    let mut fresh = fresh.prepare(&sql).map_err(StoreError::sql(doing()))?;
    let mut live = live.query([]).map_err(StoreError::sql(doing()))?;
    let mut fresh = fresh.query([]).map_err(StoreError::sql(doing()))?;
    let mut compared = 0;
    loop {
        let (left, right) = (shape.next(&mut live)?, shape.next(&mut fresh)?);
        let (row, kind) = match (left, right) {
            (None, None) => return Ok((compared, None)),
            (Some(row), None) => (row, DifferenceKind::Unexpected),
            (None, Some(row)) => (row, DifferenceKind::Missing),
            (Some(left), Some(right)) => match shape.order(&left, &right) {
                Ordering::Less => (left, DifferenceKind::Unexpected),
                Ordering::Greater => (right, DifferenceKind::Missing),
                Ordering::Equal => match shape.changed(&left, &right) {
                    Some(changed) => (left, changed),
                    None => {
                        compared += 1;
                        continue;
                    }
                },
            },
        };
        let key = shape.key.iter().map(|&at| format!("{}={}", shape.columns[at], text(&row[at]))).collect();
        return Ok((compared, Some(Difference { table: table.to_owned(), key, kind })));
    }
}

/// The columns of a table, and which of them make its primary key.
struct Shape {
    columns: Vec<String>,
    key: Vec<usize>,
}

impl Shape {
    fn of(table: &str, connection: &Connection) -> Result<Self, StoreError> {
        let doing = || format!("reading the columns of table {table}");
        let mut statement = connection
            .prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")
            .map_err(StoreError::sql(doing()))?;
        let rows = statement
            .query_map([table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
            .map_err(StoreError::sql(doing()))?;
        let rows: Vec<_> = rows.collect::<Result<_, _>>().map_err(StoreError::sql(doing()))?;
        let mut key: Vec<_> = (0..rows.len()).filter(|&at| rows[at].1 > 0).collect();
        key.sort_by_key(|&at| rows[at].1);
        Ok(Self { columns: rows.into_iter().map(|(name, _)| name).collect(), key })
    }

    fn select(&self, table: &str) -> String {
        let key: Vec<_> = self.key.iter().map(|&at| self.columns[at].as_str()).collect();
        format!("SELECT {} FROM {table} ORDER BY {}", self.columns.join(", "), key.join(", "))
    }

    fn next(&self, rows: &mut Rows<'_>) -> Result<Option<Vec<Value>>, StoreError> {
        let doing = "comparing a row";
        let Some(row) = rows.next().map_err(StoreError::sql(doing))? else { return Ok(None) };
        (0..self.columns.len())
            .map(|at| row.get(at).map_err(StoreError::sql(doing)))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The order of the keys, as SQLite sorts them: numbers by size, texts by bytes.
    fn order(&self, left: &[Value], right: &[Value]) -> Ordering {
        let one = |at: usize| match (&left[at], &right[at]) {
            (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
            (left, right) => text(left).cmp(&text(right)),
        };
        self.key.iter().map(|&at| one(at)).find(|it| it.is_ne()).unwrap_or(Ordering::Equal)
    }

    fn changed(&self, left: &[Value], right: &[Value]) -> Option<DifferenceKind> {
        let at = (0..self.columns.len()).find(|&at| left[at] != right[at])?;
        Some(DifferenceKind::Changed {
            column: self.columns[at].clone(),
            live: text(&left[at]),
            fresh: text(&right[at]),
        })
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
