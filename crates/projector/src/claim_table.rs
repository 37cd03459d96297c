//! The table of a view whose rows are claims: what Eligible and Completed have in common.

use std::collections::btree_map::{BTreeMap, Entry};

use claim_domain::claim::{Origin, Status};
use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CustomerId};
use claim_domain::time::Instant;

use crate::database::{Columns, Database, Value, column, instant, integer, position};
use crate::error::StoreError;
use crate::params;
use crate::projector::{Fact, Tables};
use crate::query::Query;
use crate::row::Row;
use crate::snapshot::Snapshot;
use crate::stored::{read_json, read_text};

/// The statement that creates a [`ClaimTable`] of this name.
#[macro_export]
macro_rules! claim_table_ddl {
    ($table:literal) => {
        concat!(
            "CREATE TABLE ",
            $table,
            " (
  claim TEXT PRIMARY KEY,
  customer TEXT NOT NULL,
  partner TEXT NOT NULL,
  engagement TEXT NOT NULL,
  name TEXT NOT NULL, -- the organisation's, of the newest contacts
  friendly_name TEXT NOT NULL, -- a closed box
  location TEXT NOT NULL,
  status TEXT NOT NULL,
  origin TEXT NOT NULL,
  next_due_at_ms INTEGER, -- of the deadline that runs
  updated_at_ms INTEGER NOT NULL,
  partition TEXT NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;
CREATE INDEX ",
            $table,
            "_of_page ON ",
            $table,
            " (partner, engagement);"
        )
    };
}

/// The [`ClaimTable`] of this name.
#[macro_export]
macro_rules! claim_table {
    ($table:literal) => {
        $crate::ClaimTable {
            name: $table,
            put: concat!(
                "INSERT INTO ",
                $table,
                " SELECT claim, customer, partner, engagement, name, friendly_name, \
                 ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM claims WHERE claim = ?1 \
                 ON CONFLICT (claim) DO UPDATE SET name = excluded.name, friendly_name = excluded.friendly_name, \
                 location = excluded.location, status = excluded.status, origin = excluded.origin, \
                 next_due_at_ms = excluded.next_due_at_ms, updated_at_ms = excluded.updated_at_ms, \
                 partition = excluded.partition, sequence = excluded.sequence"
            ),
            touch: concat!(
                "UPDATE ",
                $table,
                " SET status = ?2, next_due_at_ms = ?3, updated_at_ms = ?4, partition = ?5, sequence = ?6 \
                 WHERE claim = ?1"
            ),
            remove: concat!("DELETE FROM ", $table, " WHERE claim = ?1"),
            read: concat!("SELECT * FROM ", $table, " WHERE partner = ?1 AND engagement = ?2"),
        }
    };
}

/// A table of claims, created by [`claim_table_ddl!`](crate::claim_table_ddl) and named by
/// [`claim_table!`](crate::claim_table).
#[derive(Clone, Copy, Debug)]
pub struct ClaimTable {
    #[doc(hidden)]
    pub name: &'static str,
    #[doc(hidden)]
    pub put: &'static str,
    #[doc(hidden)]
    pub touch: &'static str,
    #[doc(hidden)]
    pub remove: &'static str,
    #[doc(hidden)]
    pub read: &'static str,
}

