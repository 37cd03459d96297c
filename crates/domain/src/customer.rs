//! A customer: the consistency boundary (DESIGN rule 5), folded from its events by `Customer::evolve`.

use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::claim::{Answer, Claim, Deadline, Origin, Payment, ReferralLink, Status};
use crate::command::EffectRef;
use crate::effect::{DoneResult, Effect, EffectState};
use crate::event::Event;
use crate::facts::{Observation, Values};
use crate::identifier::{IdKind, Identifier};
use crate::ids::{ClaimId, EngagementId, PartnerId};
use crate::terms::Scope;
use crate::time::Instant;

/// Everything that the rules know of one customer.
///
/// Most have one claim: its maps are sorted lists, since a tree takes room for eleven entries with the first (5 KB a claim).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Its claims, of every partner.
    pub claims: LiteMap<ClaimId, Box<Claim>>,
    /// The open claims, one at most per partner and engagement.
    pub open: LiteMap<(PartnerId, EngagementId), ClaimId>,
    /// Active and approved claims.
    pub counted: LiteMap<(EngagementId, PartnerId), u32>,
    /// The identifiers under which each partner got consent, oldest first, each once.
    pub known: LiteMap<PartnerId, Vec<Identifier>>,
    /// What was last observed of each identifier; a domain's facts are its tenant's.
    pub facts: LiteMap<Identifier, Observation>,
    /// The tenant derived when each domain was last looked up.
    pub tenants: LiteMap<Identifier, Identifier>,
    /// The pairs of identifiers whose conflict was said.
    pub conflicts: BTreeSet<(Identifier, Identifier)>,
}

/// What an event does not say of itself: the decision it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The time at which it was judged.
    pub at: Instant,
    /// Whether it is imported history, whose intents are held (DESIGN §5).
    pub imported: bool,
}

impl Customer {
    /// One of its claims.
    #[must_use]
    pub fn claim(&self, id: ClaimId) -> Option<&Claim> {
        self.claims.get(&id).map(AsRef::as_ref)
    }

    /// Whether the customer is known to the partner.
    #[must_use]
    pub fn is_known_to(&self, partner: &PartnerId) -> bool {
        self.known.contains_key(partner)
    }

    /// Active and approved claims on the engagement within the scope of its limit.
    #[must_use]
    pub fn count(&self, engagement: &EngagementId, partner: &PartnerId, scope: Scope) -> u32 {
        match scope {
            Scope::PartnerCustomer => {
                self.counted.get(&(engagement.clone(), partner.clone())).copied().unwrap_or(0)
            }
            Scope::Customer => self
                .counted
                .iter()
                .filter(|((counted, _), _)| counted == engagement)
                .map(|(_, count)| count)
                .sum(),
        }
    }

    /// The facts of an identifier, a domain's being those of the tenant it was last derived to.
    #[must_use]
    pub fn observation(&self, identifier: &Identifier) -> Option<&Observation> {
        match identifier.kind() {
            IdKind::DomainName => self.facts.get(self.tenants.get(identifier)?),
            _ => self.facts.get(identifier),
        }
    }

    /// The values of [`Self::observation`].
    #[must_use]
    pub fn values(&self, identifier: &Identifier) -> Option<&Values> {
        self.observation(identifier).map(|it| &it.values)
    }

    /// The facts of the identifier that a claim was made under, a domain's being those of the tenant it had then.
    #[must_use]
    pub fn claim_values(&self, claim: &Claim) -> Option<&Values> {
        self.facts.get(claim.tenant.as_ref().unwrap_or(&claim.identifier)).map(|it| &it.values)
    }

    /// The running deadlines due at or before `at`, in the order in which they fire (DESIGN rule 7).
    #[must_use]
    pub fn due(&self, at: Instant) -> Vec<Deadline> {
        let open = self.open.values().filter_map(|id| self.claims.get(id)?.deadline());
        let mut due: Vec<_> = open.filter(|deadline| deadline.due_at <= at).collect();
        due.sort_unstable();
        due
    }

    /// Applies one event. Total: an event that no decision could have made changes nothing.
    pub fn evolve(&mut self, event: &Event, stamp: Stamp) {
        match event {
            Event::CustomerFactsRecorded(it) => {
                let whose = it.tenant.clone().unwrap_or_else(|| it.identifier.clone());
                if let Some(tenant) = &it.tenant {
                    self.tenants.insert(it.identifier.clone(), tenant.clone());
                }
                let observation = Observation { values: it.values.clone(), observed_at: it.observed_at };
                self.facts.insert(whose, observation);
            }
            Event::IdentityConflictSeen(it) => {
                self.conflicts.insert((it.conflict.used.clone(), it.conflict.other.clone()));
            }
            Event::CustomerAdded(it) => {
                if let Some(tenant) = &it.tenant {
                    self.tenants.insert(it.identifier.clone(), tenant.clone());
                }
                self.create(new_claim!(it, Origin::Added, stamp));
            }
            Event::CustomerClaimed(it) => self.create(new_claim!(it, Origin::Claimed, stamp)),
            Event::EngagementPublished(_)
            | Event::EngagementRetired(_)
            | Event::LocationEnrolled(_)
            | Event::LocationSuspended(_)
            | Event::PartnerEligibilityRecorded(_) => {}
            of_a_claim => self.evolve_claim(of_a_claim, stamp),
        }
    }

