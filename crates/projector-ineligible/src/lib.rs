//! The Ineligible view: the customers known to a partner that it may not claim for an engagement, and why (R-006 … R-009).
//!
//! **Duty.** For each known customer without an open claim here, all reasons of the domain's verdict, in its order.
//!
//! **Absent.** No fold of its own: its rows follow from the standing inputs and the time of the query, so nothing here can
//! disagree with `decide` or with the Eligible view. No detail where customers are nominated by opportunity only.
//!
//! **Start** at [`query`].

use claim_domain::verdict::Verdict;
use claim_projector::{
    Definition, INPUTS, Note, Page, Query, QueryError, Row, RowReason, Snapshot, Tab, candidates, published,
};

/// Its name, as in `claimlog view ineligible`.
pub const NAME: &str = "ineligible";

/// Its version.
pub const VERSION: u32 = 1;

/// The view as a runner holds it.
#[must_use]
pub fn definition() -> Definition {
    Definition::computed(NAME, VERSION)
}

/// One page of the view.
///
/// # Errors
/// [`QueryError::EngagementNotFound`] for an engagement that is unknown or has no page, and the other errors of
/// [`QueryError`].
pub fn query(snapshot: &Snapshot<'_>, query: &Query) -> Result<Page, QueryError> {
    snapshot.require(INPUTS.name, INPUTS.version)?;
    let catalog = snapshot.catalog()?;
    let catalog = catalog.at(snapshot.program());
    let published = published(&catalog, &query.engagement)?;
    if published.terms.is_msx_only() {
        return Page::of(snapshot, Tab::Ineligible, query, Vec::new(), Some(msx_only()));
    }
    let candidates = candidates(snapshot, &catalog, &published, query)?;
    let rows = candidates.into_iter().filter_map(|it| match it.verdict {
        Verdict::Eligible { .. } => None,
        Verdict::Ineligible(reasons) => {
            Some(Row { reasons: reasons.iter().map(RowReason::from).collect(), ..it.row })
        }
    });
    Page::of(snapshot, Tab::Ineligible, query, rows.collect(), None)
}

/// Why the view is empty where customers are nominated by opportunity only.
fn msx_only() -> Note {
    Note {
        code: "msx_only".to_owned(),
        message: "Customers of this engagement are nominated by MSX opportunity ID only, so this list is empty by rule; \
                  adding a customer tells why it is refused."
            .to_owned(),
    }
}
