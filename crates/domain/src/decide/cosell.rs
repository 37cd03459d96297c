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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::decide::given::*;

    /// A claim under terms with a referral for everyone and co-sell where the segment is known to be smc.
    fn asked(facts: &[Ask]) -> Given {
        let terms = publish("referring", fixed_terms())
            .with("terms/referral", anyone())
            .with("terms/cosell", is_smc());
        given([terms]).and_all(facts.iter().cloned()).and_all([add_to(&["referring"]), send_consent()])
    }

    #[test]
    fn the_upgrade_follows_whichever_of_consent_and_referral_is_second() {
        let qualified = || asked(&[record_facts(json!({"segment": "smc"}))]);
        qualified()
            .and_all([referral_created()])
            .when(customer_accepted())
            .yields(["CustomerConsentReceived", "CoSellUpgradeIntended"]);
        qualified()
            .and_all([customer_accepted()])
            .when(referral_created())
            .yields(["PartnerLedReferralCreated", "CoSellUpgradeIntended"]);
    }

    #[test]
    fn a_customer_that_does_not_qualify_is_told_why() {
        asked(&[])
            .and_all([referral_created()])
            .when(customer_accepted())
            .yields(["CustomerConsentReceived", "CoSellConditionsNotMet"])
            .with("reason", "fact_unknown");
        asked(&[record_facts(json!({"segment": "enterprise"}))])
            .and_all([customer_accepted()])
            .when(referral_created())
            .yields(["PartnerLedReferralCreated", "CoSellConditionsNotMet"])
            .with("reason", "criteria_not_met");
    }

    #[test]
    fn there_is_no_upgrade_before_consent_and_none_without_a_referral() {
        given([add_to(&["referring"]), send_consent()])
            .when(referral_created())
            .yields(["PartnerLedReferralCreated"]);
        given([add_to(&["referring"]), send_consent(), referral_failed()])
            .when(customer_accepted())
            .yields(["CustomerConsentReceived"]);
    }

    #[test]
    fn without_a_policy_for_co_sell_nothing_follows() {
        let terms = publish("referring", fixed_terms()).with("terms/referral", anyone());
        given([terms, add_to(&["referring"]), send_consent(), referral_created()])
            .when(customer_accepted())
            .yields(["CustomerConsentReceived"]);
    }

    #[test]
    fn a_repeated_answer_intends_no_second_upgrade() {
        let upgraded =
            given([add_to(&["referring"]), send_consent(), referral_created(), customer_accepted()]);
        upgraded.clone().when(customer_accepted()).stays_quiet();
        upgraded.when(referral_created()).stays_quiet();
    }

    #[test]
    fn the_policy_is_that_of_the_claims_own_version() {
        given([
            add_to(&["referring"]),
            send_consent(),
            referral_created(),
            publish("referring", fixed_terms()),
        ])
        .when(customer_accepted())
        .yields(["CustomerConsentReceived", "CoSellUpgradeIntended"]);
    }
}
