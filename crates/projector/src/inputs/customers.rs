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
use crate::params;
use crate::stored::{read_json, write_json};
use crate::trace::{Shared, Trace};

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
                place.insert(Kept { customer, changed: BTreeMap::new() })
            }
        };
        let about = event.claim();
        if let Some(about) = about
            && !kept.customer.claims.contains_key(&about)
            && let Some(claim) = read_claim(database, about)?
        {
            kept.customer.claims.insert(about, Box::new(claim));
        }
        kept.customer.evolve(event, stamp);
        self.changed.insert(id);
        kept.leave_trace(about, &mut trace.borrow_mut())?;
        let claim = about.and_then(|it| kept.customer.claim(it));
        if let Some(claim) = claim {
            kept.changed.insert(claim.id, position);
        }
        Ok(claim)
    }

    /// Writes what changed since the last time.
    pub(crate) fn write(&mut self, database: &Database) -> Result<(), StoreError> {
        for id in take(&mut self.changed) {
            if let Some(kept) = self.kept.get_mut(&id) {
                write_kept(database, id, kept)?;
            }
        }
        if self.kept.len() > KEPT {
            self.kept.clear();
        }
        Ok(())
    }
}

impl Kept {
    /// What the domain's own fold made of an event: the claim it is about, and the customer without its claims.
    fn leave_trace(&mut self, about: Option<ClaimId>, trace: &mut Trace) -> Result<(), StoreError> {
        if let Some(claim) = about.and_then(|it| self.customer.claim(it)) {
            trace.state(claim)?;
        }
        self.without_claims(|customer| trace.state(customer))
    }

    /// What `run` makes of the customer without its claims, which stand by themselves.
    fn without_claims<T>(&mut self, run: impl FnOnce(&Customer) -> T) -> T {
        let claims = take(&mut self.customer.claims);
        let done = run(&self.customer);
        self.customer.claims = claims;
        done
    }
}

fn write_kept(database: &Database, id: CustomerId, kept: &mut Kept) -> Result<(), StoreError> {
    let state = kept.without_claims(|customer| write_json("a customer", customer))?;
    let doing = "writing a customer";
    let sql =
        "INSERT INTO customers VALUES (?1, ?2) ON CONFLICT (customer) DO UPDATE SET state = excluded.state";
    database.execute(doing, sql, params![id.to_string(), state])?;
    for (claim, position) in take(&mut kept.changed) {
        let Some(claim) = kept.customer.claim(claim) else { continue };
        let sql = "UPDATE claims SET status = ?2, state = ?3, updated_at_ms = ?4, partition = ?5, sequence = ?6 \
                   WHERE claim = ?1";
        let row = params![
            claim.id.to_string(),
            claim.status.to_string(),
            write_json("a claim", claim)?,
            claim.updated_at.as_ms(),
            position.partition.to_string(),
            integer(position.sequence),
        ];
        database.execute(doing, sql, row)?;
    }
    Ok(())
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
