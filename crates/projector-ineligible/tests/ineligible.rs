//! Journal lines in, rows of Ineligible out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

use claim_domain::time::Instant;
use claim_journal::Offsets;
use claim_projector::fixtures::{Desk, day, operator};
use claim_projector::{Location, Page, Query, QueryError, Runner, Views, rebuild};
use claim_projector_ineligible::{definition, query};
use claim_testkit::stores::{Place, places};
use serde_json::json;

/// What is told of (p-1, engagement) at a time, after everything on the desk's log was folded: the same on every store.
fn asked(desk: &Desk, engagement: &str, at: Instant) -> Result<Page, QueryError> {
    let mut told = places().into_iter().map(|place| asked_at(&place, desk, engagement, at));
    let first = told.next().unwrap();
    for other in told {
        assert_eq!(other.as_ref().ok(), first.as_ref().ok());
    }
    first
}

fn runner_at(place: &Place) -> Runner {
    let views = Views::open(place.at().parse::<Location>().unwrap()).unwrap();
    Runner::new(views, Offsets::Positions, vec![definition()]).unwrap()
}

fn asked_at(place: &Place, desk: &Desk, engagement: &str, at: Instant) -> Result<Page, QueryError> {
    let mut runner = runner_at(place);
    runner.catch_up(&desk.log, &mut |_| ()).unwrap();
    let snapshot = runner.views().snapshot().unwrap();
    query(&snapshot, &Query::first("p-1".parse().unwrap(), engagement.parse().unwrap(), at))
}

fn page(desk: &Desk, engagement: &str, at: Instant) -> Page {
    asked(desk, engagement, at).unwrap()
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
fn every_reason_is_told_in_order() {
    let criteria = json!({"fact": "spend", "op": "ge", "value": 5});
    let mut desk = knowing(json!({"limit": 1, "criteria": criteria}));
    assert_eq!(codes(&page(&desk, "e-1", day(3))), [["fact_unknown"]]);
    desk.facts("1", json!({"spend": 1}), day(3));
    let ineligible = page(&desk, "e-1", day(4));
    assert_eq!(codes(&ineligible), [["criteria_not_met"]]);
    assert_eq!(ineligible.rows[0].facts_as_of_at, Some(day(3)));
    assert!(ineligible.rows[0].next_actions.is_empty());
    desk.facts("1", json!({"spend": 9}), day(5));
    let claim = desk.claim("p-1", "e-1", Desk::customer("1"), "Known", day(6));
    desk.approve(claim, day(7));
    assert_eq!(codes(&page(&desk, "e-1", day(8))), [["claim_limit_reached"]]);
    desk.facts("1", json!({"spend": 1}), day(9));
    desk.tell(operator(), "SuspendLocation", json!({"partner": "p-1", "location": "l-1"}), day(9));
    desk.tell(operator(), "RetireEngagement", json!({"engagement": "e-1"}), day(9));
    let ineligible = page(&desk, "e-1", day(10));
    let all = ["engagement_retired", "partner_not_eligible", "criteria_not_met", "claim_limit_reached"];
    assert_eq!(codes(&ineligible), [all]);
    assert!(ineligible.rows[0].reasons.iter().all(|it| it.message.ends_with('.')));
}

#[test]
fn a_kind_that_is_not_accepted_is_told() {
    let desk = knowing(json!({"id_kinds": ["tenant_id"]}));
    assert_eq!(codes(&page(&desk, "e-1", day(3))), [["id_kind_not_accepted"]]);
}

#[test]
fn where_opportunities_nominate_the_view_is_empty_by_rule_and_says_so() {
    let mut desk = knowing(json!({}));
    let variable = json!({
        "pay": "variable", "id_kinds": ["msx_opportunity_id"], "limit": 1, "hours": {"min": 1, "max": 9},
        "payout": {"rate_cents": 100, "currency": "USD"},
    });
    desk.publish("e-v", variable);
    desk.tell(operator(), "RetireEngagement", json!({"engagement": "e-v"}), day(3));
    let page = page(&desk, "e-v", day(4));
    assert!(page.rows.is_empty());
    assert_eq!(page.note.unwrap().code, "msx_only");
}

#[test]
fn an_engagement_without_a_page_is_not_found() {
    let mut desk = knowing(json!({}));
    desk.publish("inner", json!({"activity": "sell_through"}));
    for engagement in ["inner", "unheard-of"] {
        assert_eq!(asked(&desk, engagement, day(4)).unwrap_err().code(), "engagement_not_found");
    }
}

#[test] // its rows follow from the standing inputs, so rebuilding it means them
fn rebuilding_it_folds_the_standing_inputs_afresh() {
    let desk = knowing(json!({"limit": 1, "criteria": {"fact": "spend", "op": "ge", "value": 5}}));
    for place in places() {
        let mut runner = runner_at(&place);
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        let first = Query::first("p-1".parse().unwrap(), "e-1".parse().unwrap(), day(4));
        let rows = |runner: &Runner| query(&runner.views().snapshot().unwrap(), &first).unwrap().rows;
        let before = rows(&runner);
        place.sql("DELETE FROM known");
        assert_eq!((before.len(), rows(&runner)), (1, vec![]));
        rebuild(&mut runner, &desk.log, Some("ineligible"), &mut |_| ()).unwrap();
        assert_eq!(rows(&runner), before);
    }
}
