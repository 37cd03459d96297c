//! The Eligible view: the open claims of a partner on an engagement, and the customers it may claim there.
//!
//! **Duty.** One table, one row for each open claim, with what the partner can do next. To these are added, when the
//! view is read, the customers known to the partner for whom the domain's verdict is *eligible*: so a row that says
//! Eligible is accepted by `ClaimCustomer` at that position and time, given valid fields.
//!
//! **Absent.** No verdict of its own, and nothing stored of the computed rows: facts, limits and terms change them without
//! an event of theirs. No ended claim. Closed boxes stay closed.
//!
//! **Start** at [`Eligible::apply`](Projector::apply), then [`query`].

use claim_domain::command::CommandType;
use claim_domain::event::Event;
use claim_domain::verdict::Verdict;
use claim_projector::{
    ClaimTable, Fact, INPUTS, Page, Projector, Query, QueryError, Snapshot, StoreError, Tab, Tables,
    candidates, claim_table, claim_table_ddl, published,
};

/// The fold.
#[derive(Clone, Copy, Debug)]
pub struct Eligible;

const TABLE: ClaimTable = claim_table!("eligible");

impl Projector for Eligible {
    const NAME: &'static str = "eligible";
    const VERSION: u32 = 1;
    const DDL: &'static str = claim_table_ddl!("eligible");
    const TABLES: &'static [&'static str] = &["eligible"];

    fn apply(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
        match fact.event {
            // A new claim, or new contacts and with them perhaps another name.
            Event::CustomerAdded(_) | Event::CustomerClaimed(_) | Event::ContactsUpdated(_) => {
                TABLE.put(tables, fact);
            }
            Event::ConsentRequested(it) if it.contacts.is_some() => TABLE.put(tables, fact),
            // The claim has ended.
            Event::CustomerConsentDeclined(_)
            | Event::CustomerConsentExpired(_)
            | Event::ClaimCanceled(_)
            | Event::ClaimNotSubmittedExpired(_)
            | Event::ClaimPostSubmissionExpired(_)
            | Event::ClaimApproved(_)
            | Event::ClaimRejectedFinal(_)
            | Event::ClaimDisputeExpired(_) => TABLE.remove(tables, fact),
            // Of a claim that is open, or of one that has ended and is not here any more.
            Event::ConsentRequested(_)
            | Event::ConsentReminderRequested(_)
            | Event::CustomerConsentReceived(_)
            | Event::ProofUploaded(_)
            | Event::CustomerSurveyRequested(_)
            | Event::CustomerSurveyCompleted(_)
            | Event::PartnerSurveyCompleted(_)
            | Event::CommentAdded(_)
            | Event::ClaimSubmitted(_)
            | Event::ReviewStarted(_)
            | Event::PartnerActionRequested(_)
            | Event::ClaimResubmitted(_)
            | Event::ClaimRejected(_)
            | Event::ClaimDisputed(_)
            | Event::DisputeSubmitted(_)
            | Event::PaymentRecorded(_)
            | Event::ReferralConditionsMet(_)
            | Event::ReferralConditionsNotMet(_)
            | Event::PartnerLedReferralIntended(_)
            | Event::PartnerLedReferralCreated(_)
            | Event::PartnerLedReferralFailed(_)
            | Event::CoSellConditionsNotMet(_)
            | Event::CoSellUpgradeIntended(_)
            | Event::CoSellUpgraded(_)
            | Event::CoSellUpgradeDeclined(_)
            | Event::CoSellUpgradeFailed(_)
            | Event::ReferralClosingIntended(_)
            | Event::ReferralClosed(_)
            | Event::MailDispatched(_)
            | Event::MailFailed(_)
            | Event::MailBounced(_)
            | Event::EffectRetryRequested(_) => TABLE.touch(tables, fact),
            // Of customers and of the program: they change the computed rows only.
            Event::CustomerFactsRecorded(_)
            | Event::IdentityConflictSeen(_)
            | Event::EngagementPublished(_)
            | Event::EngagementRetired(_)
            | Event::LocationEnrolled(_)
            | Event::LocationSuspended(_)
            | Event::PartnerEligibilityRecorded(_) => {}
        }
        Ok(())
    }
}

/// One page of the view: open claims (a), and customers that may be claimed (b). A retired engagement shows open claims
/// only, since no verdict on it is *eligible*.
///
/// # Errors
/// [`QueryError::EngagementNotFound`] for an engagement that is unknown or has no page, and the other errors of
/// [`QueryError`].
pub fn query(snapshot: &Snapshot<'_>, query: &Query) -> Result<Page, QueryError> {
    snapshot.require(INPUTS.name, INPUTS.version)?;
    snapshot.require(Eligible::NAME, Eligible::VERSION)?;
    let catalog = snapshot.catalog()?;
    let catalog = catalog.at(snapshot.program());
    let published = published(&catalog, &query.engagement)?;
    let mut rows = TABLE.rows(snapshot, query)?;
    for mut candidate in candidates(snapshot, &catalog, &published, query)? {
        if let Verdict::Eligible { .. } = candidate.verdict {
            candidate.row.next_actions = vec![CommandType::ClaimCustomer];
            rows.push(candidate.row);
        }
    }
    Page::of(snapshot, Tab::Eligible, query, rows, None)
}
