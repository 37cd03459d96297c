//! Journal lines in, the ledger of effects out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

use std::fmt::Debug;

use claim_domain::effect::{DoneResult, EffectFamily, EffectKind, EffectState};
use claim_domain::ids::{ClaimId, EffectId};
use claim_journal::{Offsets, PartitionId};
use claim_projector::fixtures::{Desk, boxed, day, operator, service};
use claim_projector::{Definition, Location, QueryError, Runner, Snapshot, Views, rebuild};
use claim_projector_referral::{
    DueEffect, EffectsQuery, LedgerEntry, Referral, Request, StateName, due_referral_effects, effect,
    effects, referral,
};
use claim_testkit::stores::{Place, places};
use serde_json::{Value, json};

const CREATE: &str = "PartnerLedReferralIntended";
const UPGRADE: &str = "CoSellUpgradeIntended";
const CLOSE: &str = "ReferralClosingIntended";

fn created() -> Value {
    json!({"referral": "ref-1", "link": "https://referrals.example/ref-1"})
}

/// A desk with one claim whose consent was asked, so that a referral is intended.
fn asked() -> (Desk, ClaimId) {
    let mut desk = Desk::with(&["p-1"], "e-1", json!({}));
    let claim = desk.add("p-1", "e-1", "1", "Fabrikam", day(1));
    desk.ask_consent(claim, day(2));
    (desk, claim)
}

