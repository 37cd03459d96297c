//! What is due is done once, tried again, and reported (issue 3 item 14; R-078 … R-086, A-26, A-27, A-71).

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use claim_domain::command::{Command, CommandType};
use claim_domain::ids::{ClaimId, EffectId};
use claim_domain::sealed::{Organisation, SealedBox};
use claim_effects::wire::{Closing, CoSell, PartnerLed};
use claim_effects::{
    Due, Failure, LocalReferrals, OpenError, Pause, Performed, Performer, Referrals, Schedule, Standing,
    Upgraded,
};
use claim_projector_referral::Request;
use futures_util::StreamExt;
use serde_json::{Value, json};

/// Remembers pauses instead of making them.
#[derive(Default)]
struct NoPause(Mutex<Vec<Duration>>);

#[async_trait]
impl Pause for NoPause {
    async fn pause(&self, pause: Duration) {
        self.0.lock().unwrap().push(pause);
        tokio::task::yield_now().await;
    }
}

/// A port that answers what it is told to.
#[derive(Default)]
struct Scripted {
    /// How often it fails before it works.
    failing: AtomicUsize,
    after: Option<Duration>,
    for_good: bool,
    declining: bool,
    at_work: AtomicUsize,
    most_at_work: AtomicUsize,
    made: Mutex<BTreeMap<EffectId, usize>>,
}

impl Scripted {
    async fn work(&self, effect: EffectId) -> Result<Standing, Failure> {
        let now = self.at_work.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_work.fetch_max(now, Ordering::SeqCst);
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.at_work.fetch_sub(1, Ordering::SeqCst);
        let error = "the service is busy".try_into().unwrap();
        if self.for_good {
            return Err(Failure::Final { error });
        }
        let fails = |it: usize| it.checked_sub(1);
        if self.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
            return Err(Failure::Retryable { error, after: self.after });
        }
        *self.made.lock().unwrap().entry(effect).or_default() += 1;
        Ok(Standing {
            referral: "r-1".try_into().unwrap(),
            link: "https://x.invalid/r-1".try_into().unwrap(),
        })
    }
}

#[async_trait]
impl Referrals for Scripted {
    async fn create(&self, effect: EffectId, _: &PartnerLed) -> Result<Standing, Failure> {
        self.work(effect).await
    }

    async fn upgrade(&self, effect: EffectId, _: &CoSell) -> Result<Upgraded, Failure> {
        let standing = self.work(effect).await?;
        let reason = "not this quarter".try_into().unwrap();
        Ok(if self.declining { Upgraded::Declined(reason) } else { Upgraded::Made(standing) })
    }

    async fn close(&self, effect: EffectId, _: &Closing) -> Result<(), Failure> {
        self.work(effect).await.map(drop)
    }
}

fn claim(nth: u32) -> ClaimId {
    format!("c00a-{nth:020x}").parse().unwrap()
}

fn organisation() -> Organisation {
    serde_json::from_value(json!({"name": "Fabrikam", "country": "JP", "address": "1 Main Street"})).unwrap()
}

fn person(bytes: &str) -> Option<SealedBox> {
    let key = "0a1b2c3d-0000-4000-8000-00000000000f";
    let sealed =
        json!({"person": "someone", "key": key, "alg": "xchacha20poly1305", "nonce": "", "bytes": bytes});
    Some(serde_json::from_value(sealed).unwrap())
}

fn create(nth: u32) -> Due {
    let location = "loc-1".parse().unwrap();
    let request =
        Request::CreateReferral { deal_size_usd_cents: 5_000_050, organisation: organisation(), location };
    Due { claim: claim(nth), number: 0, attempt: 1, request }
}

fn upgrade(nth: u32) -> Due {
    let request = Request::UpgradeToCoSell {
        referral: "r-1".try_into().unwrap(),
        deal_size_usd_cents: 5_000_050,
        organisation: organisation(),
        location: "loc-1".parse().unwrap(),
        customer: person("Y3VzdG9tZXI="),
        partner: person("cGFydG5lcg=="),
    };
    Due { request, ..create(nth) }
}

fn close(nth: u32) -> Due {
    Due { request: Request::CloseReferral { referral: "r-1".try_into().unwrap() }, ..create(nth) }
}

fn schedule(tries: u32) -> Schedule {
    Schedule { tries, first: Duration::from_secs(1), longest: Duration::from_secs(5) }
}

fn perform(referrals: Arc<dyn Referrals>, tries: u32, due: Vec<Due>) -> (Vec<Performed>, Vec<u64>) {
    let pause = Arc::new(NoPause::default());
    let performer = Performer::new(referrals, pause.clone(), schedule(tries), 4);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let performed = runtime.block_on(performer.perform(due).collect());
    let pauses = pause.0.lock().unwrap().iter().map(Duration::as_secs).collect();
    (performed, pauses)
}

