//! The Completed view: the claims of a partner on an engagement that have ended.
//!
//! **Duty.** One table, one row for each ended claim that is shown. The claim of an *added* customer that declined or
//! never answered is hidden; it stays readable by its id and in its history.
//!
//! **Absent.** No open claims, and no customers without a claim: those are the other views'. No rule: what status a claim
//! has is the domain's word. Closed boxes stay closed.
//!
//! **Start** at [`Completed::apply`](Projector::apply), then [`query`].

use claim_domain::claim::{Claim, Origin, Status};
use claim_domain::event::Event;
use claim_projector::{
    ClaimTable, Fact, INPUTS, Page, Projector, Query, QueryError, Snapshot, StoreError, Tab, Tables,
    claim_table, claim_table_ddl, published,
};

/// The fold.
#[derive(Clone, Copy, Debug)]
pub struct Completed;

const TABLE: ClaimTable = claim_table!("completed");

impl Projector for Completed {
    const NAME: &'static str = "completed";
    const VERSION: u32 = 1;
    const DDL: &'static str = claim_table_ddl!("completed");
    const TABLES: &'static [&'static str] = &["completed"];

    fn apply(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
        match fact.event {
            Event::CustomerConsentDeclined(_)
            | Event::CustomerConsentExpired(_)
            | Event::ClaimCanceled(_)
            | Event::ClaimNotSubmittedExpired(_)
            | Event::ClaimPostSubmissionExpired(_)
            | Event::ClaimApproved(_)
            | Event::ClaimRejectedFinal(_)
            | Event::ClaimDisputeExpired(_) => {
                if fact.claim.is_some_and(is_shown) {
                    TABLE.put(tables, fact);
                }
            }
            // What may still come after the end.
            Event::PaymentRecorded(_)
            | Event::PartnerLedReferralCreated(_)
            | Event::PartnerLedReferralFailed(_)
            | Event::CoSellUpgraded(_)
            | Event::CoSellUpgradeDeclined(_)
            | Event::CoSellUpgradeFailed(_)
            | Event::ReferralClosingIntended(_)
            | Event::ReferralClosed(_)
            | Event::MailDispatched(_)
            | Event::MailFailed(_)
            | Event::MailBounced(_)
            | Event::EffectRetryRequested(_) => TABLE.touch(tables, fact),
            // Of open claims, of customers and of the program.
            Event::CustomerAdded(_)
            | Event::CustomerClaimed(_)
            | Event::ContactsUpdated(_)
            | Event::ConsentRequested(_)
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
            | Event::ReferralConditionsMet(_)
            | Event::ReferralConditionsNotMet(_)
            | Event::PartnerLedReferralIntended(_)
            | Event::CoSellConditionsNotMet(_)
            | Event::CoSellUpgradeIntended(_)
            | Event::CustomerFactsRecorded(_)
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

/// Whether the view shows a claim: one that has ended, but not that of an added customer whose consent was declined or lapsed
///
#[must_use]
pub fn is_shown(claim: &Claim) -> bool {
    let unanswered = matches!(claim.status, Status::ConsentDeclined | Status::ConsentExpired);
    claim.status.is_terminal() && !(claim.origin == Origin::Added && unanswered)
}

/// One page of the view.
///
/// # Errors
/// [`QueryError::EngagementNotFound`] for an engagement that is unknown or has no page, and the other errors of
/// [`QueryError`].
pub fn query(snapshot: &Snapshot<'_>, query: &Query) -> Result<Page, QueryError> {
    snapshot.require(INPUTS.name, INPUTS.version)?;
    snapshot.require(Completed::NAME, Completed::VERSION)?;
    let catalog = snapshot.catalog()?;
    published(&catalog.at(snapshot.program()), &query.engagement)?;
    Page::of(snapshot, Tab::Completed, query, TABLE.rows(snapshot, query)?, None)
}
