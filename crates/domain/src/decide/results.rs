//! What became of effects: the results that performers report, in every status.
//!
//! A result for an effect already done is quiet if it says the same, else refused. After a failure every result is
//! still taken; the same failure again is quiet.

use super::closing::with_closing;
use super::{Actor, Context, Decided, cosell};
use crate::claim::{Answer, Claim};
use crate::command::{
    EffectRef, RecordCoSellDeclined, RecordCoSellFailed, RecordCoSellUpgraded, RecordMailBounced,
    RecordMailDispatched, RecordMailFailed, RecordReferralClosed, RecordReferralCreated,
    RecordReferralFailed,
};
use crate::customer::Customer;
use crate::effect::{DoneResult, Effect, EffectFamily, EffectState};
use crate::event::{
    CoSellUpgradeDeclined, CoSellUpgradeFailed, CoSellUpgraded, MailBounced, MailDispatched, MailFailed,
    PartnerLedReferralCreated, PartnerLedReferralFailed, ReferralClosed,
};
use crate::ids::ClaimId;
use crate::refusal::Refusal;
use crate::text::Sentence;
use crate::version::V;

/// A referral stands; co-sell may follow, or closing if the claim ended meanwhile.
pub(super) fn referral_created(
    customer: &Customer,
    cmd: &RecordReferralCreated,
    context: &Context<'_>,
) -> Decided {
    let (claim, effect) = find(customer, cmd.claim, cmd.effect, EffectFamily::Referral, context)?;
    let result = DoneResult::Created { referral: cmd.referral.clone(), link: cmd.link.clone() };
    if said_before(effect, &result)? {
        return Ok(vec![]);
    }
    let created = PartnerLedReferralCreated {
        version: V,
        claim: claim.id,
        effect: cmd.effect,
        attempt: cmd.attempt,
        referral: cmd.referral.clone(),
        link: cmd.link.clone(),
    };
    let mut events = with_closing(claim, created.into());
    if claim.answer == Some(Answer::Accepted) && !claim.status.is_terminal() {
        events.extend(cosell::upgrade(customer, claim, context)?);
    }
    Ok(events)
}

/// A referral could not be created; the claim goes on.
pub(super) fn referral_failed(
    customer: &Customer,
    cmd: &RecordReferralFailed,
    context: &Context<'_>,
) -> Decided {
    let (claim, effect) = find(customer, cmd.claim, cmd.effect, EffectFamily::Referral, context)?;
    if failed_before(effect, &cmd.error)? {
        return Ok(vec![]);
    }
    let (effect, attempt, error) = (cmd.effect, cmd.attempt, cmd.error.clone());
    Ok(vec![PartnerLedReferralFailed { version: V, claim: claim.id, effect, attempt, error }.into()])
}

/// The referral was upgraded.
pub(super) fn cosell_upgraded(
    customer: &Customer,
    cmd: &RecordCoSellUpgraded,
    context: &Context<'_>,
) -> Decided {
    let (claim, effect) = find(customer, cmd.claim, cmd.effect, EffectFamily::CoSell, context)?;
    let result = DoneResult::Upgraded { referral: cmd.referral.clone(), link: cmd.link.clone() };
    if said_before(effect, &result)? {
        return Ok(vec![]);
    }
    Ok(vec![
        CoSellUpgraded {
            version: V,
            claim: claim.id,
            effect: cmd.effect,
            attempt: cmd.attempt,
            referral: cmd.referral.clone(),
            link: cmd.link.clone(),
        }
        .into(),
    ])
}

/// The upgrade was declined; the referral of an ended claim is closed then.
pub(super) fn cosell_declined(
    customer: &Customer,
    cmd: &RecordCoSellDeclined,
    context: &Context<'_>,
) -> Decided {
    let (claim, effect) = find(customer, cmd.claim, cmd.effect, EffectFamily::CoSell, context)?;
    if said_before(effect, &DoneResult::Declined { reason: cmd.reason.clone() })? {
        return Ok(vec![]);
    }
    let (effect, attempt, reason) = (cmd.effect, cmd.attempt, cmd.reason.clone());
    Ok(with_closing(
        claim,
        CoSellUpgradeDeclined { version: V, claim: claim.id, effect, attempt, reason }.into(),
    ))
}

