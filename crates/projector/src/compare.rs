//! Two tables row by row, both ways.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fmt;

use serde::Serialize;

use crate::database::{Columns, Database, Value, column};
use crate::error::StoreError;
use crate::params;

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

/// How many rows are read at a time.
const AT_ONCE: u32 = 2_000;

/// Compares one table of two databases, of which `fresh` is SQLite; answers how many rows were compared and the first
/// difference.
pub(crate) fn compare(
    table: &str,
    live: &Database,
    fresh: &Database,
) -> Result<(u64, Option<Difference>), StoreError> {
    let shape = Shape::of(table, fresh)?;
    let (mut live, mut fresh) = (Sorted::of(live, &shape), Sorted::of(fresh, &shape));
    let mut compared = 0;
    loop {
        let (left, right) = (live.next()?, fresh.next()?);
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

/// A row, column by column.
type Values = Vec<Value<'static>>;

/// The rows of one table in the order of its primary key, read page by page.
struct Sorted<'s> {
    database: &'s Database,
    shape: &'s Shape,
    page: VecDeque<Values>,
    /// The key of the last row read.
    last: Option<Values>,
    more: bool,
}

impl<'s> Sorted<'s> {
    fn of(database: &'s Database, shape: &'s Shape) -> Self {
        Self { database, shape, page: VecDeque::new(), last: None, more: true }
    }

    fn next(&mut self) -> Result<Option<Values>, StoreError> {
        if self.page.is_empty() && self.more {
            let doing = format!("comparing table {}", self.shape.table);
            let sql = self.shape.select(self.last.is_some());
            let after = self.last.take().unwrap_or_default();
            let page = self.database.query(&doing, &sql, after, |row| self.shape.read(row))?;
            self.more = page.len() >= AT_ONCE as usize;
            self.last = page.last().map(|row| self.shape.key.iter().map(|&at| row[at].clone()).collect());
            self.page = page.into();
        }
        Ok(self.page.pop_front())
    }
}

/// A table: its columns, and which of them make its primary key.
struct Shape {
    table: String,
    columns: Vec<String>,
    key: Vec<usize>,
}

impl Shape {
    fn of(table: &str, database: &Database) -> Result<Self, StoreError> {
        let doing = format!("reading the columns of table {table}");
        let sql = "SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid";
        let rows = database.query(&doing, sql, params![table], |row| {
            Ok((column::<String>(row, "name")?, column::<i64>(row, "pk")?))
        })?;
        let mut key: Vec<_> = (0..rows.len()).filter(|&at| rows[at].1 > 0).collect();
        key.sort_by_key(|&at| rows[at].1);
        let columns = rows.into_iter().map(|(name, _)| name).collect();
        Ok(Self { table: table.to_owned(), columns, key })
    }

    /// The first page, or the one after a key.
    fn select(&self, after: bool) -> String {
        let key: Vec<_> = self.key.iter().map(|&at| self.columns[at].as_str()).collect();
        let (columns, table, key) = (self.columns.join(", "), &self.table, key.join(", "));
        let places: Vec<_> = (1..=self.key.len()).map(|at| format!("?{at}")).collect();
        let beyond = if after { format!("WHERE ({key}) > ({})", places.join(", ")) } else { String::new() };
        format!("SELECT {columns} FROM {table} {beyond} ORDER BY {key} LIMIT {AT_ONCE}")
    }

    fn read(&self, row: &Columns<'_>) -> Result<Values, StoreError> {
        self.columns.iter().map(|name| Ok(row.value(name)?.into_owned())).collect()
    }

    /// The order of the keys, as both stores sort them: numbers by size, texts by bytes.
    fn order(&self, left: &[Value<'_>], right: &[Value<'_>]) -> Ordering {
        let one = |at: usize| match (&left[at], &right[at]) {
            (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
            (left, right) => text(left).cmp(&text(right)),
        };
        self.key.iter().map(|&at| one(at)).find(|it| it.is_ne()).unwrap_or(Ordering::Equal)
    }

    fn changed(&self, left: &[Value<'_>], right: &[Value<'_>]) -> Option<DifferenceKind> {
        let at = (0..self.columns.len()).find(|&at| left[at] != right[at])?;
        Some(DifferenceKind::Changed {
            column: self.columns[at].clone(),
            live: text(&left[at]),
            fresh: text(&right[at]),
        })
    }
}

fn text(value: &Value<'_>) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone().into_owned(),
    }
}
