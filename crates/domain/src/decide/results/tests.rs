//! Results of effects, one after the other.

use crate::claim::Status;
use crate::decide::given::*;
use crate::refusal::Refusal;

/// A claim that has an effect of every family but closing, all due.
fn asked() -> Given {
    given([add_to(&["referring"]), send_consent()])
}

fn upgrading() -> Given {
    asked().and_all([referral_created(), customer_accepted()])
}

fn closing() -> Given {
    asked().and_all([referral_created(), cancel_claim()])
}

#[test]
fn a_referral_that_was_created_belongs_to_the_claim_with_its_link() {
    let created = asked()
        .when(referral_created())
        .yields(["PartnerLedReferralCreated"])
        .with("referral", "ref-1")
        .with("effect/number", 0)
        .with("attempt", 1)
        .then();
    let referral = created.claim().referral.as_ref().unwrap();
    assert_eq!(referral.link.as_str(), "https://referrals.example/1");
}

#[test]
fn an_upgrade_makes_the_claim_a_co_sell() {
    let upgraded =
        upgrading().when(cosell_upgraded()).yields(["CoSellUpgraded"]).with("referral", "ref-2").then();
    assert!(upgraded.claim().cosell);
}

#[test]
fn each_result_is_recorded_once_and_the_same_again_is_quiet() {
    let bounced = || asked().and_all([mail_dispatched()]);
    type Case = (fn() -> Given, fn() -> Ask, &'static str);
    let cases: [Case; 9] = [
        (asked, referral_created, "PartnerLedReferralCreated"),
        (asked, referral_failed, "PartnerLedReferralFailed"),
        (upgrading, cosell_upgraded, "CoSellUpgraded"),
        (upgrading, cosell_declined, "CoSellUpgradeDeclined"),
        (upgrading, cosell_failed, "CoSellUpgradeFailed"),
        (closing, referral_closed, "ReferralClosed"),
        (asked, mail_dispatched, "MailDispatched"),
        (asked, mail_failed, "MailFailed"),
        (bounced, mail_bounced, "MailBounced"),
    ];
    for (before, result, event) in cases {
        let recorded = before().when(result()).yields([event]).then();
        recorded.clone().when(result()).stays_quiet();
        recorded.when(result().with("attempt", 7)).stays_quiet();
    }
}

#[test]
fn a_done_effect_takes_no_other_result() {
    let created = asked().and_all([referral_created()]);
    created.clone().when(referral_created().with("referral", "ref-9")).refused(Refusal::EffectAlreadyDone);
    created.when(referral_failed()).refused(Refusal::EffectAlreadyDone);
    let upgraded = upgrading().and_all([cosell_upgraded()]);
    for other in [cosell_declined(), cosell_failed(), cosell_upgraded().with("link", "https://other.example")]
    {
        upgraded.clone().when(other).refused(Refusal::EffectAlreadyDone);
    }
    let declined = upgrading().and_all([cosell_declined()]);
    for other in [cosell_upgraded(), cosell_failed(), cosell_declined().with("reason", "late")] {
        declined.clone().when(other).refused(Refusal::EffectAlreadyDone);
    }
    asked().and_all([mail_dispatched()]).when(mail_failed()).refused(Refusal::EffectAlreadyDone);
}

#[test]
fn after_a_failure_every_result_is_still_taken() {
    let failed = asked().and_all([referral_failed()]);
    failed.clone().when(referral_failed().with("error", "504")).yields(["PartnerLedReferralFailed"]);
    failed.when(referral_created()).yields(["PartnerLedReferralCreated"]);
    let failed = || upgrading().and_all([cosell_failed()]);
    failed().when(cosell_declined()).yields(["CoSellUpgradeDeclined"]);
    failed().when(cosell_upgraded()).yields(["CoSellUpgraded"]);
    asked().and_all([mail_failed()]).when(mail_dispatched()).yields(["MailDispatched"]);
}

#[test]
fn a_mail_comes_back_once_and_only_after_it_was_dispatched() {
    asked().when(mail_bounced()).refused(Refusal::EffectNotDispatched);
    asked().and_all([mail_failed()]).when(mail_bounced()).refused(Refusal::EffectNotDispatched);
    let bounced = asked().and_all([mail_dispatched(), mail_bounced()]);
    bounced.clone().when(mail_bounced().with("error", "other")).refused(Refusal::EffectAlreadyDone);
    bounced.when(mail_dispatched()).stays_quiet();
}

#[test]
fn neither_a_failed_referral_nor_a_failed_mail_moves_the_claim_or_its_clock() {
    let asked = asked();
    for result in [referral_failed(), mail_failed(), mail_dispatched()] {
        let told = asked.clone().and_all([result]);
        assert_eq!(told.claim().status, Status::AwaitingConsent);
        assert_eq!(told.claim().deadline(), asked.claim().deadline());
        told.when(customer_accepted()).yields(["CustomerConsentReceived"]);
    }
}

#[test] // A-71, DOMAIN §4
fn results_are_taken_in_every_status() {
    let ends: [&[Ask]; 4] = [
        &[cancel_claim()],
        &[days_pass(CONSENT_DAYS)],
        &[customer_declined()],
        &[customer_accepted(), upload_proof(), submit_claim(), start_review(), approve_claim()],
    ];
    for end in ends {
        let ended = asked().and_all(end.to_vec());
        let created = ended.clone().when(referral_created());
        assert!(created.in_short().starts_with("PartnerLedReferralCreated"), "{}", ended.claim().status);
        ended.when(mail_dispatched()).yields(["MailDispatched"]);
    }
}

#[test]
fn an_effect_is_named_by_its_kind_and_number() {
    let reminded = asked().and_all([resend_consent().days_later(1)]);
    let second = mail_dispatched().with("effect/kind", "ConsentReminderRequested");
    reminded.clone().when(second.clone()).yields(["MailDispatched"]);
    reminded.clone().when(second.with("effect/number", 1)).refused(Refusal::EffectNotFound);
    for wrong in [
        mail_dispatched().with("effect/kind", "PartnerLedReferralIntended"),
        referral_created().with("effect/kind", "ConsentRequested"),
        referral_closed().with("effect/kind", "PartnerLedReferralIntended"),
        cosell_upgraded().with("effect/kind", "PartnerLedReferralIntended"),
        mail_dispatched().with("effect/number", 1),
    ] {
        reminded.clone().when(wrong).refused(Refusal::EffectNotFound);
    }
}

#[test]
fn only_the_performer_reports_but_any_service_for_imported_history() {
    for asker in [service("crm"), service("intake"), operator(), partner(), reviewer(), customer()] {
        asked().when(referral_created().by(asker)).refused(Refusal::RoleNotAllowed);
    }
    let imported = given_imported([add_to(&["referring"]), send_consent()]);
    imported.clone().when(referral_created().by(operator())).refused(Refusal::RoleNotAllowed);
    imported.when(referral_created().by(service("crm"))).yields(["PartnerLedReferralCreated"]);
}

#[test]
fn the_earlier_of_two_faults_wins() {
    in_order(
        &asked(),
        &referral_created(),
        &[
            fault("role_not_allowed", |it| it.by(partner())),
            fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
            fault("effect_not_found", |it| it.with("effect/number", 1)),
            past_fault("effect_already_done", || vec![referral_created().with("referral", "ref-9")]),
        ],
        &[],
    );
    in_order(
        &asked().and_all([mail_dispatched()]),
        &mail_bounced(),
        &[
            fault("role_not_allowed", |it| it.by(operator())),
            fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
            fault("effect_not_found", |it| it.with("effect/kind", "CoSellUpgradeIntended")),
            past_fault("effect_already_done", || vec![mail_bounced().with("error", "other")]),
        ],
        &[],
    );
}