/// What is told of the ledger after everything was folded: the same on every store.
fn told<T: PartialEq + Debug>(desk: &Desk, tell: impl Fn(&Snapshot<'_>) -> T) -> T {
    let mut told = places().into_iter().map(|place| {
        let mut runner = runner_at(&place);
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        tell(&runner.views().snapshot().unwrap())
    });
    let first = told.next().unwrap();
    for other in told {
        assert_eq!(other, first);
    }
    first
}

fn runner_at(place: &Place) -> Runner {
    let views = Views::open(place.at().parse::<Location>().unwrap()).unwrap();
    Runner::new(views, Offsets::Positions, vec![Definition::of::<Referral>()]).unwrap()
}

fn ledger(desk: &Desk) -> Vec<LedgerEntry> {
    told(desk, |it| effects(it, &EffectsQuery::default()).unwrap())
}

fn due(desk: &Desk) -> Vec<DueEffect> {
    told(desk, |it| due_referral_effects(it, None, None).unwrap())
}

fn of_kind(desk: &Desk, kind: EffectKind) -> LedgerEntry {
    let mut found: Vec<_> = ledger(desk).into_iter().filter(|it| it.kind == kind).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn asking_for_consent_makes_a_referral_due_without_the_customers_person() {
    let (desk, claim) = asked();
    let due = due(&desk);
    let [create] = &due[..] else { panic!("{due:?}") };
    assert_eq!(create.entry.effect, EffectId::derive(claim, CREATE, 0));
    assert_eq!((create.entry.claim, create.entry.number, create.attempt), (claim, 0, 1));
    assert_eq!(create.entry.intended_at, day(2));
    assert_eq!(create.entry.intended.sequence, desk.decisions.last().unwrap().1);
    let json = serde_json::to_value(create).unwrap();
    assert_eq!(json["request"]["deal_size_usd_cents"], 100_000);
    assert_eq!(json["request"]["organisation"]["name"], "Fabrikam");
    assert_eq!(json["request"]["location"], "l-1");
    assert_eq!(json["entry"]["state"], "due");
    assert!(!json.to_string().contains("customer-of-"), "no person of the customer: {json}");
}

#[test]
fn consent_and_referral_together_make_an_upgrade_due_with_the_customers_box() {
    let (mut desk, claim) = asked();
    desk.result(claim, "RecordReferralCreated", CREATE, 1, created(), day(3));
    assert_eq!(due(&desk), [], "no upgrade before consent (R-085)");
    desk.accept(claim, day(4));
    let due = due(&desk);
    let [upgrade] = &due[..] else { panic!("{due:?}") };
    let Request::UpgradeToCoSell { referral, customer, partner, .. } = &upgrade.request else {
        panic!("{upgrade:?}")
    };
    assert_eq!(referral.as_str(), "ref-1");
    assert_eq!(serde_json::to_value(customer).unwrap(), boxed("customer-of-Fabrikam"));
    assert_eq!(serde_json::to_value(partner).unwrap(), boxed("partner-for-Fabrikam"));
}

#[test]
fn the_end_of_a_claim_makes_closing_due() {
    let (mut desk, claim) = asked();
    desk.result(claim, "RecordReferralCreated", CREATE, 1, created(), day(3));
    desk.decline(claim, day(4));
    let due = due(&desk);
    let [close] = &due[..] else { panic!("{due:?}") };
    assert_eq!(close.request, Request::CloseReferral { referral: "ref-1".try_into().unwrap() });
    desk.result(claim, "RecordReferralClosed", CLOSE, 1, json!({}), day(5));
    let row = told(&desk, |it| referral(it, claim).unwrap().unwrap());
    assert!(row.closed);
    assert_eq!((row.conditions.as_deref(), row.cosell_conditions), (Some("met"), None));
}

#[test]
fn results_are_written_with_their_try_and_a_retry_goes_on_counting() {
    let (mut desk, claim) = asked();
    let kind = EffectKind::PartnerLedReferralIntended;
    let failed = json!({"error": "503"});
    desk.result(claim, "RecordReferralFailed", CREATE, 4, failed, day(3));
    let entry = of_kind(&desk, kind);
    assert_eq!(entry.state, EffectState::Failed { error: "503".try_into().unwrap() });
    assert_eq!((entry.attempts, entry.next_attempt(), entry.updated_at), (4, 5, day(3)));
    assert_eq!(due(&desk), [], "only RetryEffect starts it again");
    let retry = json!({"claim": claim, "effect": {"kind": CREATE, "number": 0}});
    desk.tell(operator(), "RetryEffect", retry, day(4));
    let again = due(&desk).remove(0);
    assert_eq!((again.attempt, again.entry.last_error.as_deref()), (5, Some("503")));
    desk.result(claim, "RecordReferralCreated", CREATE, 5, created(), day(5));
    let entry = of_kind(&desk, kind);
    let EffectState::Done { result: DoneResult::Created { referral, .. }, .. } = &entry.state else {
        panic!("{entry:?}")
    };
    assert_eq!((referral.as_str(), entry.attempts), ("ref-1", 5));
    let row = told(&desk, |it| claim_projector_referral::referral(it, claim).unwrap().unwrap());
    assert_eq!(row.link.unwrap().as_str(), "https://referrals.example/ref-1");
}

#[test] // DESIGN rule 8, CONTRACT §1: only `claimlog effects retry` starts imported history
fn effects_of_imported_history_are_held() {
    let mut desk = Desk::with(&["p-1"], "e-1", json!({}));
    desk.imported = true;
    let claim = desk.add("p-1", "e-1", "1", "Fabrikam", day(1));
    desk.ask_consent(claim, day(2));
    desk.imported = false;
    assert!(ledger(&desk).iter().all(|it| it.state == EffectState::Held));
    assert_eq!(ledger(&desk).len(), 2, "the referral and the mail");
    assert_eq!(due(&desk), []);
    let retry = json!({"claim": claim, "effect": {"kind": CREATE, "number": 0}});
    desk.tell(operator(), "RetryEffect", retry, day(3));
    assert_eq!(due(&desk).len(), 1);
}

#[test]
fn conditions_that_do_not_hold_are_told_and_intend_nothing() {
    let mut desk =
        Desk::with(&["p-1"], "e-1", json!({"referral": {"fact": "segment", "op": "eq", "value": "smb"}}));
    let claim = desk.add("p-1", "e-1", "1", "Fabrikam", day(1));
    desk.ask_consent(claim, day(2));
    assert_eq!(due(&desk), []);
    let row = told(&desk, |it| referral(it, claim).unwrap().unwrap());
    assert_eq!((row.conditions.as_deref(), row.referral), (Some("fact_unknown"), None));
}

#[test] // D-01, D-06, D-07, R-069, R-070
fn mail_waits_in_the_ledger_and_is_not_for_the_referrals_api() {
    let (mut desk, claim) = asked();
    desk.as_partner(claim, "ResendConsent", json!({"claim": claim}), day(4));
    desk.as_partner(claim, "ResendConsent", json!({"claim": claim}), day(6));
    let mail = EffectsQuery { family: Some(EffectFamily::Mail), ..EffectsQuery::default() };
    let waiting = told(&desk, |it| effects(it, &mail).unwrap());
    let kinds: Vec<_> = waiting.iter().map(|it| (it.kind, it.number)).collect();
    assert_eq!(
        kinds,
        [
            (EffectKind::ConsentRequested, 0),
            (EffectKind::ConsentReminderRequested, 0),
            (EffectKind::ConsentReminderRequested, 1),
        ]
    );
    assert!(due(&desk).iter().all(|it| it.entry.family != EffectFamily::Mail));
    desk.result(claim, "RecordMailDispatched", "ConsentRequested", 1, json!({}), day(7));
    desk.result(claim, "RecordMailBounced", "ConsentRequested", 2, json!({"error": "no such box"}), day(8));
    let EffectState::Done { bounced, .. } = of_kind(&desk, EffectKind::ConsentRequested).state else {
        panic!()
    };
    assert_eq!(bounced.unwrap().as_str(), "no such box");
}

#[test] // R-085, I-17, I-21
fn at_most_one_referral_and_one_upgrade_whatever_is_repeated_replayed_or_rebuilt() {
    let (mut desk, claim) = asked();
    let failed = json!({"error": "503"});
    desk.result(claim, "RecordReferralFailed", CREATE, 1, failed.clone(), day(3));
    let retry = json!({"claim": claim, "effect": {"kind": CREATE, "number": 0}});
    desk.tell(operator(), "RetryEffect", retry, day(3));
    for attempt in 2..5 {
        desk.result(claim, "RecordReferralCreated", CREATE, attempt, created(), day(4));
    }
    desk.accept(claim, day(5));
    desk.result(claim, "RecordCoSellFailed", UPGRADE, 1, failed, day(6));
    let retry = json!({"claim": claim, "effect": {"kind": UPGRADE, "number": 0}});
    desk.tell(operator(), "RetryEffect", retry, day(7));
    for attempt in 2..5 {
        let upgraded = json!({"referral": "co-1", "link": "https://referrals.example/co-1"});
        desk.result(claim, "RecordCoSellUpgraded", UPGRADE, attempt, upgraded, day(8));
    }
    for place in places() {
        let runner = || runner_at(&place);
        let mut intended = Vec::new();
        for count in 1..=desk.log.len() {
            let mut runner = runner();
            runner.catch_up(&desk.log.first(count), &mut |_| ()).unwrap();
            let snapshot = runner.views().snapshot().unwrap();
            intended.extend(
                due_referral_effects(&snapshot, None, None).unwrap().into_iter().map(|it| it.entry.effect),
            );
        }
        intended.sort();
        intended.dedup();
        let mut only = vec![EffectId::derive(claim, CREATE, 0), EffectId::derive(claim, UPGRADE, 0)];
        only.sort();
        assert_eq!(intended, only, "ever due, under any cut of the journal");
        let mut runner = runner();
        for name in [None, Some("referral")] {
            let list = |runner: &Runner| {
                effects(&runner.views().snapshot().unwrap(), &EffectsQuery::default()).unwrap()
            };
            let before = list(&runner);
            rebuild(&mut runner, &desk.log, name, &mut |_| ()).unwrap();
            assert_eq!(list(&runner), before);
            assert_eq!(due_referral_effects(&runner.views().snapshot().unwrap(), None, None).unwrap(), []);
        }
    }
    let row = told(&desk, |it| referral(it, claim).unwrap().unwrap());
    assert_eq!((row.cosell_conditions.as_deref(), row.closed), (Some("met"), false));
    assert_eq!((row.referral.unwrap().as_str(), row.cosell_referral.unwrap().as_str()), ("ref-1", "co-1"));
}

#[test] // DESIGN rule 8: ledger and domain cannot differ
fn the_ledger_is_the_domains_own_list_of_effects() {
    let (mut desk, claim) = asked();
    desk.result(claim, "RecordReferralCreated", CREATE, 1, created(), day(3));
    desk.accept(claim, day(4));
    desk.result(claim, "RecordCoSellDeclined", UPGRADE, 1, json!({"reason": "no seller"}), day(5));
    desk.as_partner(claim, "SendCustomerSurvey", json!({"claim": claim}), day(6));
    desk.as_partner(claim, "SubmitClaim", json!({"claim": claim}), day(6));
    let other = desk.add("p-1", "e-1", "2", "Other", day(6));
    desk.approve(other, day(7));
    for claim in [claim, other] {
        let of_claim = EffectsQuery { claim: Some(claim), ..EffectsQuery::default() };
        let listed = told(&desk, |it| effects(it, &of_claim).unwrap());
        let mut listed: Vec<_> = listed.into_iter().map(|it| (it.kind, it.number, it.state)).collect();
        let folded = desk.folded(claim).effects.iter();
        let mut folded: Vec<_> = folded.map(|it| (it.kind, it.number, it.state.clone())).collect();
        listed.sort_by_key(|it| (it.0, it.1));
        folded.sort_by_key(|it| (it.0, it.1));
        assert_eq!(listed, folded);
    }
}

#[test]
fn lists_are_filtered_and_paged() {
    let mut desk = Desk::with(&["p-1", "p-2"], "e-1", json!({"limit": 99}));
    for n in 0..6 {
        let partner = ["p-1", "p-2"][n % 2];
        let claim = desk.add(partner, "e-1", &format!("{}", n + 1), "Fabrikam", day(1));
        desk.ask_consent(claim, day(2));
    }
    for place in places() {
        let mut runner = runner_at(&place);
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        let snapshot = runner.views().snapshot().unwrap();
        let all = effects(&snapshot, &EffectsQuery::default()).unwrap();
        assert_eq!(all.len(), 12);
        let mut paged = Vec::new();
        let mut query = EffectsQuery { limit: Some(5), ..EffectsQuery::default() };
        loop {
            let page = effects(&snapshot, &query).unwrap();
            if page.is_empty() {
                break;
            }
            query.after = page.last().map(|it| it.effect);
            paged.extend(page);
        }
        assert_eq!(paged, all);
        let count = |query: EffectsQuery| effects(&snapshot, &query).unwrap().len();
        assert_eq!(count(EffectsQuery { partner: Some("p-1".parse().unwrap()), ..Default::default() }), 6);
        assert_eq!(count(EffectsQuery { kind: Some(EffectKind::ConsentRequested), ..Default::default() }), 6);
        assert_eq!(count(EffectsQuery { state: Some(StateName::Done), ..Default::default() }), 0);
        assert_eq!(due_referral_effects(&snapshot, None, Some(4)).unwrap().len(), 4);
        for partition in all.iter().map(|it| it.intended.partition) {
            let of_it = |it: &&LedgerEntry| it.intended.partition == partition;
            let query = EffectsQuery { partition: Some(partition), ..Default::default() };
            assert_eq!(
                effects(&snapshot, &query).unwrap(),
                all.iter().filter(of_it).cloned().collect::<Vec<_>>()
            );
            let due = due_referral_effects(&snapshot, Some(partition), None).unwrap();
            assert_eq!(
                due.len(),
                all.iter().filter(of_it).filter(|it| it.family != EffectFamily::Mail).count()
            );
        }
        assert_eq!(due_referral_effects(&snapshot, Some(PartitionId::Program), None).unwrap(), []);
        assert_eq!(effect(&snapshot, all[3].effect).unwrap().as_ref(), Some(&all[3]));
        let unknown = EffectId::derive(all[0].claim, CREATE, 7);
        assert_eq!(effect(&snapshot, unknown).unwrap(), None);
        let refused = effects(&snapshot, &EffectsQuery { after: Some(unknown), ..Default::default() });
        assert!(matches!(refused, Err(QueryError::NotAPageCursor)));
    }
}

#[test]
fn a_claim_without_a_referral_policy_has_no_referral() {
    let mut desk = Desk::with(&["p-1"], "e-1", json!({"referral": null, "cosell": null}));
    let claim = desk.add("p-1", "e-1", "1", "Fabrikam", day(1));
    desk.approve(claim, day(2));
    let body =
        json!({"claim": claim, "reference": "pay-1", "paid_cents": 5, "currency": "USD", "paid_at": day(3)});
    desk.tell(service("bank"), "RecordPayment", body, day(3));
    assert_eq!(told(&desk, |it| referral(it, claim).unwrap()), None);
    assert!(ledger(&desk).iter().all(|it| it.family == EffectFamily::Mail));
}