    fn create(&mut self, claim: Claim) {
        put(&mut self.open, (claim.partner.clone(), claim.engagement.clone()), claim.id);
        let counted = (claim.engagement.clone(), claim.partner.clone());
        let before = self.counted.get(&counted).copied().unwrap_or(0);
        put(&mut self.counted, counted, before + 1);
        put(&mut self.claims, claim.id, Box::new(claim));
    }

    fn evolve_claim(&mut self, event: &Event, stamp: Stamp) {
        let Some(claim) = event.claim().and_then(|id| self.claims.get_mut(&id)) else { return };
        let before = claim.status;
        claim.evolve(event, stamp);
        if let Event::CustomerConsentReceived(_) = event {
            let known = self.known.entry(claim.partner.clone()).or_default();
            known.retain(|identifier| *identifier != claim.identifier);
            known.push(claim.identifier.clone());
        }
        if claim.status.is_terminal() && !before.is_terminal() {
            let (partner, engagement) = (claim.partner.clone(), claim.engagement.clone());
            if claim.status != Status::Approved
                && let Some(count) = self.counted.get_mut(&(engagement.clone(), partner.clone()))
            {
                *count = count.saturating_sub(1);
            }
            self.open.remove(&(partner, engagement));
        }
    }
}

/// Puts an entry into a map; the first takes no more room than it needs.
fn put<K: Ord, V>(map: &mut LiteMap<K, V>, key: K, value: V) {
    if map.is_empty() {
        *map = LiteMap::with_capacity(1);
    }
    map.insert(key, value);
}

/// The claim that `CustomerAdded` or `CustomerClaimed` creates; the two have these fields in common.
macro_rules! new_claim {
    ($it:ident, $origin:expr, $stamp:ident) => {
        Claim {
            id: $it.claim,
            partner: $it.partner.clone(),
            engagement: $it.engagement.clone(),
            terms_version: $it.terms_version,
            location: $it.location.clone(),
            origin: $origin,
            status: Status::CustomerClaimed,
            identifier: $it.identifier.clone(),
            tenant: $it.tenant.clone(),
            tpid: $it.tpid.clone(),
            hours: $it.hours,
            payout: $it.payout.clone(),
            created_at: $stamp.at,
            updated_at: $stamp.at,
            contact_revision: 1,
            deal_size_usd_cents: None,
            asked_at: None,
            reminders: 0,
            answer: None,
            consent_due_at: $it.consent_due_at,
            submit_due_at: None,
            review_due_at: None,
            dispute_due_at: None,
            dispute_review_due_at: None,
            proof: BTreeSet::new(),
            survey_outstanding: false,
            customer_survey: None,
            partner_survey: None,
            payments: BTreeMap::new(),
            effects: Vec::new(),
            referral: None,
            cosell: false,
        }
    };
}
use new_claim;

