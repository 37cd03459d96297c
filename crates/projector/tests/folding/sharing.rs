//! One file, several processes.

use claim_journal::Offsets;
use claim_projector::fixtures::day;
use claim_projector::{ProjectError, StoreError, Views, rebuild};

use super::{Place, busy_desk};

#[test] // F-36
fn a_second_runner_fences_the_first() {
    let mut desk = busy_desk(Offsets::Positions);
    let place = Place::new();
    let mut first = place.runner(&desk);
    first.catch_up(&desk.log, &mut |_| ()).unwrap();
    desk.add("p-1", "e-1", "8", "Meanwhile", day(70));
    let mut second = place.runner(&desk);
    second.catch_up(&desk.log, &mut |_| ()).unwrap();
    desk.add("p-1", "e-1", "9", "Later", day(70));
    assert!(matches!(first.catch_up(&desk.log, &mut |_| ()), Err(ProjectError::Fenced)));
    second.catch_up(&desk.log, &mut |_| ()).unwrap();
    assert_eq!(place.verify(&desk).difference, None);
}

#[test] // F-36
fn a_fenced_runner_exchanges_nothing() {
    let desk = busy_desk(Offsets::Positions);
    let place = Place::new();
    let mut first = place.runner(&desk);
    first.catch_up(&desk.log, &mut |_| ()).unwrap();
    place.sql("UPDATE counts SET count = 99");
    let _second = place.runner(&desk);
    let refused = rebuild(&mut first, &desk.log, Some("counts"), &mut |_| ()).unwrap_err();
    assert!(matches!(refused, ProjectError::Fenced), "{refused}");
    assert_eq!(place.number("SELECT min(count) FROM counts"), 99);
}

#[test] // CONTRACT §4: reading commands work beside a running program
fn a_reader_sees_one_moment_while_another_folds_on() {
    let mut desk = busy_desk(Offsets::Positions);
    let place = Place::new();
    let mut runner = place.runner(&desk);
    let before = runner.catch_up(&desk.log, &mut |_| ()).unwrap();
    let reader = Views::open_read_only(&place.path()).unwrap();
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
}

#[test]
fn views_that_nobody_has_open_can_be_read_only_too() {
    let desk = busy_desk(Offsets::Positions);
    let place = Place::new();
    place.fold(&desk).unwrap();
    let views = Views::open_read_only(&place.path()).unwrap();
    assert_eq!(views.checkpoints().unwrap().len(), views.snapshot().unwrap().cursor().iter().count());
}

#[test]
fn what_is_absent_or_not_ours_is_told() {
    let place = Place::new();
    let refused = Views::open_read_only(&place.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Absent { .. }), "{refused}");
    place.sql("CREATE TABLE others (a)");
    for refused in [Views::open(&place.path()), Views::open_read_only(&place.path())] {
        assert!(matches!(refused, Err(StoreError::NotViews { .. })), "{refused:?}");
    }
    let text = place.0.path().join("a.txt");
    std::fs::write(&text, "not a database, but long enough to be looked at as one. ".repeat(40)).unwrap();
    for refused in [Views::open(&text), Views::open_read_only(&text)] {
        assert!(matches!(refused, Err(StoreError::NotViews { .. })), "{refused:?}");
    }
}
