//! One file, several processes.

use claim_journal::Offsets;
use claim_projector::fixtures::day;
use claim_projector::{ProjectError, StoreError, Views, rebuild};

use super::{Place, busy_desk};
use claim_testkit::stores::on_every_store;

#[test] // F-36
fn a_second_runner_fences_the_first() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        let mut first = place.runner(&desk);
        first.catch_up(&desk.log, &mut |_| ()).unwrap();
        desk.add("p-1", "e-1", "8", "Meanwhile", day(70));
        let mut second = place.runner(&desk);
        second.catch_up(&desk.log, &mut |_| ()).unwrap();
        desk.add("p-1", "e-1", "9", "Later", day(70));
        assert!(matches!(first.catch_up(&desk.log, &mut |_| ()), Err(ProjectError::Fenced)));
        second.catch_up(&desk.log, &mut |_| ()).unwrap();
        assert_eq!(place.verify(&desk).difference, None);
    });
}

#[test] // F-36
fn a_fenced_runner_exchanges_nothing() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        let mut first = place.runner(&desk);
        first.catch_up(&desk.log, &mut |_| ()).unwrap();
        place.sql("UPDATE counts SET count = 99");
        let _second = place.runner(&desk);
        let refused = rebuild(&mut first, &desk.log, Some("counts"), &mut |_| ()).unwrap_err();
        assert!(matches!(refused, ProjectError::Fenced), "{refused}");
        assert_eq!(place.number("SELECT min(count) FROM counts"), 99);
    });
}

#[test] // CONTRACT §4: reading commands work beside a running program
fn a_reader_sees_one_moment_while_another_folds_on() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        let mut runner = place.runner(&desk);
        let before = runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        let reader = Views::open_read_only(place.at()).unwrap();
        let moment = reader.snapshot().unwrap();
        let claim = desk.add("p-1", "e-1", "8", "Meanwhile", day(70));
        let after = runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        assert!(after.covers(&before) && after != before);
        assert_eq!(moment.cursor(), before);
        assert!(moment.claim(claim).unwrap().is_none());
        drop(moment);
        let now = reader.snapshot().unwrap();
        assert_eq!(now.cursor(), after);
        assert!(now.claim(claim).unwrap().is_some());
    });
}

#[test]
fn views_that_nobody_has_open_can_be_read_only_too() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        let views = Views::open_read_only(place.at()).unwrap();
        assert_eq!(views.checkpoints().unwrap().len(), views.snapshot().unwrap().cursor().iter().count());
    });
}

#[test]
fn what_is_absent_or_not_ours_is_told() {
    on_every_store(|store| {
        let place = Place::new(store);
        let refused = Views::open_read_only(place.at()).unwrap_err();
        assert!(matches!(refused, StoreError::Absent { .. }), "{refused}");
        place.0.make();
        place.sql("CREATE TABLE others (a INTEGER)");
        for refused in [Views::open(place.at()), Views::open_read_only(place.at())] {
            assert!(matches!(refused, Err(StoreError::NotViews { .. })), "{refused:?}");
        }
    });
}

#[test]
fn a_file_that_is_no_database_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("a.txt");
    std::fs::write(&text, "not a database, but long enough to be looked at as one. ".repeat(40)).unwrap();
    for refused in [Views::open(&text), Views::open_read_only(&text)] {
        assert!(matches!(refused, Err(StoreError::NotViews { .. })), "{refused:?}");
    }
}
