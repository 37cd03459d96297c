//! Pages: filter, sort, and a cursor that neither skips nor repeats.

use std::collections::BTreeSet;

use claim_domain::claim::Status;
use claim_domain::time::Instant;
use claim_journal::{Offsets, PartitionId, Position};
use claim_projector::fixtures::day;
use claim_projector::{Filter, Page, Query, QueryError, Row, Snapshot, Sort, Tab};
use claim_testkit::stores::on_every_store;
use uuid::Uuid;

use super::{Place, busy_desk};

fn row(number: u128, name: &str, due: Option<Instant>, updated_at: Instant) -> Row {
    Row {
        customer: claim_domain::ids::CustomerId(Uuid::from_u128(number)),
        name: name.to_owned(),
        identifiers: BTreeSet::new(),
        claim: None,
        friendly_name: None,
        location: None,
        status: due.map(|_| Status::CustomerClaimed),
        group: None,
        origin: None,
        next_actions: Vec::new(),
        next_due_at: due,
        reasons: Vec::new(),
        facts_as_of_at: None,
        updated_at,
        position: Position { partition: PartitionId::Number(0), sequence: 1 },
        past_due: false,
    }
}

/// Forty rows with three names, three deadlines and two times between them.
fn rows() -> Vec<Row> {
    (0..40_u32)
        .map(|n| {
            let due = [None, Some(day(5)), Some(day(6))][n as usize % 3];
            row(u128::from(n * 7 % 40), ["beta", "Alpha", "alpha"][n as usize % 3], due, day(n % 2))
        })
        .collect()
}

fn asked(sort: Sort, descending: bool, limit: usize) -> Query {
    let first = Query::first("p-1".parse().unwrap(), "e-1".parse().unwrap(), day(9));
    Query { sort, descending, limit, ..first }
}

fn with_snapshot(test: impl Fn(&Snapshot<'_>)) {
    let desk = busy_desk(Offsets::Positions);
    on_every_store(|store| {
        let place = Place::new(store);
        let mut runner = place.runner(&desk);
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        test(&runner.views().snapshot().unwrap());
    });
}

fn page(snapshot: &Snapshot<'_>, query: &Query) -> Page {
    Page::of(snapshot, Tab::Eligible, query, rows(), None).unwrap()
}

#[test] // issue 3 item 13
fn pages_of_any_size_make_up_the_whole_under_ties() {
    with_snapshot(|snapshot| {
        for sort in [Sort::Name, Sort::Due, Sort::Updated] {
            for descending in [false, true] {
                let whole = page(snapshot, &asked(sort, descending, 100));
                assert_eq!((whole.rows.len(), &whole.next), (40, &None));
                for limit in [1, 7, 39, 40] {
                    let mut query = asked(sort, descending, limit);
                    let mut found = Vec::new();
                    loop {
                        let page = page(snapshot, &query);
                        found.extend(page.rows);
                        match page.next {
                            Some(next) => query.after = Some(next),
                            None => break,
                        }
                    }
                    assert_eq!(found, whole.rows, "{sort:?} {descending} {limit}");
                }
            }
        }
    });
}

#[test]
fn rows_are_sorted_and_those_without_a_deadline_come_last_either_way() {
    with_snapshot(|snapshot| {
        let names = page(snapshot, &asked(Sort::Name, false, 100)).rows;
        assert!(names.is_sorted_by_key(|it| it.name.to_lowercase()));
        for descending in [false, true] {
            let due: Vec<_> = page(snapshot, &asked(Sort::Due, descending, 100))
                .rows
                .iter()
                .map(|it| it.next_due_at)
                .collect();
            let (with, without) = due.split_at(due.iter().position(Option::is_none).unwrap());
            assert!(without.iter().all(Option::is_none));
            assert!(if descending { with.is_sorted_by(|a, b| a >= b) } else { with.is_sorted() });
        }
    });
}

#[test] // issue 3 item 13
fn a_filter_shows_what_it_names() {
    with_snapshot(|snapshot| {
        let count =
            |filter: Filter| page(snapshot, &Query { filter, ..asked(Sort::Name, false, 100) }).rows.len();
        let text = |it: &str| Filter { text: Some(it.to_owned()), ..Filter::default() };
        assert_eq!((count(text("ALPH")), count(text("et")), count(text("none"))), (26, 14, 0));
        let claimed = Filter { statuses: [Status::CustomerClaimed].into(), ..Filter::default() };
        assert_eq!(count(claimed), 26);
        let elsewhere = Filter { location: Some("l-9".parse().unwrap()), ..Filter::default() };
        assert_eq!(count(elsewhere), 0);
    });
}

#[test]
fn a_cursor_of_another_order_is_refused() {
    with_snapshot(|snapshot| {
        let next = page(snapshot, &asked(Sort::Name, false, 1)).next;
        let wrong = [asked(Sort::Due, false, 1), asked(Sort::Name, true, 1)];
        for query in wrong.into_iter().map(|it| Query { after: next.clone(), ..it }) {
            let refused = Page::of(snapshot, Tab::Eligible, &query, rows(), None);
            assert!(matches!(refused, Err(QueryError::NotAPageCursor)));
        }
        let nonsense = Query { after: Some("%".to_owned()), ..asked(Sort::Name, false, 1) };
        let refused = Page::of(snapshot, Tab::Eligible, &nonsense, rows(), None);
        assert!(matches!(refused, Err(QueryError::NotAPageCursor)));
    });
}
