//! The table of a view whose rows are claims: what Eligible and Completed have in common.

use claim_domain::claim::{Origin, Status};
use claim_domain::ids::{ClaimId, CustomerId};
use claim_domain::time::Instant;

use crate::database::{Columns, column, instant, integer, position};
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

/// A table of claims, made by [`claim_table_ddl!`](crate::claim_table_ddl).
#[derive(Clone, Copy, Debug)]
pub struct ClaimTable(pub &'static str);

impl ClaimTable {
    /// Writes the claim as it stands after the event, with its names of now.
    ///
    /// # Errors
    /// [`StoreError::Sql`] when the store refuses.
    pub fn put(self, tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
        let Some(claim) = fact.claim else { return Ok(()) };
        let sql = format!(
            "INSERT INTO {} SELECT claim, customer, partner, engagement, name, friendly_name, \
             ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM claims WHERE claim = ?1 \
             ON CONFLICT (claim) DO UPDATE SET name = excluded.name, friendly_name = excluded.friendly_name, \
             location = excluded.location, status = excluded.status, origin = excluded.origin, \
             next_due_at_ms = excluded.next_due_at_ms, updated_at_ms = excluded.updated_at_ms, \
             partition = excluded.partition, sequence = excluded.sequence",
            self.0
        );
        let row = params![
            claim.id.to_string(),
            claim.location.as_str(),
            claim.status.to_string(),
            origin(claim.origin),
            claim.deadline().map(|it| it.due_at.as_ms()),
            claim.updated_at.as_ms(),
            fact.position.partition.to_string(),
            integer(fact.position.sequence),
        ];
        tables.overtake(self.0, claim.id.to_string());
        tables.write(&sql, row).map(drop)
    }

    /// Brings status, deadline and position of the claim up to date, if the table holds it; its names stay.
    pub fn touch(self, tables: &Tables<'_>, fact: &Fact<'_>) {
        let Some(claim) = fact.claim else { return };
        let sql = format!(
            "UPDATE {} SET status = ?2, next_due_at_ms = ?3, updated_at_ms = ?4, partition = ?5, sequence = ?6 \
             WHERE claim = ?1",
            self.0
        );
        let row = params![
            claim.id.to_string(),
            claim.status.to_string(),
            claim.deadline().map(|it| it.due_at.as_ms()),
            claim.updated_at.as_ms(),
            fact.position.partition.to_string(),
            integer(fact.position.sequence),
        ];
        tables.write_last(self.0, claim.id.to_string(), &sql, row);
    }

    /// Takes the claim out.
    ///
    /// # Errors
    /// [`StoreError::Sql`] when the store refuses.
    pub fn remove(self, tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
        let Some(claim) = fact.claim else { return Ok(()) };
        tables.overtake(self.0, claim.id.to_string());
        tables
            .write(&format!("DELETE FROM {} WHERE claim = ?1", self.0), params![claim.id.to_string()])
            .map(drop)
    }

    /// The rows of one page's partner and engagement. Identifiers and facts are added to those that are shown.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn rows(self, snapshot: &Snapshot<'_>, query: &Query) -> Result<Vec<Row>, StoreError> {
        let sql = format!("SELECT * FROM {} WHERE partner = ?1 AND engagement = ?2", self.0);
        let of_page = params![query.partner.as_str(), query.engagement.as_str()];
        snapshot.query("reading a view", &sql, of_page, |row| read(row, query.at))
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
