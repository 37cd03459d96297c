//! Journal lines in, rows of Completed out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

use claim_domain::claim::{Group, Origin, Status};
use claim_domain::ids::ClaimId;
use claim_journal::Offsets;
use claim_projector::fixtures::{Desk, day, service};
use claim_projector::{Definition, Location, Page, Query, QueryError, Runner, Views};
use claim_projector_completed::Completed;
use claim_testkit::stores::{Place, places};
use serde_json::json;

const ENGAGEMENT: &str = "e-1";

/// What is told after everything on the desk's log was folded: the same on every store.
fn asked(desk: &Desk, query: &Query) -> Result<Page, QueryError> {
    let mut told = places().into_iter().map(|place| asked_at(&place, desk, query));
    let first = told.next().unwrap();
    for other in told {
        assert_eq!(other.as_ref().ok(), first.as_ref().ok());
    }
    first
}

fn asked_at(place: &Place, desk: &Desk, query: &Query) -> Result<Page, QueryError> {
    let views = Views::open(place.at().parse::<Location>().unwrap()).unwrap();
    let mut runner = Runner::new(views, Offsets::Positions, vec![Definition::of::<Completed>()]).unwrap();
    runner.catch_up(&desk.log, &mut |_| ()).unwrap();
    claim_projector_completed::query(&runner.views().snapshot().unwrap(), query)
}

/// The page of the partner.
fn page(desk: &Desk, partner: &str) -> Page {
    asked(desk, &first(partner)).unwrap()
}

fn first(partner: &str) -> Query {
    Query::first(partner.parse().unwrap(), ENGAGEMENT.parse().unwrap(), day(400))
}

fn claims(page: &Page) -> Vec<ClaimId> {
    page.rows.iter().filter_map(|it| it.claim).collect()
}

fn desk() -> Desk {
    Desk::with(&["p-1", "p-2"], ENGAGEMENT, json!({"limit": 9}))
}

#[test]
fn an_approved_claim_is_completed_with_all_that_a_row_shows() {
    let mut desk = desk();
    desk.facts("1001", json!({"spend": 1}), day(0));
    let claim = desk.add("p-1", ENGAGEMENT, "1001", "Fabrikam", day(1));
    desk.approve(claim, day(2));
    let page = page(&desk, "p-1");
    let json = serde_json::to_value(&page).unwrap();
    let row = &json["rows"][0];
    let (partition, sequence) = *desk.decisions.last().unwrap();
    assert_eq!(json["tab"], "completed");
    assert_eq!(json["partner"], "p-1");
    assert_eq!(json["cursor"].as_str().unwrap(), page.cursor.to_string());
    assert_eq!(row["claim"], claim.to_string());
    assert_eq!(row["customer"], Desk::customer("1001").to_string());
    assert_eq!(row["name"], "Fabrikam");
    assert_eq!(row["identifiers"], json!([{"id_type": "tpid", "value": "1001"}]));
    assert_eq!(row["friendly_name"]["bytes"], "friendly-Fabrikam");
    assert_eq!(row["location"], "l-1");
    assert_eq!((&row["status"], &row["group"]), (&json!("Approved"), &json!("completed")));
    assert_eq!(row["origin"], "added");
    assert_eq!((&row["next_actions"], &row["next_due_at"]), (&json!([]), &json!(null)));
    assert_eq!(row["reasons"], json!([]));
    assert_eq!(row["facts_as_of_at"], day(0).to_string());
    assert_eq!(row["updated_at"], day(2).to_string());
    assert_eq!(row["position"], json!({"partition": partition, "sequence": sequence}));
    assert_eq!(row["past_due"], false);
}