/// The command of the only result, which must have the shape of its type.
#[track_caller]
fn command(performed: &[Performed]) -> Value {
    let [Performed::Result { command, .. }] = performed else { panic!("{performed:?}") };
    let command_type: CommandType = serde_json::from_value(command["type"].clone()).unwrap();
    Command::body(command_type, command["body"].clone()).unwrap();
    command.clone()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|it| serde_json::from_str(it).unwrap()).collect()
}

fn local(path: &Path) -> Arc<LocalReferrals> {
    Arc::new(LocalReferrals::open(path).unwrap())
}

#[test] // A-71, CONTRACT §1
fn a_result_is_a_command_of_the_effects_service() {
    let due = create(1);
    let (performed, _) = perform(Arc::new(Scripted::default()), 1, vec![due.clone()]);
    let expected = json!({
        "id": due.id().result(1), "type": "RecordReferralCreated", "version": 1,
        "asker": {"kind": "service", "name": "effects"},
        "body": {"claim": due.claim, "effect": {"kind": "PartnerLedReferralIntended", "number": 0}, "attempt": 1,
            "referral": "r-1", "link": "https://x.invalid/r-1"},
    });
    assert_eq!(command(&performed), expected);
    for (due, name) in [(upgrade(1), "RecordCoSellUpgraded"), (close(1), "RecordReferralClosed")] {
        let (performed, _) = perform(Arc::new(Scripted::default()), 1, vec![due]);
        assert_eq!(command(&performed)["type"], name);
    }
    let declining = Scripted { declining: true, ..Scripted::default() };
    let declined = command(&perform(Arc::new(declining), 1, vec![upgrade(1)]).0);
    assert_eq!(
        (&declined["type"], &declined["body"]["reason"]),
        (&json!("RecordCoSellDeclined"), &json!("not this quarter"))
    );
}

#[test] // DESIGN rule 8
fn what_fails_for_a_while_is_tried_again_after_longer_pauses() {
    let port = Arc::new(Scripted { failing: 3.into(), ..Scripted::default() });
    let due = Due { attempt: 5, ..create(1) };
    let (performed, pauses) = perform(port.clone(), 6, vec![due.clone()]);
    let command = command(&performed);
    assert_eq!((pauses, &command["body"]["attempt"]), (vec![1, 2, 4], &json!(8)));
    assert_eq!(command["id"], json!(due.id().result(8)));
    assert_eq!(port.made.lock().unwrap()[&due.id()], 1);
}

#[test] // DOMAIN §5.2: honour Retry-After
fn the_other_side_may_ask_for_a_longer_pause() {
    let port = Scripted { failing: 2.into(), after: Some(Duration::from_secs(30)), ..Scripted::default() };
    assert_eq!(perform(Arc::new(port), 6, vec![create(1)]).1, [30, 30]);
}

#[test] // A-71: …Failed ends the automatic tries
fn when_no_try_is_left_the_failure_is_the_result() {
    for (due, name) in [(create(1), "RecordReferralFailed"), (upgrade(1), "RecordCoSellFailed")] {
        let port = Arc::new(Scripted { failing: 9.into(), ..Scripted::default() });
        let (performed, pauses) = perform(port.clone(), 3, vec![due]);
        let command = command(&performed);
        assert_eq!((&command["type"], &command["body"]["attempt"]), (&json!(name), &json!(3)));
        assert_eq!(command["body"]["error"], "the service is busy");
        assert_eq!((pauses, port.failing.load(Ordering::SeqCst)), (vec![1, 2], 6));
    }
}

#[test]
fn what_fails_for_good_is_tried_once() {
    let port = Scripted { for_good: true, ..Scripted::default() };
    let (performed, pauses) = perform(Arc::new(port), 6, vec![create(1)]);
    assert_eq!(command(&performed)["type"], "RecordReferralFailed");
    assert!(pauses.is_empty());
}

#[test] // A-27, A-71: best effort
fn a_closing_has_no_failed_result_and_stays_due() {
    let port = Scripted { for_good: true, ..Scripted::default() };
    let due = close(1);
    let (performed, _) = perform(Arc::new(port), 6, vec![due.clone()]);
    let error = "the service is busy".try_into().unwrap();
    assert_eq!(performed, [Performed::StillDue { effect: due.id(), error }]);
}

#[test]
fn no_more_are_at_work_at_once_than_allowed() {
    let port = Arc::new(Scripted::default());
    let (performed, _) = perform(port.clone(), 1, (0..50).map(create).collect());
    assert_eq!(performed.len(), 50);
    assert_eq!(port.most_at_work.load(Ordering::SeqCst), 4);
}

