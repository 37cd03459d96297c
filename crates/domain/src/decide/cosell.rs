//! The upgrade to co-sell: intended once consent and the referral both stand, whichever is second.

use super::Context;
use crate::claim::Claim;
use crate::criteria::Truth;
use crate::customer::Customer;
use crate::event::{CoSellConditionsNotMet, CoSellUpgradeIntended, Event};
use crate::refusal::Refusal;
use crate::text::Label;
use crate::version::V;

/// What the co-sell policy of the claim's terms says, the claim being open with consent and a referral:
/// the intent, why not, or nothing without a policy.
pub(super) fn upgrade(
    customer: &Customer,
    claim: &Claim,
    context: &Context<'_>,
) -> Result<Option<Event>, Refusal> {
    let Some(policy) = &context.terms_of(claim)?.cosell else { return Ok(None) };
    Ok(Some(match policy.judge(customer.claim_values(claim), claim.deal_size_usd_cents) {
        Truth::True => CoSellUpgradeIntended { version: V, claim: claim.id }.into(),
        not_met => CoSellConditionsNotMet { version: V, claim: claim.id, reason: reason(not_met) }.into(),
    }))
}

/// Why a policy says no.
pub(super) fn reason(not_met: Truth) -> Label {
    let refusal = if not_met == Truth::Unknown { Refusal::FactUnknown } else { Refusal::CriteriaNotMet };
    Label::from_code(refusal.code())
}