/// What a row comes to at the end of the batch.
#[derive(Debug)]
enum Waiting {
    /// It is written as a whole, with the names that the claim has then.
    Put {
        row: [Value<'static>; 8],
        /// The claim is new in this batch, so no table holds it yet.
        new: bool,
    },
    /// It is brought up to date, if the table holds it.
    Touched([Value<'static>; 6]),
    /// It is taken out.
    Removed,
}

/// The rows of all claim tables that changed in a batch: a claim changes several times in it, and many a claim comes and goes.
#[derive(Debug, Default)]
pub(crate) struct Rows(Vec<(ClaimTable, BTreeMap<ClaimId, Waiting>)>);

impl Rows {
    fn of(&mut self, table: ClaimTable) -> &mut BTreeMap<ClaimId, Waiting> {
        let at = self.0.iter().position(|(it, _)| it.name == table.name).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push((table, BTreeMap::new()));
        }
        &mut self.0[at].1
    }

    /// Writes them, in the order of their keys. The claims are written.
    pub(crate) fn write(self, database: &Database) -> Result<(), StoreError> {
        let doing = "writing a row of a view";
        for (table, rows) in self.0 {
            for (claim, waiting) in rows {
                match waiting {
                    Waiting::Put { row, .. } => database.execute(doing, table.put, row)?,
                    Waiting::Touched(row) => database.execute(doing, table.touch, row)?,
                    Waiting::Removed => database.execute(doing, table.remove, params![claim.to_string()])?,
                };
            }
        }
        Ok(())
    }
}

impl ClaimTable {
    /// Writes the claim as it stands after the event, with its names: those that it has at the end of the batch, so whoever
    /// shows a claim puts it again when its contacts change. Contacts of a claim that has ended do not.
    pub fn put(self, tables: &Tables<'_>, fact: &Fact<'_>) {
        let Some(claim) = fact.claim else { return };
        let row = params![
            claim.id.to_string(),
            claim.location.as_str().to_owned(),
            claim.status.to_string(),
            origin(claim.origin),
            claim.deadline().map(|it| it.due_at.as_ms()),
            claim.updated_at.as_ms(),
            fact.position.partition.to_string(),
            integer(fact.position.sequence),
        ];
        tables.note(self.put, &row);
        let new = matches!(fact.event, Event::CustomerAdded(_) | Event::CustomerClaimed(_));
        match tables.rows.borrow_mut().of(self).entry(claim.id) {
            Entry::Vacant(place) => {
                place.insert(Waiting::Put { row, new });
            }
            Entry::Occupied(mut place) => {
                let new = new || matches!(place.get(), Waiting::Put { new: true, .. });
                place.insert(Waiting::Put { row, new });
            }
        }
    }

    /// Brings status, deadline and position of the claim up to date, if the table holds it; its names stay.
    pub fn touch(self, tables: &Tables<'_>, fact: &Fact<'_>) {
        let Some(claim) = fact.claim else { return };
        let row = params![
            claim.id.to_string(),
            claim.status.to_string(),
            claim.deadline().map(|it| it.due_at.as_ms()),
            claim.updated_at.as_ms(),
            fact.position.partition.to_string(),
            integer(fact.position.sequence),
        ];
        tables.note(self.touch, &row);
        match tables.rows.borrow_mut().of(self).entry(claim.id) {
            Entry::Vacant(place) => {
                place.insert(Waiting::Touched(row));
            }
            Entry::Occupied(mut place) => match place.get_mut() {
                Waiting::Put { row: [_, _, status, _, due, updated, partition, sequence], .. } => {
                    [_, *status, *due, *updated, *partition, *sequence] = row;
                }
                Waiting::Touched(before) => *before = row,
                Waiting::Removed => {}
            },
        }
    }

    /// Takes the claim out.
    pub fn remove(self, tables: &Tables<'_>, fact: &Fact<'_>) {
        let Some(claim) = fact.claim else { return };
        tables.note(self.remove, &params![claim.id.to_string()]);
        let mut rows = tables.rows.borrow_mut();
        let rows = rows.of(self);
        match rows.get(&claim.id) {
            Some(Waiting::Put { new: true, .. }) => rows.remove(&claim.id),
            Some(_) | None => rows.insert(claim.id, Waiting::Removed),
        };
    }

    /// The rows of one page's partner and engagement. Identifiers and facts are added to those that are shown.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn rows(self, snapshot: &Snapshot<'_>, query: &Query) -> Result<Vec<Row>, StoreError> {
        let of_page = params![query.partner.as_str(), query.engagement.as_str()];
        snapshot.query("reading a view", self.read, of_page, |row| read(row, query.at))
    }
}

fn read(row: &Columns<'_>, at: Instant) -> Result<Row, StoreError> {
    let text = |name: &str| column::<String>(row, name);
    let claim: ClaimId = read_text("a claim id", &text("claim")?)?;
    let status: Status = read_json("a status", &format!("\"{}\"", text("status")?))?;
    let next_due_at = column::<Option<i64>>(row, "next_due_at_ms")?.map(Instant::from_ms);
    Ok(Row {
        customer: CustomerId(read_text("a customer id", &text("customer")?)?),
        name: text("name")?,
        identifiers: Default::default(),
        claim: Some(claim),
        friendly_name: Some(read_json("a friendly name", &text("friendly_name")?)?),
        location: Some(read_text("a location id", &text("location")?)?),
        status: Some(status),
        group: Some(status.group()),
        origin: Some(read_json("an origin", &format!("\"{}\"", text("origin")?))?),
        next_actions: status.next_actions().to_vec(),
        next_due_at,
        reasons: Vec::new(),
        facts_as_of_at: None,
        updated_at: instant(row, "updated_at_ms")?,
        position: position(row)?,
        past_due: next_due_at.is_some_and(|due_at| due_at <= at),
    })
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Added => "added",
        Origin::Claimed => "claimed",
    }
}
