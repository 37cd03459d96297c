//! Journal lines in, rows of Eligible and Ineligible out; and that no known customer is in both, or in neither.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod either;

use claim_domain::claim::{Origin, Status};
use claim_domain::command::CommandType;
use claim_domain::time::Instant;
use claim_journal::Offsets;
use claim_projector::fixtures::{Desk, contacts, day, operator};
use claim_projector::{Definition, Location, Page, Query, Runner, Views};
use claim_projector_eligible::Eligible;
use claim_testkit::stores::{Place, places};
use serde_json::json;

/// Both pages of (p-1, engagement) at a time, after everything on the desk's log was folded: the same on every store.
fn pages(desk: &Desk, engagement: &str, at: Instant) -> (Page, Page) {
    let mut told = places().into_iter().map(|place| pages_at(&place, desk, engagement, at));
    let first = told.next().unwrap();
    assert!(told.all(|it| it == first));
    first
}

fn pages_at(place: &Place, desk: &Desk, engagement: &str, at: Instant) -> (Page, Page) {
    let views = Views::open(place.at().parse::<Location>().unwrap()).unwrap();
    let definitions = vec![Definition::of::<Eligible>(), claim_projector_ineligible::definition()];
    let mut runner = Runner::new(views, Offsets::Positions, definitions).unwrap();
    runner.catch_up(&desk.log, &mut |_| ()).unwrap();
    let snapshot = runner.views().snapshot().unwrap();
    let query = Query::first("p-1".parse().unwrap(), engagement.parse().unwrap(), at);
    let eligible = claim_projector_eligible::query(&snapshot, &query).unwrap();
    (eligible, claim_projector_ineligible::query(&snapshot, &query).unwrap())
}

fn names(page: &Page) -> Vec<&str> {
    page.rows.iter().map(|it| it.name.as_str()).collect()
}

fn codes(page: &Page) -> Vec<Vec<&str>> {
    page.rows.iter().map(|it| it.reasons.iter().map(|it| it.code.as_str()).collect()).collect()
}

/// A desk where p-1 knows customer 1, by a claim on `e-0` that is done.
fn knowing(change: serde_json::Value) -> Desk {
    let mut desk = Desk::with(&["p-1", "p-2"], "e-1", change);
    desk.publish("e-0", json!({"limit": 9}));
    let claim = desk.add("p-1", "e-0", "1", "Known", day(1));
    desk.approve(claim, day(2));
    desk
}

#[test]
fn a_known_customer_without_an_open_claim_may_be_claimed() {
    let mut desk = knowing(json!({}));
    desk.facts("1", json!({"spend": 1}), day(3));
    let (eligible, ineligible) = pages(&desk, "e-1", day(4));
    let row = &serde_json::to_value(&eligible).unwrap()["rows"][0];
    assert_eq!((names(&eligible), names(&ineligible)), (vec!["Known"], vec![]));
    for null in ["claim", "friendly_name", "location", "status", "group", "origin", "next_due_at"] {
        assert!(row.get(null).is_some_and(serde_json::Value::is_null), "{null} in {row}");
    }
    assert_eq!(row["next_actions"], json!(["ClaimCustomer"]));
    assert_eq!(row["identifiers"], json!([{"id_type": "tpid", "value": "1"}]));
    assert_eq!(row["facts_as_of_at"], day(3).to_string());
    assert_eq!(row["updated_at"], day(2).to_string());
    assert_eq!(row["reasons"], json!([]));
    desk.claim("p-1", "e-1", Desk::customer("1"), "Known", day(4));
}

#[test]
fn an_open_claim_shows_status_deadline_and_what_can_be_done_next() {
    let mut desk = Desk::with(&["p-1"], "e-1", json!({}));
    let claim = desk.add("p-1", "e-1", "1", "Fabrikam", day(1));
    let row = |desk: &Desk, at| pages(desk, "e-1", at).0.rows.remove(0);
    let first = row(&desk, day(2));
    assert_eq!(
        (first.claim, first.status, first.origin),
        (Some(claim), Some(Status::CustomerClaimed), Some(Origin::Added))
    );
    assert_eq!(first.next_actions, [CommandType::SendConsent, CommandType::CancelClaim]);
    assert_eq!((first.next_due_at, first.past_due), (Some(day(31)), false));
    desk.ask_consent(claim, day(2));
    assert_eq!(row(&desk, day(2)).next_actions, [CommandType::ResendConsent, CommandType::CancelClaim]);
    let body = json!({"claim": claim, "contacts": contacts("Fabrikam Ltd")});
    desk.as_partner(claim, "UpdateContacts", body, day(3));
    let renamed = row(&desk, day(3));
    assert_eq!((renamed.name.as_str(), renamed.updated_at), ("Fabrikam Ltd", day(3)));
    desk.accept(claim, day(4));
    let accepted = row(&desk, day(4));
    assert_eq!(accepted.next_actions, [CommandType::SubmitClaim, CommandType::CancelClaim]);
    assert_eq!(accepted.next_due_at, Some(day(64)));
    assert_eq!(accepted.position.sequence, desk.decisions.last().unwrap().1);
}