/// The upgrade failed; the referral of an ended claim is closed then.
pub(super) fn cosell_failed(customer: &Customer, cmd: &RecordCoSellFailed, context: &Context<'_>) -> Decided {
    let (claim, effect) = find(customer, cmd.claim, cmd.effect, EffectFamily::CoSell, context)?;
    if failed_before(effect, &cmd.error)? {
        return Ok(vec![]);
    }
    let (effect, attempt, error) = (cmd.effect, cmd.attempt, cmd.error.clone());
    Ok(with_closing(
        claim,
        CoSellUpgradeFailed { version: V, claim: claim.id, effect, attempt, error }.into(),
    ))
}

/// The referral of an ended claim is closed.
pub(super) fn referral_closed(
    customer: &Customer,
    cmd: &RecordReferralClosed,
    context: &Context<'_>,
) -> Decided {
    let (claim, effect) = find(customer, cmd.claim, cmd.effect, EffectFamily::Closing, context)?;
    if said_before(effect, &DoneResult::Closed)? {
        return Ok(vec![]);
    }
    Ok(vec![ReferralClosed { version: V, claim: claim.id, effect: cmd.effect, attempt: cmd.attempt }.into()])
}

/// A mail was handed over.
pub(super) fn mail_dispatched(
    customer: &Customer,
    cmd: &RecordMailDispatched,
    context: &Context<'_>,
) -> Decided {
    let (claim, effect) = find(customer, cmd.claim, cmd.effect, EffectFamily::Mail, context)?;
    if said_before(effect, &DoneResult::Dispatched)? {
        return Ok(vec![]);
    }
    Ok(vec![MailDispatched { version: V, claim: claim.id, effect: cmd.effect, attempt: cmd.attempt }.into()])
}

/// A mail could not be handed over; no clock stops for it.
pub(super) fn mail_failed(customer: &Customer, cmd: &RecordMailFailed, context: &Context<'_>) -> Decided {
    let (claim, effect) = find(customer, cmd.claim, cmd.effect, EffectFamily::Mail, context)?;
    if failed_before(effect, &cmd.error)? {
        return Ok(vec![]);
    }
    let (effect, attempt, error) = (cmd.effect, cmd.attempt, cmd.error.clone());
    Ok(vec![MailFailed { version: V, claim: claim.id, effect, attempt, error }.into()])
}

/// A dispatched mail came back: taken once.
pub(super) fn mail_bounced(customer: &Customer, cmd: &RecordMailBounced, context: &Context<'_>) -> Decided {
    let (claim, effect) = find(customer, cmd.claim, cmd.effect, EffectFamily::Mail, context)?;
    match &effect.state {
        EffectState::Done { bounced: Some(error), .. } if *error == cmd.error => Ok(vec![]),
        EffectState::Done { bounced: Some(_), .. } => Err(Refusal::EffectAlreadyDone),
        EffectState::Done { bounced: None, .. } => {
            let (effect, attempt, error) = (cmd.effect, cmd.attempt, cmd.error.clone());
            Ok(vec![MailBounced { version: V, claim: claim.id, effect, attempt, error }.into()])
        }
        EffectState::Due | EffectState::Held | EffectState::Failed { .. } => {
            Err(Refusal::EffectNotDispatched)
        }
    }
}

/// Role, then claim, then the effect, which must be of the family that this result answers.
fn find<'c>(
    customer: &'c Customer,
    claim: ClaimId,
    which: EffectRef,
    family: EffectFamily,
    context: &Context<'_>,
) -> Result<(&'c Claim, &'c Effect), Refusal> {
    let claim = context.claim(customer, claim, Actor::Effects)?;
    let effect =
        claim.effect(which).filter(|_| which.kind.family() == family).ok_or(Refusal::EffectNotFound)?;
    Ok((claim, effect))
}

fn said_before(effect: &Effect, result: &DoneResult) -> Result<bool, Refusal> {
    match &effect.state {
        EffectState::Done { result: recorded, .. } if recorded == result => Ok(true),
        EffectState::Done { .. } => Err(Refusal::EffectAlreadyDone),
        EffectState::Due | EffectState::Held | EffectState::Failed { .. } => Ok(false),
    }
}

fn failed_before(effect: &Effect, error: &Sentence) -> Result<bool, Refusal> {
    match &effect.state {
        EffectState::Failed { error: recorded } => Ok(recorded == error),
        EffectState::Done { .. } => Err(Refusal::EffectAlreadyDone),
        EffectState::Due | EffectState::Held => Ok(false),
    }
}

#[cfg(test)]
mod tests;
