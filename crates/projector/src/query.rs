//! What is asked of a view.

use std::collections::BTreeSet;

use claim_domain::catalog::{CatalogAt, Published};
use claim_domain::claim::Status;
use claim_domain::ids::{EngagementId, LocationId, PartnerId};
use claim_domain::time::Instant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::QueryError;
use crate::row::Row;

/// The three groups of an engagement's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    /// Open claims, and known customers that may be claimed.
    Eligible,
    /// Known customers that may not be claimed, and why.
    Ineligible,
    /// Claims that have ended.
    Completed,
}

/// By what rows are sorted; ties are in the order of customer and claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// The organisation's name, upper and lower case alike.
    #[default]
    Name,
    /// The next deadline; rows without one come last either way.
    Due,
    /// The last change.
    Updated,
}

/// Which rows to show; everything given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The claim stands in one of these; empty: any, and customers without a claim too.
    pub statuses: BTreeSet<Status>,
    /// The claim is of this location.
    pub location: Option<LocationId>,
    /// The name holds this text, upper and lower case alike.
    pub text: Option<String>,
}

/// One page of one view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Whose page.
    pub partner: PartnerId,
    /// Of which engagement.
    pub engagement: EngagementId,
    /// What time it is for whoever asks; verdicts and `past_due` are of that time.
    pub at: Instant,
    /// Which rows.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// The most rows on a page; at least 1 is given.
    pub limit: usize,
    /// The `next` of the page before.
    pub after: Option<String>,
}

impl Query {
    /// The first page of 100 rows by name.
    #[must_use]
    pub fn first(partner: PartnerId, engagement: EngagementId, at: Instant) -> Self {
        let (filter, sort) = (Filter::default(), Sort::Name);
        Self { partner, engagement, at, filter, sort, descending: false, limit: 100, after: None }
    }
}

/// A remark on a page that is not about a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Its stable code.
    pub code: String,
    /// A sentence that helps.
    pub message: String,
}

impl Filter {
    pub(crate) fn admits(&self, row: &Row) -> bool {
        let text = self.text.as_ref().map(|it| it.to_lowercase());
        (self.statuses.is_empty() || row.status.is_some_and(|it| self.statuses.contains(&it)))
            && (self.location.is_none() || self.location == row.location)
            && text.is_none_or(|it| row.name.to_lowercase().contains(&it))
    }
}

/// The engagement, if it has a Customers page.
///
/// # Errors
/// [`QueryError::EngagementNotFound`] when it is unknown or has none.
pub fn published<'a>(
    catalog: &CatalogAt<'a>,
    engagement: &EngagementId,
) -> Result<Published<'a>, QueryError> {
    catalog
        .newest(engagement)
        .filter(|it| it.terms.is_partner_activity())
        .ok_or_else(|| QueryError::EngagementNotFound { engagement: engagement.clone() })
}
