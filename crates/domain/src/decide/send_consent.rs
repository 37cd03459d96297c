//! `SendConsent`: ask the customer for consent (R-059 … R-069, row 3), and create a referral where the policy says so
//!

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::SendConsent;
use crate::criteria::Truth;
use crate::customer::Customer;
use crate::event::{
    ConsentRequested, Event, PartnerLedReferralIntended, ReferralConditionsMet, ReferralConditionsNotMet,
};
use crate::refusal::Refusal;
use crate::version::V;

/// Asks for consent and freezes the deal size.
///
/// Refuses, in this order: role, claim, location, consent already requested, any other status, blank names, deal size
/// not positive, disclaimer outdated.
pub(super) fn decide(customer: &Customer, cmd: &SendConsent, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    match claim.status {
        Status::CustomerClaimed => {}
        Status::AwaitingConsent => return Err(Refusal::ConsentAlreadyRequested),
        _ => return Err(not_in_row(claim)),
    }
    if cmd.contacts.as_ref().is_some_and(|it| !it.are_named()) {
        return Err(Refusal::ContactsInvalid);
    }
    if cmd.deal_size_usd_cents <= 0 {
        return Err(Refusal::DealSizeNotPositive);
    }
    let newest = context.catalog.newest(&claim.engagement).ok_or(Refusal::EngagementNotFound)?;
    let disclaimer_version = &newest.terms.disclaimer.version;
    if cmd.disclaimer_version != *disclaimer_version {
        return Err(Refusal::DisclaimerOutdated { disclaimer_version: disclaimer_version.clone() });
    }

    let version = V;
    let claim_id = claim.id;
    let mut events: Vec<Event> = vec![
        ConsentRequested {
            version,
            claim: claim_id,
            deal_size_usd_cents: cmd.deal_size_usd_cents,
            disclaimer_version: cmd.disclaimer_version.clone(),
            contacts: cmd.contacts.clone(),
            contact_revision: claim.contact_revision + u32::from(cmd.contacts.is_some()),
        }
        .into(),
    ];
    if let Some(policy) = &context.terms_of(claim)?.referral {
        match policy.judge(customer.claim_values(claim), Some(cmd.deal_size_usd_cents)) {
            Truth::True => {
                events.push(ReferralConditionsMet { version: V, claim: claim_id }.into());
                events.push(PartnerLedReferralIntended { version: V, claim: claim_id }.into());
            }
            not_met => {
                let reason = super::cosell::reason(not_met);
                events.push(ReferralConditionsNotMet { version: V, claim: claim_id, reason }.into());
            }
        }
    }
    Ok(events)
}
