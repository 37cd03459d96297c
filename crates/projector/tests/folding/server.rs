//! What only several machines on one PostgreSQL can do to each other, and what a server can do to us.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Barrier};
use std::thread;

use claim_journal::Offsets;
use claim_projector::{
    Definition, Fact, ProjectError, Projector, StoreError, Tables, Views, params, rebuild,
};
use claim_testkit::postgres::fresh;
use claim_testkit::stores::{self, Store};

use super::{Counts, Place, busy_desk, events_of_claims, long_desk};

/// A place on the server; none where there is none, which is told.
fn place() -> Option<Place> {
    fresh().map(|_| Place::new(Store::Postgres))
}

/// Ends every other connection to a place, as a server does that is restarted.
fn cut_off(place: &Place) {
    let stores::Place::Schema(fresh) = &place.0 else { panic!("no server") };
    let sql = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity JOIN pg_locks USING (pid) \
               WHERE relation IN (SELECT oid FROM pg_class WHERE relnamespace = $1::text::regnamespace) \
               AND pid <> pg_backend_pid()";
    fresh.client().execute(sql, &[&fresh.schema()]).unwrap();
}

/// Sleeps inside of its transaction when it is told to, and lets others say what is to be done meanwhile.
struct Slow;

/// After how many events what is done.
type Meanwhile = (u32, fn(&Place));

thread_local! {
    static AT: Cell<Option<Meanwhile>> = const { Cell::new(None) };
    static WHERE: RefCell<Option<Arc<Place>>> = const { RefCell::new(None) };
}

impl Projector for Slow {
    const NAME: &'static str = "slow";
    const VERSION: u32 = 1;
    const DDL: &'static str = "CREATE TABLE slow (one INTEGER PRIMARY KEY) STRICT;";
    const TABLES: &'static [&'static str] = &["slow"];

    fn apply(tables: &Tables<'_>, _: &Fact<'_>) -> Result<(), StoreError> {
        match (AT.take(), WHERE.with_borrow(Clone::clone)) {
            (Some((0, act)), Some(place)) => act(&place),
            (Some((left, act)), _) => AT.set(Some((left - 1, act))),
            (None, _) => {}
        }
        tables.write("INSERT INTO slow VALUES (?1) ON CONFLICT (one) DO NOTHING", params![1_i64]).map(drop)
    }
}

#[test] // F-34, F-35
fn a_connection_lost_within_a_batch_leaves_views_as_they_were_and_the_runner_goes_on() {
    let Some(place) = place() else { return };
    let place = Arc::new(place);
    WHERE.set(Some(Arc::clone(&place)));
    let desk = busy_desk(Offsets::Positions);
    let mut runner = place.runner_with(&desk, vec![Definition::of::<Counts>(), Definition::of::<Slow>()]);
    for at in 0..10 {
        AT.set(Some((at, cut_off)));
        let failed = runner.catch_up(&desk.log, &mut |_| ()).unwrap_err();
        assert!(matches!(failed, ProjectError::Store(StoreError::Sql { .. })), "{failed}");
        assert_eq!(place.number("SELECT count(*) FROM counts"), 0);
        assert_eq!(place.number("SELECT count(*) FROM checkpoints"), 0);
    }
    // The same runner: the server is back.
    runner.catch_up(&desk.log, &mut |_| ()).unwrap();
    assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk));
    assert_eq!(place.verify(&desk).difference, None);
}

#[test] // F-36: the second takes over while the first is within a batch
fn whoever_takes_over_within_a_batch_waits_for_it_and_then_fences() {
    let Some(place) = place() else { return };
    let place = Arc::new(place);
    let desk = long_desk(2_500);
    let mut first = place.runner_with(&desk, vec![Definition::of::<Counts>(), Definition::of::<Slow>()]);
    let second = thread::scope(|scope| {
        let second = scope.spawn(|| {
            // Not before the first holds its batch open.
            while place.number(
                "SELECT count(*) FROM pg_locks WHERE mode = 'RowExclusiveLock' \
                 AND relation = (SELECT oid FROM pg_class WHERE relname = 'counts' \
                 AND relnamespace = current_schema()::regnamespace)",
            ) == 0
            {
                thread::yield_now();
            }
            place.runner_with(&desk, vec![Definition::of::<Counts>(), Definition::of::<Slow>()])
        });
        WHERE.set(Some(Arc::clone(&place)));
        AT.set(Some((1, |_| thread::sleep(std::time::Duration::from_millis(500)))));
        let fenced = first.catch_up(&desk.log, &mut |_| ());
        assert!(matches!(fenced, Err(ProjectError::Fenced)), "{fenced:?}");
        second.join().unwrap()
    });
    let half = place.number("SELECT sum(count) FROM counts");
    assert!(
        half > 0 && half < events_of_claims(&desk),
        "the batch of the first stands, and no other: {half}"
    );
    let mut second = second;
    second.catch_up(&desk.log, &mut |_| ()).unwrap();
    assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk));
    assert_eq!(place.verify(&desk).difference, None);
}

#[test] // F-36
fn of_many_runners_at_once_each_event_is_folded_once() {
    let Some(place) = place() else { return };
    let desk = long_desk(1_200);
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                loop {
                    match place.runner(&desk).catch_up(&desk.log, &mut |_| ()) {
                        Ok(_) => return,
                        Err(ProjectError::Fenced) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
            });
        }
    });
    assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk));
    assert_eq!(place.verify(&desk).difference, None);
}

#[test] // F-37: tables that are exchanged keep no past
fn an_exchange_waits_for_who_reads_and_nobody_sees_an_empty_view() {
    let Some(place) = place() else { return };
    let desk = busy_desk(Offsets::Positions);
    let mut runner = place.runner(&desk);
    runner.catch_up(&desk.log, &mut |_| ()).unwrap();
    let claim = desk.customers.values().find_map(|it| it.claims.keys().next().copied()).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let views = Views::open_read_only(place.at()).unwrap();
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let moment = views.snapshot().unwrap();
                    thread::yield_now();
                    assert!(moment.claim(claim).unwrap().is_some());
                    assert!(!moment.history(claim).unwrap().is_empty());
                }
            });
        }
        for _ in 0..5 {
            rebuild(&mut runner, &desk.log, None, &mut |_| ()).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(place.verify(&desk).difference, None);
    assert_eq!(place.0.left_beside(), Vec::<String>::new());
}

#[test]
fn views_made_at_once_are_made_once() {
    let Some(place) = place() else { return };
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                Views::open(place.at()).unwrap();
            });
        }
    });
    assert_eq!(place.number("SELECT count(*) FROM runner"), 1);
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_password() {
    let url = "postgres://user:secret@127.0.0.1:1/claims";
    let refused = Views::open(url.parse::<claim_projector::Location>().unwrap()).unwrap_err();
    let StoreError::Sql { doing, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(doing, "opening postgres://127.0.0.1:1/claims?schema=claimlog");
    assert!(!format!("{refused:?}").contains("secret"));
}
