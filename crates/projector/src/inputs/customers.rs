//! Customers while they are folded: read once, kept for the next batches, written once a batch.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use claim_domain::claim::Claim;
use claim_domain::customer::{Customer, Stamp};
use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CustomerId};
use claim_journal::Position;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;
use crate::sql::{integer, read_json, write_json};

/// How many customers to keep between batches: enough for those that are busy, little enough to be cheap.
const KEPT: usize = 8_000;

/// The customers of the batches lately folded.
#[derive(Debug, Default)]
pub(crate) struct Customers {
    kept: HashMap<CustomerId, Kept>,
    changed: BTreeSet<CustomerId>,
}

/// One customer, with as many of its claims as events were about.
#[derive(Debug)]
struct Kept {
    customer: Customer,
    changed: BTreeMap<ClaimId, Position>,
}

impl Customers {
    /// Applies one event; answers the claim it is about, after it.
    pub(crate) fn evolve(
        &mut self,
        connection: &Connection,
        id: CustomerId,
        event: &Event,
        stamp: Stamp,
        position: Position,
    ) -> Result<Option<&Claim>, StoreError> {
        let kept = match self.kept.entry(id) {
            Entry::Occupied(kept) => kept.into_mut(),
            Entry::Vacant(place) => {
                let customer = read_customer(connection, id)?.unwrap_or_default();
                place.insert(Kept { customer, changed: BTreeMap::new() })
            }
        };
        let about = event.claim();
        if let Some(about) = about
            && !kept.customer.claims.contains_key(&about)
            && let Some(claim) = read_claim(connection, about)?
        {
            kept.customer.claims.insert(about, claim);
        }
        kept.customer.evolve(event, stamp);
        self.changed.insert(id);
        let claim = about.and_then(|it| kept.customer.claims.get(&it));
        if let Some(claim) = claim {
            kept.changed.insert(claim.id, position);
        }
        Ok(claim)
    }

    /// Writes what changed since the last time.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<(), StoreError> {
        for id in take(&mut self.changed) {
            if let Some(kept) = self.kept.get_mut(&id) {
                write_kept(connection, id, kept)?;
            }
        }
        if self.kept.len() > KEPT {
            self.kept.clear();
        }
        Ok(())
    }
}

fn write_kept(connection: &Connection, id: CustomerId, kept: &mut Kept) -> Result<(), StoreError> {
    let claims = take(&mut kept.customer.claims);
    let state = write_json("a customer", &kept.customer);
    kept.customer.claims = claims;
    let state = state?;
    let doing = "writing a customer";
    let run = || {
        let sql = "INSERT INTO customers VALUES (?1, ?2) ON CONFLICT DO UPDATE SET state = excluded.state";
        connection.prepare_cached(sql)?.execute(params![id.to_string(), state])
    };
    run().map_err(StoreError::sql(doing))?;
    for (claim, position) in take(&mut kept.changed) {
        let Some(claim) = kept.customer.claims.get(&claim) else { continue };
        let state = write_json("a claim", claim)?;
        let run = || {
            let sql = "UPDATE claims SET status = ?2, state = ?3, updated_at_ms = ?4, partition = ?5, sequence = ?6 \
                       WHERE claim = ?1";
            connection.prepare_cached(sql)?.execute(params![
                claim.id.to_string(),
                claim.status.to_string(),
                state,
                claim.updated_at.as_ms(),
                position.partition.to_string(),
                integer(position.sequence),
            ])
        };
        run().map_err(StoreError::sql(doing))?;
    }
    Ok(())
}

/// A customer without its claims.
pub(crate) fn read_customer(connection: &Connection, id: CustomerId) -> Result<Option<Customer>, StoreError> {
    let sql = "SELECT state FROM customers WHERE customer = ?1";
    read(connection, sql, &id.to_string())?.map(|it| read_json("a customer", &it)).transpose()
}

fn read_claim(connection: &Connection, id: ClaimId) -> Result<Option<Claim>, StoreError> {
    let sql = "SELECT state FROM claims WHERE claim = ?1";
    read(connection, sql, &id.to_string())?.map(|it| read_json("a claim", &it)).transpose()
}

fn read(connection: &Connection, sql: &str, key: &str) -> Result<Option<String>, StoreError> {
    let run = || connection.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional();
    run().map_err(StoreError::sql("reading a customer"))
}
