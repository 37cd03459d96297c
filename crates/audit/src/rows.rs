//! The state table as this audit reads it, apart from `decide` and `evolve` (DOMAIN §4; I-08, I-09, I-13, I-14, I-17).

use claim_domain::catalog::CatalogAt;
use claim_domain::claim::Status;
use claim_domain::customer::{Customer, Stamp};
use claim_domain::event::Event;
use claim_domain::ids::{EngagementId, PartnerId};

use crate::report::What;

/// Something about an event: what is wrong, what should be, what is.
pub(crate) type Wrong = (What, String, String);

/// What a row does to the status.
enum To {
    Same,
    Becomes(Status),
}

use Status::{
    Approved, AwaitingConsent, Canceled, ConsentDeclined, ConsentExpired, ConsentReceived, CustomerClaimed,
    Disputed, DisputedExpired, NotSubmittedExpired, PartnerActionRequired, PostSubmissionExpired, Rejected,
    RejectedFinal, Submitted, UnderReview,
};

/// Applies an event to its customer, as it is recorded, and tells what no row allows.
pub(crate) fn apply(
    customer: &mut Customer,
    event: &Event,
    stamp: Stamp,
    catalog: Option<CatalogAt<'_>>,
    tell: &mut impl FnMut(Wrong),
) {
    let status = |customer: &Customer| Some(customer.claims.get(&event.claim()?)?.status);
    let before = status(customer);
    match event {
        Event::CustomerAdded(it) => creation(customer, &it.partner, &it.engagement, before, catalog, tell),
        Event::CustomerClaimed(it) => creation(customer, &it.partner, &it.engagement, before, catalog, tell),
        _ => intent(customer, event, tell),
    }
    customer.evolve(event, stamp);
    let Some((from, to)) = row(event) else { return };
    let after = match (to, before) {
        (To::Becomes(status), _) => Some(status),
        (To::Same, before) => before,
    };
    if !before.is_some_and(|it| from.contains(&it)) {
        let expected = format!("{} of a claim that is one of {from:?}", event.event_type());
        tell((What::WrongTransition, expected, shown(before)));
    } else if status(customer) != after {
        let expected = format!("{} after {}", shown(after), event.event_type());
        tell((What::WrongTransition, expected, shown(status(customer))));
    }
}

fn shown(status: Option<Status>) -> String {
    status.map_or_else(|| "no such claim".to_owned(), |it| it.to_string())
}

/// one open claim, and fewer claims than the limit, before another is made.
fn creation(
    customer: &Customer,
    partner: &PartnerId,
    engagement: &EngagementId,
    before: Option<Status>,
    catalog: Option<CatalogAt<'_>>,
    tell: &mut impl FnMut(Wrong),
) {
    if before.is_some() {
        tell((What::WrongTransition, "a claim that is new".to_owned(), shown(before)));
    }
    if let Some(open) = customer.open.get(&(partner.clone(), engagement.clone())) {
        let expected = format!("no open claim of {partner} on {engagement}");
        tell((What::TooMany, expected, format!("{open} is open")));
    }
    if let Some(published) = catalog.and_then(|it| it.newest(engagement)) {
        let count = customer.count(engagement, partner, published.terms.scope);
        if count >= published.terms.limit {
            let expected = format!("fewer than {} counted claims on {engagement}", published.terms.limit);
            tell((What::TooMany, expected, format!("{count} are counted")));
        }
    }
}

/// at most one referral, one upgrade, one closing.
fn intent(customer: &Customer, event: &Event, tell: &mut impl FnMut(Wrong)) {
    use claim_domain::effect::EffectFamily;
    let Some(family) = event.intends().map(|it| it.family()).filter(|it| *it != EffectFamily::Mail) else {
        return;
    };
    let claim = event.claim().and_then(|it| customer.claim(it));
    if claim.is_some_and(|it| it.ever_intended(family)) {
        let expected = format!("at most one {} of a claim", event.event_type());
        tell((What::TooMany, expected, "it was intended before".to_owned()));
    }
    if family == EffectFamily::CoSell && claim.is_some_and(|it| it.referral.is_none()) {
        let expected = "an upgrade only of a referral that stands (R-085)".to_owned();
        tell((What::WrongTransition, expected, "no referral stands".to_owned()));
    }
}

