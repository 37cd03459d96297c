//! Killed anywhere, opened again: every event once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use claim_journal::Offsets;
use claim_projector::{Definition, Fact, ProjectError, Projector, StoreError, Tables, rebuild};

use super::{Counts, Place, busy_desk, events_of_claims, long_desk};
use claim_testkit::stores::on_every_store;

#[test] // F-14, F-34
fn stopped_after_any_record_and_opened_again_each_event_is_folded_once() {
    on_every_store(|store| {
        for offsets in [Offsets::Positions, Offsets::Count] {
            let desk = busy_desk(offsets);
            let place = Place::new(store);
            for count in 1..=desk.log.len() {
                let log = desk.log.first(count);
                place.runner(&desk).catch_up(&log, &mut |_| ()).unwrap();
            }
            assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk));
            assert_eq!(place.verify(&desk).difference, None);
        }
    });
}

#[test] // F-14, F-34
fn a_kill_between_two_batches_loses_nothing_and_doubles_nothing() {
    on_every_store(|store| {
        let desk = long_desk(2_500);
        let place = Place::new(store);
        let mut told = 0;
        let killed = catch_unwind(AssertUnwindSafe(|| {
            place.runner(&desk).catch_up(&desk.log, &mut |_| {
                told += 1;
                panic!("killed")
            })
        }));
        assert!(killed.is_err());
        let half = place.number("SELECT sum(count) FROM counts");
        assert!(told == 1 && half > 1_000 && half < events_of_claims(&desk), "{told} {half}");
        place.fold(&desk).unwrap();
        assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk));
        assert_eq!(place.verify(&desk).difference, None);
    });
}

/// Fails at its `LEFT`-th event.
struct Failing;

static LEFT: AtomicU64 = AtomicU64::new(u64::MAX);

impl Projector for Failing {
    const NAME: &'static str = "failing";
    const VERSION: u32 = 1;
    const DDL: &'static str = "CREATE TABLE failing (one INTEGER PRIMARY KEY) STRICT;";
    const TABLES: &'static [&'static str] = &["failing"];

    fn apply(_: &Tables<'_>, _: &Fact<'_>) -> Result<(), StoreError> {
        match LEFT.fetch_sub(1, Ordering::SeqCst) {
            0 => Err(StoreError::Sql {
                doing: "writing a view".to_owned(),
                source: rusqlite::Error::InvalidQuery.into(),
            }),
            _ => Ok(()),
        }
    }
}

#[test] // F-34, F-35, F-37: one test, since the moment of failure is shared
fn a_failure_within_a_batch_or_a_rebuild_leaves_views_as_they_were() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        let definitions = || vec![Definition::of::<Counts>(), Definition::of::<Failing>()];
        for left in 0..10 {
            LEFT.store(left, Ordering::SeqCst);
            let mut runner = place.runner_with(&desk, definitions());
            let failed = runner.catch_up(&desk.log, &mut |_| ()).unwrap_err();
            assert!(matches!(failed, ProjectError::Store(StoreError::Sql { .. })), "{failed}");
            assert_eq!(place.number("SELECT count(*) FROM counts"), 0);
            assert_eq!(place.number("SELECT count(*) FROM checkpoints"), 0);
        }
        LEFT.store(u64::MAX, Ordering::SeqCst);
        let mut runner = place.runner_with(&desk, definitions());
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        LEFT.store(9, Ordering::SeqCst);
        rebuild(&mut runner, &desk.log, None, &mut |_| ()).unwrap_err();
        LEFT.store(u64::MAX, Ordering::SeqCst);
        assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk));
        assert_eq!(place.0.left_beside(), Vec::<String>::new());
        assert_eq!(place.verify(&desk).difference, None);
    });
}
