//! Customers while they are folded: read once, kept for the next batches, written once a batch.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use claim_domain::claim::Claim;
use claim_domain::customer::{Customer, Stamp};
use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CustomerId};
use claim_journal::Position;

use crate::database::{Database, column, integer};
use crate::error::StoreError;
use crate::inputs::NewClaims;
use crate::params;
use crate::stored::read_json;
use crate::trace::{Shared, Trace};

/// How many customers to keep between batches: enough for those that are busy, little enough to be cheap.
const KEPT: usize = 8_000;

/// Room for a claim as JSON.
const SPELT: usize = 2_048;

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
    /// It without its claims, as JSON, since it was last written.
    state: Vec<u8>,
    changed: BTreeMap<ClaimId, Changed>,
}

/// What became of a claim since it was last written.
#[derive(Debug)]
struct Changed {
    position: Position,
    /// It as JSON.
    state: Vec<u8>,
}

impl Customers {
    /// Applies one event; answers the claim it is about, after it.
    pub(crate) fn evolve(
        &mut self,
        database: &Database,
        id: CustomerId,
        event: &Event,
        stamp: Stamp,
        position: Position,
        trace: &Shared,
    ) -> Result<Option<&Claim>, StoreError> {
        let kept = match self.kept.entry(id) {
            Entry::Occupied(kept) => kept.into_mut(),
            Entry::Vacant(place) => {
                let customer = read_customer(database, id)?.unwrap_or_default();
                place.insert(Kept { customer, state: Vec::new(), changed: BTreeMap::new() })
            }
        };
        let about = event.claim();
        let is_new = matches!(event, Event::CustomerAdded(_) | Event::CustomerClaimed(_));
        if let Some(about) = about
            && !is_new
            && !kept.customer.claims.contains_key(&about)
            && let Some(claim) = read_claim(database, about)?
        {
            kept.customer.claims.insert(about, Box::new(claim));
        }
        kept.customer.evolve(event, stamp);
        self.changed.insert(id);
        kept.spell(about, position, &mut trace.borrow_mut())?;
        Ok(about.and_then(|it| kept.customer.claim(it)))
    }

    /// Writes what changed since the last time; of claims that are `new` all that is told of them.
    pub(crate) fn write(&mut self, database: &Database, new: &mut NewClaims) -> Result<(), StoreError> {
        for id in take(&mut self.changed) {
            if let Some(kept) = self.kept.get_mut(&id) {
                kept.write(database, id, new)?;
            }
        }
        if self.kept.len() > KEPT {
            self.kept.clear();
        }
        Ok(())
    }
}

impl Kept {
    /// Spells what the domain's own fold made of an event, the claim it is about and the customer without its claims, to be
    /// written at the end of the batch; the trace is what is spelt.
    fn spell(
        &mut self,
        about: Option<ClaimId>,
        position: Position,
        trace: &mut Trace,
    ) -> Result<(), StoreError> {
        if let Some(claim) = about.and_then(|it| self.customer.claim(it)) {
            let changed = self.changed.entry(claim.id);
            let changed = changed.or_insert_with(|| Changed { position, state: Vec::with_capacity(SPELT) });
            changed.position = position;
            trace.state(claim, &mut changed.state)?;
        }
        let claims = take(&mut self.customer.claims);
        let done = trace.state(&self.customer, &mut self.state);
        self.customer.claims = claims;
        done
    }

    fn write(&mut self, database: &Database, id: CustomerId, new: &mut NewClaims) -> Result<(), StoreError> {
        let doing = "writing a customer";
        let sql = "INSERT INTO customers VALUES (?1, ?2) ON CONFLICT (customer) DO UPDATE SET state = excluded.state";
        database.execute(doing, sql, params![id.to_string(), text("a customer", take(&mut self.state))?])?;
        for (id, Changed { position, state }) in take(&mut self.changed) {
            let Some(claim) = self.customer.claim(id) else { continue };
            let status = claim.status.to_string();
            let state = text("a claim", state)?;
            let (updated_at, partition) = (claim.updated_at.as_ms(), position.partition.to_string());
            let state = params![status, state, updated_at, partition, integer(position.sequence)];
            let (sql, row): (_, Vec<_>) = match new.take(id) {
                Some(told) => (
                    "INSERT INTO claims (claim, customer, partner, engagement, identifier, name, contacts, \
                     contacts_at_ms, friendly_name, mismatch_reason, status, state, updated_at_ms, partition, sequence) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
                    told.into_iter().chain(state).collect(),
                ),
                None => (
                    "UPDATE claims SET status = ?2, state = ?3, updated_at_ms = ?4, partition = ?5, sequence = ?6 \
                     WHERE claim = ?1",
                    params![id.to_string()].into_iter().chain(state).collect(),
                ),
            };
            database.execute(doing, sql, row)?;
        }
        Ok(())
    }
}

fn text(what: &str, spelt: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(spelt).map_err(StoreError::unreadable(what))
}

/// A customer without its claims.
pub(crate) fn read_customer(database: &Database, id: CustomerId) -> Result<Option<Customer>, StoreError> {
    let sql = "SELECT state FROM customers WHERE customer = ?1";
    read(database, sql, &id.to_string())?.map(|it| read_json("a customer", &it)).transpose()
}

fn read_claim(database: &Database, id: ClaimId) -> Result<Option<Claim>, StoreError> {
    let sql = "SELECT state FROM claims WHERE claim = ?1";
    read(database, sql, &id.to_string())?.map(|it| read_json("a claim", &it)).transpose()
}

fn read(database: &Database, sql: &str, key: &str) -> Result<Option<String>, StoreError> {
    database.find("reading a customer", sql, params![key], |row| column(row, "state"))
}
