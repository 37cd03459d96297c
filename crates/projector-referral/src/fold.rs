//! The fold: each event of a claim into `effects` and `referrals`.

use claim_domain::claim::Claim;
use claim_domain::command::EffectRef;
use claim_domain::effect::{Effect, EffectState};
use claim_domain::event::Event;
use claim_domain::ids::EffectId;
use claim_projector::{Fact, Projector, StoreError, Tables, integer, params, write_json};

use crate::ledger::{StateName, family_name};
use crate::referrals::note;

/// The view.
#[derive(Clone, Copy, Debug)]
pub struct Referral;

/// What the policy said where its conditions hold.
const MET: &str = "met";

impl Projector for Referral {
    const NAME: &'static str = "referral";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = &["effects", "referrals"];
    const DDL: &'static str = "
CREATE TABLE effects (
  effect TEXT PRIMARY KEY, -- the key outside
  claim TEXT NOT NULL,
  kind TEXT NOT NULL, -- the type of the intending event
  number INTEGER NOT NULL, -- how many of that type the claim had before
  family TEXT NOT NULL, -- who performs it
  customer TEXT NOT NULL,
  partner TEXT NOT NULL,
  engagement TEXT NOT NULL,
  state TEXT NOT NULL, -- due, held, failed or done
  outcome TEXT NOT NULL, -- the domain's state as JSON
  attempts INTEGER NOT NULL, -- the greatest number of a try that was reported; 0: none
  last_error TEXT, -- of the newest failure, also after a retry
  intended_at_ms INTEGER NOT NULL,
  intended_partition TEXT NOT NULL,
  intended_sequence INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  partition TEXT NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;
CREATE INDEX effects_by_state ON effects (state, intended_at_ms, effect);
CREATE INDEX effects_by_time ON effects (intended_at_ms, effect);
CREATE INDEX effects_of_claim ON effects (claim);
CREATE TABLE referrals (
  claim TEXT PRIMARY KEY,
  customer TEXT NOT NULL,
  partner TEXT NOT NULL,
  engagement TEXT NOT NULL,
  conditions TEXT, -- what the referral policy said: met, fact_unknown, criteria_not_met
  cosell_conditions TEXT, -- what the co-sell policy said: met, fact_unknown, criteria_not_met; none: not asked yet
  referral TEXT, -- the partner-led referral
  link TEXT,
  cosell_referral TEXT, -- the co-sell referral
  cosell_link TEXT,
  closed INTEGER NOT NULL, -- 1: closed as lost
  updated_at_ms INTEGER NOT NULL,
  partition TEXT NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;
";

    fn apply(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
        match fact.event {
            Event::ReferralConditionsMet(_) => note(tables, fact, Some(MET), None),
            Event::ReferralConditionsNotMet(it) => note(tables, fact, Some(it.reason.as_str()), None),
            Event::CoSellConditionsNotMet(it) => note(tables, fact, None, Some(it.reason.as_str())),
            Event::PartnerLedReferralIntended(_) | Event::ReferralClosingIntended(_) => {
                intend(tables, fact)?;
                note(tables, fact, None, None)
            }
            Event::CoSellUpgradeIntended(_) => {
                intend(tables, fact)?;
                note(tables, fact, None, Some(MET))
            }
            Event::ConsentRequested(_)
            | Event::ConsentReminderRequested(_)
            | Event::CustomerSurveyRequested(_)
            | Event::PartnerActionRequested(_)
            | Event::ClaimApproved(_)
            | Event::ClaimRejected(_)
            | Event::ClaimRejectedFinal(_) => intend(tables, fact),
            Event::PartnerLedReferralCreated(it) => {
                answer(tables, fact, it.effect, it.attempt)?;
                note(tables, fact, None, None)
            }
            Event::CoSellUpgraded(it) => {
                answer(tables, fact, it.effect, it.attempt)?;
                note(tables, fact, None, None)
            }
            Event::ReferralClosed(it) => {
                answer(tables, fact, it.effect, it.attempt)?;
                note(tables, fact, None, None)
            }
            Event::PartnerLedReferralFailed(it) => answer(tables, fact, it.effect, it.attempt),
            Event::CoSellUpgradeDeclined(it) => answer(tables, fact, it.effect, it.attempt),
            Event::CoSellUpgradeFailed(it) => answer(tables, fact, it.effect, it.attempt),
            Event::MailDispatched(it) => answer(tables, fact, it.effect, it.attempt),
            Event::MailFailed(it) => answer(tables, fact, it.effect, it.attempt),
            Event::MailBounced(it) => answer(tables, fact, it.effect, it.attempt),
            // A retry is no try: the number of tries stays, so the next try has a number of its own.
            Event::EffectRetryRequested(it) => answer(tables, fact, it.effect, 0),
            // These intend nothing and answer nothing.
            Event::CustomerAdded(_)
            | Event::CustomerClaimed(_)
            | Event::ContactsUpdated(_)
            | Event::CustomerConsentReceived(_)
            | Event::CustomerConsentDeclined(_)
            | Event::CustomerConsentExpired(_)
            | Event::ClaimCanceled(_)
            | Event::ProofUploaded(_)
            | Event::CustomerSurveyCompleted(_)
            | Event::PartnerSurveyCompleted(_)
            | Event::CommentAdded(_)
            | Event::ClaimSubmitted(_)
            | Event::ClaimNotSubmittedExpired(_)
            | Event::ReviewStarted(_)
            | Event::ClaimResubmitted(_)
            | Event::ClaimPostSubmissionExpired(_)
            | Event::ClaimDisputed(_)
            | Event::DisputeSubmitted(_)
            | Event::ClaimDisputeExpired(_)
            | Event::PaymentRecorded(_)
            | Event::CustomerFactsRecorded(_)
            | Event::IdentityConflictSeen(_)
            | Event::EngagementPublished(_)
            | Event::EngagementRetired(_)
            | Event::LocationEnrolled(_)
            | Event::LocationSuspended(_)
            | Event::PartnerEligibilityRecorded(_) => Ok(()),
        }
    }
}

/// Enters the effect that the event intends: the newest of its kind in the domain's fold.
fn intend(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
    let (Some(claim), Some(customer), Some(kind)) = (fact.claim, fact.customer, fact.event.intends()) else {
        return Ok(());
    };
    let Some(effect) = claim.effects.iter().rev().find(|it| it.kind == kind) else { return Ok(()) };
    let sql = "INSERT INTO effects VALUES \
               (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, NULL, ?11, ?12, ?13, ?11, ?12, ?13)";
    let row = params![
        id(claim, effect).to_string(),
        claim.id.to_string(),
        kind.as_str(),
        effect.number,
        family_name(kind.family()),
        customer.to_string(),
        claim.partner.as_str(),
        claim.engagement.as_str(),
        StateName::of(&effect.state).as_str(),
        write_json("the state of an effect", &effect.state)?,
        fact.stamp.at.as_ms(),
        fact.position.partition.to_string(),
        integer(fact.position.sequence),
    ];
    tables.write(sql, row).map(drop)
}

/// Writes what became of an effect, as the domain folded it.
fn answer(tables: &Tables<'_>, fact: &Fact<'_>, which: EffectRef, attempt: u32) -> Result<(), StoreError> {
    let Some(claim) = fact.claim else { return Ok(()) };
    let Some(effect) = claim.effect(which) else { return Ok(()) };
    let error = match &effect.state {
        EffectState::Failed { error } => Some(error.as_str()),
        EffectState::Due | EffectState::Held | EffectState::Done { .. } => None,
    };
    let sql = "UPDATE effects SET state = ?2, outcome = ?3, \
               attempts = CASE WHEN attempts < ?4 THEN ?4 ELSE attempts END, \
               last_error = coalesce(?5, last_error), updated_at_ms = ?6, partition = ?7, sequence = ?8 \
               WHERE effect = ?1";
    let row = params![
        id(claim, effect).to_string(),
        StateName::of(&effect.state).as_str(),
        write_json("the state of an effect", &effect.state)?,
        attempt,
        error,
        fact.stamp.at.as_ms(),
        fact.position.partition.to_string(),
        integer(fact.position.sequence),
    ];
    tables.write(sql, row).map(drop)
}

fn id(claim: &Claim, effect: &Effect) -> EffectId {
    EffectId::derive(claim.id, effect.kind.as_str(), effect.number)
}