impl Claim {
    /// Applies one event of this claim.
    pub(crate) fn evolve(&mut self, event: &Event, stamp: Stamp) {
        self.updated_at = stamp.at;
        if let Some(kind) = event.intends() {
            let number = self.effects.iter().filter(|it| it.kind == kind).count();
            let state = if stamp.imported { EffectState::Held } else { EffectState::Due };
            self.effects.push(Effect { kind, number: u32::try_from(number).unwrap_or(u32::MAX), state });
        }
        match event {
            Event::ContactsUpdated(it) => {
                self.contact_revision = it.contact_revision;
                self.survey_outstanding = false;
            }
            Event::ConsentRequested(it) => {
                self.status = Status::AwaitingConsent;
                self.deal_size_usd_cents = Some(it.deal_size_usd_cents);
                self.contact_revision = it.contact_revision;
                self.asked_at = Some(stamp.at);
            }
            Event::ConsentReminderRequested(it) => {
                self.reminders = it.reminder;
                self.asked_at = Some(stamp.at);
            }
            Event::CustomerConsentReceived(it) => {
                self.status = Status::ConsentReceived;
                self.answer = Some(Answer::Accepted);
                self.submit_due_at = Some(it.submit_due_at);
                self.review_due_at = Some(it.review_due_at);
            }
            Event::CustomerConsentDeclined(_) => {
                self.status = Status::ConsentDeclined;
                self.answer = Some(Answer::Declined);
            }
            Event::CustomerConsentExpired(_) => self.status = Status::ConsentExpired,
            Event::ClaimCanceled(_) => self.status = Status::Canceled,
            Event::ProofUploaded(it) => {
                self.proof.insert(it.proof.kind.clone());
            }
            Event::CustomerSurveyRequested(_) => self.survey_outstanding = true,
            Event::CustomerSurveyCompleted(it) => {
                self.survey_outstanding = false;
                self.customer_survey = Some(it.reference.clone());
            }
            Event::PartnerSurveyCompleted(it) => self.partner_survey = Some(it.reference.clone()),
            Event::ClaimSubmitted(_) | Event::ClaimResubmitted(_) => self.status = Status::Submitted,
            Event::ClaimNotSubmittedExpired(_) => self.status = Status::NotSubmittedExpired,
            Event::ReviewStarted(_) => self.status = Status::UnderReview,
            Event::PartnerActionRequested(_) => self.status = Status::PartnerActionRequired,
            Event::ClaimPostSubmissionExpired(_) => self.status = Status::PostSubmissionExpired,
            Event::ClaimApproved(_) => self.status = Status::Approved,
            Event::ClaimRejected(it) => {
                self.status = Status::Rejected;
                self.dispute_due_at = Some(it.dispute_due_at);
            }
            Event::ClaimRejectedFinal(_) => self.status = Status::RejectedFinal,
            Event::ClaimDisputed(_) => self.status = Status::Disputed,
            Event::DisputeSubmitted(it) => {
                self.status = Status::Submitted;
                self.dispute_review_due_at = Some(it.dispute_review_due_at);
            }
            Event::ClaimDisputeExpired(_) => self.status = Status::DisputedExpired,
            Event::PaymentRecorded(it) => {
                let payment =
                    Payment { paid_cents: it.paid_cents, currency: it.currency.clone(), paid_at: it.paid_at };
                self.payments.insert(it.reference.clone(), payment);
            }
            Event::PartnerLedReferralCreated(it) => {
                let (referral, link) = (it.referral.clone(), it.link.clone());
                self.referral = Some(ReferralLink { referral: referral.clone(), link: link.clone() });
                self.answer_effect(&it.effect, done(DoneResult::Created { referral, link }));
            }
            Event::CoSellUpgraded(it) => {
                self.cosell = true;
                let result = DoneResult::Upgraded { referral: it.referral.clone(), link: it.link.clone() };
                self.answer_effect(&it.effect, done(result));
            }
            Event::CoSellUpgradeDeclined(it) => {
                self.answer_effect(&it.effect, done(DoneResult::Declined { reason: it.reason.clone() }));
            }
            Event::ReferralClosed(it) => self.answer_effect(&it.effect, done(DoneResult::Closed)),
            Event::MailDispatched(it) => self.answer_effect(&it.effect, done(DoneResult::Dispatched)),
            Event::PartnerLedReferralFailed(it) => {
                self.answer_effect(&it.effect, EffectState::Failed { error: it.error.clone() });
            }
            Event::CoSellUpgradeFailed(it) => {
                self.answer_effect(&it.effect, EffectState::Failed { error: it.error.clone() });
            }
            Event::MailFailed(it) => {
                self.answer_effect(&it.effect, EffectState::Failed { error: it.error.clone() });
            }
            Event::MailBounced(it) => {
                let bounced = Some(it.error.clone());
                self.answer_effect(&it.effect, EffectState::Done { result: DoneResult::Dispatched, bounced });
            }
            Event::EffectRetryRequested(it) => self.answer_effect(&it.effect, EffectState::Due),
            Event::CommentAdded(_)
            | Event::ReferralConditionsMet(_)
            | Event::ReferralConditionsNotMet(_)
            | Event::PartnerLedReferralIntended(_)
            | Event::CoSellConditionsNotMet(_)
            | Event::CoSellUpgradeIntended(_)
            | Event::ReferralClosingIntended(_)
            | Event::CustomerAdded(_)
            | Event::CustomerClaimed(_)
            | Event::CustomerFactsRecorded(_)
            | Event::IdentityConflictSeen(_)
            | Event::EngagementPublished(_)
            | Event::EngagementRetired(_)
            | Event::LocationEnrolled(_)
            | Event::LocationSuspended(_)
            | Event::PartnerEligibilityRecorded(_) => {}
        }
    }

    fn answer_effect(&mut self, which: &EffectRef, state: EffectState) {
        if let Some(effect) =
            self.effects.iter_mut().find(|it| it.kind == which.kind && it.number == which.number)
        {
            effect.state = state;
        }
    }
}

fn done(result: DoneResult) -> EffectState {
    EffectState::Done { result, bounced: None }
}