#[test] // A-60 `past_due`
fn a_deadline_that_has_passed_and_not_fired_is_told() {
    let mut desk = Desk::with(&["p-1"], "e-1", json!({}));
    desk.add("p-1", "e-1", "1", "Fabrikam", day(1));
    let past_due = |at| pages(&desk, "e-1", at).0.rows[0].past_due;
    assert!(!past_due(day(31).plus_ms(-1)));
    assert!(past_due(day(31)));
}

#[test]
fn a_customer_that_declined_is_listed_again_only_if_it_was_known() {
    let mut desk = knowing(json!({}));
    let claimed = desk.claim("p-1", "e-1", Desk::customer("1"), "Known", day(3));
    let added = desk.add("p-1", "e-1", "2", "New", day(3));
    for claim in [claimed, added] {
        desk.ask_consent(claim, day(4));
        desk.decline(claim, day(5));
    }
    let (eligible, ineligible) = pages(&desk, "e-1", day(6));
    assert_eq!((names(&eligible), names(&ineligible)), (vec!["Known"], vec![]));
    assert_eq!(eligible.rows[0].claim, None);
}

#[test]
fn a_retired_engagement_shows_open_claims_only() {
    let mut desk = knowing(json!({}));
    desk.add("p-1", "e-1", "2", "Open", day(3));
    desk.tell(operator(), "RetireEngagement", json!({"engagement": "e-1"}), day(4));
    let (eligible, ineligible) = pages(&desk, "e-1", day(5));
    assert_eq!((names(&eligible), names(&ineligible)), (vec!["Open"], vec!["Known"]));
    assert_eq!(codes(&ineligible), [["engagement_retired"]]);
}

#[test]
fn where_opportunities_nominate_ineligible_is_empty_and_says_so() {
    let mut desk = knowing(json!({}));
    let variable = json!({
        "pay": "variable", "id_kinds": ["msx_opportunity_id"], "limit": 1, "hours": {"min": 1, "max": 9},
        "payout": {"rate_cents": 100, "currency": "USD"},
    });
    desk.publish("e-v", variable);
    let (eligible, ineligible) = pages(&desk, "e-v", day(3));
    assert_eq!(names(&eligible), ["Known"]);
    assert_eq!(ineligible.note.unwrap().code, "msx_only");
    desk.tell(operator(), "RetireEngagement", json!({"engagement": "e-v"}), day(4));
    let (eligible, ineligible) = pages(&desk, "e-v", day(5));
    assert!(eligible.rows.is_empty() && ineligible.rows.is_empty());
}

#[test] // R-003, DESIGN §7
fn what_another_partner_knows_is_not_shown() {
    let mut desk = Desk::with(&["p-1", "p-2"], "e-1", json!({"limit": 9}));
    let claim = desk.add("p-2", "e-1", "1", "Theirs", day(1));
    desk.approve(claim, day(2));
    let (eligible, ineligible) = pages(&desk, "e-1", day(3));
    assert!(eligible.rows.is_empty() && ineligible.rows.is_empty());
}

#[test] // `until` is exclusive, so the time of the query counts
fn a_verdict_is_of_the_time_that_is_asked_for() {
    let mut desk = knowing(json!({}));
    let until = json!({"partner": "p-1", "location": "l-1", "until": day(10)});
    desk.tell(operator(), "EnrollLocation", until, day(3));
    assert_eq!(names(&pages(&desk, "e-1", day(10).plus_ms(-1)).0), ["Known"]);
    assert_eq!(codes(&pages(&desk, "e-1", day(10)).1), [["partner_not_eligible"]]);
}