/// Whether an event gives its claim a status: it makes it, or its row does.
#[must_use]
pub fn moves(event: &Event) -> bool {
    let makes = matches!(event, Event::CustomerAdded(_) | Event::CustomerClaimed(_));
    makes || matches!(row(event), Some((_, To::Becomes(_))))
}

/// The row of an event: from which statuses, to which; none for what concerns no status.
fn row(event: &Event) -> Option<(&'static [Status], To)> {
    use To::{Becomes, Same};
    let row: (&[Status], To) = match event {
        Event::ConsentRequested(_) => (&[CustomerClaimed], Becomes(AwaitingConsent)),
        Event::ConsentReminderRequested(_) => (&[AwaitingConsent], Same),
        Event::CustomerConsentReceived(_) => (&[AwaitingConsent], Becomes(ConsentReceived)),
        Event::CustomerConsentDeclined(_) => (&[AwaitingConsent], Becomes(ConsentDeclined)),
        Event::CustomerConsentExpired(_) => (&[CustomerClaimed, AwaitingConsent], Becomes(ConsentExpired)),
        Event::ClaimCanceled(_) => (&[CustomerClaimed, AwaitingConsent, ConsentReceived], Becomes(Canceled)),
        Event::ProofUploaded(_)
        | Event::CustomerSurveyRequested(_)
        | Event::CustomerSurveyCompleted(_)
        | Event::PartnerSurveyCompleted(_) => (&[ConsentReceived, PartnerActionRequired, Disputed], Same),
        Event::ContactsUpdated(_) => {
            (&[CustomerClaimed, AwaitingConsent, ConsentReceived, PartnerActionRequired, Disputed], Same)
        }
        Event::CommentAdded(_) => (
            &[
                CustomerClaimed,
                AwaitingConsent,
                ConsentReceived,
                Submitted,
                UnderReview,
                PartnerActionRequired,
                Rejected,
                Disputed,
            ],
            Same,
        ),
        Event::ClaimSubmitted(_) => (&[ConsentReceived], Becomes(Submitted)),
        Event::ClaimNotSubmittedExpired(_) => (&[ConsentReceived], Becomes(NotSubmittedExpired)),
        Event::ReviewStarted(_) => (&[Submitted], Becomes(UnderReview)),
        Event::PartnerActionRequested(_) => (&[UnderReview], Becomes(PartnerActionRequired)),
        Event::ClaimResubmitted(_) => (&[PartnerActionRequired], Becomes(Submitted)),
        Event::ClaimPostSubmissionExpired(_) => (&[PartnerActionRequired], Becomes(PostSubmissionExpired)),
        Event::ClaimApproved(_) => (&[UnderReview], Becomes(Approved)),
        Event::ClaimRejected(_) => (&[UnderReview], Becomes(Rejected)),
        Event::ClaimDisputed(_) => (&[Rejected], Becomes(Disputed)),
        Event::DisputeSubmitted(_) => (&[Disputed], Becomes(Submitted)),
        Event::ClaimDisputeExpired(_) => (&[Rejected, Disputed], Becomes(DisputedExpired)),
        Event::ClaimRejectedFinal(_) => (&[UnderReview], Becomes(RejectedFinal)),
        Event::PaymentRecorded(_) => (&[Approved], Same),
        Event::ReferralConditionsMet(_)
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
        | Event::EffectRetryRequested(_)
        | Event::CustomerAdded(_)
        | Event::CustomerClaimed(_)
        | Event::CustomerFactsRecorded(_)
        | Event::IdentityConflictSeen(_)
        | Event::EngagementPublished(_)
        | Event::EngagementRetired(_)
        | Event::LocationEnrolled(_)
        | Event::LocationSuspended(_)
        | Event::PartnerEligibilityRecorded(_) => return None,
    };
    Some(row)
}