#[test] // R-085, DESIGN rule 8: killed between doing and recording
fn what_was_done_and_not_recorded_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("effects.ndjson");
    let due = vec![create(1), upgrade(1), close(2)];
    let (lost, _) = perform(local(&path), 1, due.clone());
    let before = std::fs::read(&path).unwrap();
    for _ in 0..3 {
        let (again, _) = perform(local(&path), 1, due.clone());
        assert_eq!(again, lost, "the same results under the same ids");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before, "and nothing was done twice");
    assert_eq!(lines(&path).len(), 3);
}

#[test] // R-085: at most one referral and one upgrade of a claim
fn the_same_effect_is_done_once_also_in_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("effects.ndjson");
    let due = (0..20).flat_map(|_| [create(1), upgrade(1)]).collect();
    perform(local(&path), 1, due);
    assert_eq!(lines(&path).len(), 2);
}

#[test] // F-71: killed while writing
fn a_line_that_was_cut_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("effects.ndjson");
    perform(local(&path), 1, vec![create(1), create(2)]);
    let whole = std::fs::read(&path).unwrap();
    let first = whole.iter().position(|it| *it == b'\n').unwrap() + 1;
    for length in (first..whole.len()).step_by(29).chain([whole.len() - 1]) {
        std::fs::write(&path, &whole[..length]).unwrap();
        perform(local(&path), 1, vec![create(1), create(2)]);
        assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {length}");
    }
}

#[test]
fn a_file_that_is_not_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("effects.ndjson");
    std::fs::write(&path, "hello\n").unwrap();
    assert!(matches!(LocalReferrals::open(&path), Err(OpenError::NotOurs { line: 1, .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n");
    assert!(matches!(LocalReferrals::open(&path.join("no/where")), Err(OpenError::Io(_))));
}

#[test] // DOMAIN §5.2, A-26: no person before consent
fn a_partner_led_referral_has_the_shape_of_the_api_and_no_person() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("effects.ndjson");
    let (performed, _) = perform(local(&path), 1, vec![create(1)]);
    let line = &lines(&path)[0];
    assert_eq!(line["performed_by"], "local stand-in, nothing was sent");
    assert_eq!((&line["method"], &line["path"]), (&json!("POST"), &json!("/v1.0/engagements/referrals/")));
    assert_eq!(line["answer"]["referral"], command(&performed)["body"]["referral"]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""dealValue":50000.50,"#), "{text}");
    let mut body = line["body"].clone();
    body["details"]["dealValue"] = json!("50000.50");
    assert_eq!(
        body,
        json!({
            "externalReferenceId": claim(1), "type": "Independent", "qualification": "Direct",
            "target": [{"type": "BusinessProfileLocation", "id": "loc-1"}],
            "customerProfile": {"name": "Fabrikam", "team": [],
                "address": {"addressLine1": "1 Main Street", "country": "JP"}},
            "consent": {"consentToToShareInfoWithOthers": false, "consentToContact": false,
                "consentToMicrosoftToContactSpecificPartners": false,
                "consentToShareReferralWithMicrosoftSellers": true},
            "details": {"dealValue": "50000.50", "currency": "USD"},
        })
    );
}

#[test] // DOMAIN §5.2, A-26, DESIGN §7: boxes stay closed
fn a_co_sell_referral_goes_to_microsoft_with_closed_contacts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("effects.ndjson");
    perform(local(&path), 1, vec![upgrade(1)]);
    let line = &lines(&path)[0];
    let body = &line["body"];
    assert!(body["engagementId"].is_string(), "the group of the partner-led referral");
    assert_eq!(body["target"], json!([{"type": "BusinessProfileLocation", "id": "msft"}]));
    assert_eq!(
        (&body["type"], &body["inviteContext"]["assistanceRequestCode"]),
        (&json!("Shared"), &json!("GeneralOrOther"))
    );
    assert_eq!(body["customerProfile"]["team"][0], serde_json::to_value(person("Y3VzdG9tZXI=")).unwrap());
    assert_eq!(body["team"][0]["bytes"], "cGFydG5lcg==");
    assert_eq!(body["consent"]["consentToToShareInfoWithOthers"], true);
}

#[test] // A-27
fn a_referral_is_closed_as_lost_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("effects.ndjson");
    perform(local(&path), 1, vec![close(1)]);
    let line = &lines(&path)[0];
    assert_eq!(
        (&line["method"], &line["path"]),
        (&json!("PATCH"), &json!("/v1.0/engagements/referrals/r-1"))
    );
    assert_eq!(line["body"][1], json!({"op": "replace", "path": "/substatus", "value": "Lost"}));
    assert_eq!(line["body"][2]["path"], "/statusReason");
}