#[test]
fn every_end_is_completed_and_nothing_open_is() {
    let mut desk = desk();
    let open = desk.add("p-1", ENGAGEMENT, "1", "Open", day(1));
    let canceled = desk.add("p-1", ENGAGEMENT, "2", "Canceled", day(1));
    desk.as_partner(canceled, "CancelClaim", json!({"claim": canceled}), day(2));
    let unsubmitted = desk.add("p-1", ENGAGEMENT, "3", "Unsubmitted", day(1));
    desk.ask_consent(unsubmitted, day(2));
    desk.accept(unsubmitted, day(3));
    desk.ask_consent(open, day(2));
    desk.accept(open, day(20));
    desk.fire(day(64));
    let page = page(&desk, "p-1");
    let shown: Vec<_> = page.rows.iter().map(|it| (it.status, it.group)).collect();
    assert_eq!(
        shown,
        [
            (Some(Status::Canceled), Some(Group::Canceled)),
            (Some(Status::NotSubmittedExpired), Some(Group::Expired)),
        ]
    );
    assert_eq!(claims(&page), [canceled, unsubmitted]);
}

#[test]
fn an_added_customer_without_consent_is_hidden_and_a_claimed_one_is_not() {
    let mut desk = desk();
    desk.publish("e-0", json!({"limit": 9}));
    let declined = desk.add("p-1", ENGAGEMENT, "1", "Declined", day(1));
    desk.ask_consent(declined, day(1));
    desk.decline(declined, day(2));
    desk.add("p-1", ENGAGEMENT, "2", "Lapsed", day(1));
    desk.fire(day(40));
    let mut claimed = Vec::new();
    for (tpid, name) in [("3", "Known and declined"), ("4", "Known and lapsed")] {
        let elsewhere = desk.add("p-1", "e-0", tpid, name, day(41));
        desk.ask_consent(elsewhere, day(41));
        desk.accept(elsewhere, day(41));
        claimed.push(desk.claim("p-1", ENGAGEMENT, Desk::customer(tpid), name, day(42)));
    }
    desk.ask_consent(claimed[0], day(43));
    desk.decline(claimed[0], day(44));
    desk.fire(day(80));
    let page = page(&desk, "p-1");
    assert_eq!(claims(&page), claimed);
    let origins: Vec<_> = page.rows.iter().map(|it| (it.origin, it.status)).collect();
    assert_eq!(
        origins,
        [
            (Some(Origin::Claimed), Some(Status::ConsentDeclined)),
            (Some(Origin::Claimed), Some(Status::ConsentExpired)),
        ]
    );
}

#[test] // A-64, DESIGN §7
fn a_partner_sees_only_its_own_claims() {
    let mut desk = desk();
    for partner in ["p-1", "p-2"] {
        let claim = desk.add(partner, ENGAGEMENT, "1", partner, day(1));
        desk.approve(claim, day(2));
    }
    for partner in ["p-1", "p-2"] {
        let page = page(&desk, partner);
        assert_eq!(page.rows.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), [partner]);
    }
}

#[test]
fn a_payment_changes_no_status_and_moves_the_row() {
    let mut desk = desk();
    let claim = desk.add("p-1", ENGAGEMENT, "1", "Fabrikam", day(1));
    desk.approve(claim, day(2));
    let body =
        json!({"claim": claim, "reference": "pay-1", "paid_cents": 5, "currency": "USD", "paid_at": day(9)});
    desk.tell(service("bank"), "RecordPayment", body, day(10));
    let row = page(&desk, "p-1").rows.remove(0);
    assert_eq!((row.status, row.updated_at), (Some(Status::Approved), day(10)));
    assert_eq!(row.position.sequence, desk.decisions.last().unwrap().1);
}

#[test]
fn an_engagement_without_a_page_is_not_found() {
    let mut desk = desk();
    desk.publish("inner", json!({"activity": "sell_through"}));
    for engagement in ["inner", "unheard-of"] {
        let query = Query { engagement: engagement.parse().unwrap(), ..first("p-1") };
        let refused = asked(&desk, &query).unwrap_err();
        assert!(matches!(refused, QueryError::EngagementNotFound { .. }), "{refused}");
        assert_eq!(refused.code(), "engagement_not_found");
    }
}
