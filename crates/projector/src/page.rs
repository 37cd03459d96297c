//! A page: some rows in a fixed order, and where the next page begins.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use claim_domain::ids::{ClaimId, CustomerId, EngagementId, PartnerId};
use claim_journal::Cursor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{QueryError, StoreError};
use crate::query::{Note, Query, Sort, Tab};
use crate::row::Row;
use crate::snapshot::Snapshot;

/// One page of a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// Which view.
    pub tab: Tab,
    /// Whose.
    pub partner: PartnerId,
    /// Of which engagement.
    pub engagement: EngagementId,
    /// Up to where it is folded.
    pub cursor: Cursor,
    /// The rows.
    pub rows: Vec<Row>,
    /// Give it as `after` for the next page; absent: this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Why the view is empty by rule, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

impl Page {
    /// The page that `query` asks for, of all the rows of a view.
    ///
    /// # Errors
    /// [`QueryError::NotAPageCursor`] when `after` belongs to another order, [`QueryError::Store`] when the store cannot be
    /// read.
    pub fn of(
        snapshot: &Snapshot<'_>,
        tab: Tab,
        query: &Query,
        rows: Vec<Row>,
        note: Option<Note>,
    ) -> Result<Self, QueryError> {
        let after = query.after.as_deref().map(|it| Place::read(it, query)).transpose()?;
        let mut placed: Vec<(Place, Row)> = rows
            .into_iter()
            .filter(|row| query.filter.admits(row))
            .map(|row| (Place::of(&row, query), row))
            .filter(|(place, _)| after.as_ref().is_none_or(|it| it.order(place).is_lt()))
            .collect();
        placed.sort_by(|(left, _), (right, _)| left.order(right));
        let more = placed.len() > query.limit.max(1);
        placed.truncate(query.limit.max(1));
        let next = match placed.last() {
            Some((place, _)) if more => Some(place.write()?),
            _ => None,
        };
        let mut rows: Vec<Row> = placed.into_iter().map(|(_, row)| row).collect();
        for row in &mut rows {
            complete(snapshot, &query.partner, row)?;
        }
        let (partner, engagement) = (query.partner.clone(), query.engagement.clone());
        Ok(Self { tab, partner, engagement, cursor: snapshot.cursor(), rows, next, note })
    }
}

/// What is looked up only for rows that are shown.
fn complete(snapshot: &Snapshot<'_>, partner: &PartnerId, row: &mut Row) -> Result<(), StoreError> {
    let told = snapshot.acquaintances(partner, Some(row.customer))?;
    row.identifiers = told.into_values().flat_map(|it| it.identifiers).collect();
    if let Some(claim) = row.claim
        && let Some(file) = snapshot.claim(claim)?
        && let Some(customer) = snapshot.customer(row.customer)?
    {
        let whose = file.claim.tenant.as_ref().unwrap_or(&file.claim.identifier);
        row.facts_as_of_at = customer.facts.get(whose).map(|it| it.observed_at);
    }
    Ok(())
}

/// The place of a row in an order: its key, and what tells it from every other row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    sort: Sort,
    descending: bool,
    key: Key,
    customer: CustomerId,
    claim: Option<ClaimId>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Key {
    Name(String),
    AtMs(i64),
    /// Last, in either direction.
    Never,
}

impl Place {
    fn of(row: &Row, query: &Query) -> Self {
        let key = match query.sort {
            Sort::Name => Key::Name(row.name.to_lowercase()),
            Sort::Due => row.next_due_at.map_or(Key::Never, |it| Key::AtMs(it.as_ms())),
            Sort::Updated => Key::AtMs(row.updated_at.as_ms()),
        };
        let Query { sort, descending, .. } = *query;
        Self { sort, descending, key, customer: row.customer, claim: row.claim }
    }

    fn order(&self, other: &Self) -> Ordering {
        let keys = match (&self.key, &other.key) {
            (Key::Never, _) | (_, Key::Never) => self.key.cmp(&other.key),
            (left, right) if self.descending => right.cmp(left),
            (left, right) => left.cmp(right),
        };
        keys.then_with(|| (self.customer, self.claim).cmp(&(other.customer, other.claim)))
    }

    fn write(&self) -> Result<String, StoreError> {
        let json = serde_json::to_vec(self).map_err(StoreError::unreadable("a page cursor"))?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }

    fn read(text: &str, query: &Query) -> Result<Self, QueryError> {
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| QueryError::NotAPageCursor)?;
        let place: Self = serde_json::from_slice(&json).map_err(|_| QueryError::NotAPageCursor)?;
        if (place.sort, place.descending) == (query.sort, query.descending) {
            Ok(place)
        } else {
            Err(QueryError::NotAPageCursor)
        }
    }
}
