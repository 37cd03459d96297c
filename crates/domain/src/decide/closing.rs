//! Closing the referral of a claim that ended.

use crate::claim::{Claim, Status};
use crate::effect::EffectFamily;
use crate::event::{Event, ReferralClosingIntended};
use crate::version::V;

/// The intent to close, if this claim calls for it: ended otherwise than approved, a referral stands, it was not
/// upgraded, no upgrade is pending, and closing was not intended before.
pub(super) fn closing(claim: &Claim) -> Option<Event> {
    let ended = claim.status.is_terminal() && claim.status != Status::Approved;
    let wanted = ended
        && claim.referral.is_some()
        && !claim.cosell
        && !claim.is_upgrade_pending()
        && !claim.ever_intended(EffectFamily::Closing);
    wanted.then(|| ReferralClosingIntended { version: V, claim: claim.id }.into())
}

/// `event`, which ends the claim or answers its referral, and the intent to close if it calls for one.
pub(super) fn with_closing(claim: &Claim, event: Event) -> Vec<Event> {
    let mut after = claim.clone();
    after.evolve(&event, crate::customer::Stamp { at: claim.updated_at, imported: false });
    let closing = closing(&after);
    std::iter::once(event).chain(closing).collect()
}

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;

    /// A claim on `referring` up to the created referral, before consent.
    fn referred() -> Vec<Ask> {
        vec![add_to(&["referring"]), send_consent(), referral_created()]
    }

    #[test]
    fn a_claim_that_ends_closes_its_referral_last() {
        given(referred()).when(cancel_claim()).yields(["ClaimCanceled", "ReferralClosingIntended"]);
        given(referred())
            .when(customer_declined())
            .yields(["CustomerConsentDeclined", "ReferralClosingIntended"]);
        given(referred())
            .when(days_pass(CONSENT_DAYS))
            .yields(["CustomerConsentExpired", "ReferralClosingIntended"]);
    }

    #[test]
    fn a_final_rejection_closes_and_a_first_one_does_not() {
        // Without a policy for co-sell no upgrade stands in the way.
        let no_cosell = publish("referring", fixed_terms()).with("terms/referral", anyone());
        let reviewed = [vec![no_cosell], referred()].concat();
        let reviewed =
            given(reviewed).and_all([customer_accepted(), upload_proof(), submit_claim(), start_review()]);
        let rejected = reviewed.when(reject_claim()).yields(["ClaimRejected"]).then();
        rejected
            .and_all([dispute_claim(), submit_dispute(), start_review()])
            .when(reject_claim())
            .yields(["ClaimRejectedFinal", "ReferralClosingIntended"]);
    }

    #[test]
    fn an_approved_claim_never_closes_its_referral() {
        let approved = [customer_accepted(), upload_proof(), submit_claim(), start_review(), approve_claim()];
        let late = given([add_to(&["referring"]), send_consent()]).and_all(approved);
        assert_eq!(late.claim().status, Status::Approved);
        late.when(referral_created()).yields(["PartnerLedReferralCreated"]);
    }

    #[test]
    fn a_referral_created_after_the_end_is_closed_at_once_and_not_upgraded() {
        given([add_to(&["referring"]), send_consent(), customer_accepted(), cancel_claim()])
            .when(referral_created())
            .yields(["PartnerLedReferralCreated", "ReferralClosingIntended"]);
    }

    #[test]
    fn no_referral_nothing_to_close() {
        given([add_to(&["referring"]), send_consent()]).when(cancel_claim()).yields(["ClaimCanceled"]);
        given([add_to(&["referring"]), send_consent(), referral_failed()])
            .when(cancel_claim())
            .yields(["ClaimCanceled"]);
    }

    #[test]
    fn a_co_sell_referral_is_left_alone() {
        let upgraded = given(referred()).and_all([customer_accepted(), cosell_upgraded()]);
        upgraded.when(cancel_claim()).yields(["ClaimCanceled"]);
    }

    #[test]
    fn closing_waits_for_the_answer_to_an_upgrade() {
        let ended = || given(referred()).and_all([customer_accepted(), cancel_claim()]);
        assert!(!ended().claim().effects.iter().any(|it| it.kind.as_str() == "ReferralClosingIntended"));
        ended().when(cosell_upgraded()).yields(["CoSellUpgraded"]);
        ended().when(cosell_declined()).yields(["CoSellUpgradeDeclined", "ReferralClosingIntended"]);
        ended().when(cosell_failed()).yields(["CoSellUpgradeFailed", "ReferralClosingIntended"]);
    }

    #[test]
    fn a_failed_upgrade_is_answered_until_it_is_tried_again() {
        let failed = || given(referred()).and_all([customer_accepted(), cosell_failed()]);
        failed().when(cancel_claim()).yields(["ClaimCanceled", "ReferralClosingIntended"]);
        let again = failed().and_all([retry_effect("CoSellUpgradeIntended")]);
        again.clone().when(cancel_claim()).yields(["ClaimCanceled"]);
        again
            .and_all([cancel_claim()])
            .when(cosell_declined())
            .yields(["CoSellUpgradeDeclined", "ReferralClosingIntended"]);
    }

    #[test]
    fn closing_is_intended_once() {
        given(referred())
            .and_all([customer_accepted(), cosell_failed(), cancel_claim()])
            .when(cosell_declined())
            .yields(["CoSellUpgradeDeclined"]);
    }

    #[test]
    fn a_held_upgrade_is_unanswered() {
        let held = given_imported(referred()).and_all([customer_accepted()]).live();
        held.when(cancel_claim()).yields(["ClaimCanceled"]);
    }
}
