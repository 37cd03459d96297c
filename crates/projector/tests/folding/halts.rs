//! What stops folding, where, and what stands afterwards.

use claim_journal::{HaltCause, Kind, Offsets, PartitionId, Position, ProgramPosition};
use claim_projector::fixtures::{Desk, day};
use claim_projector::{ProjectError, Views};
use serde_json::json;

use super::{Place, busy_desk};
use claim_testkit::stores::on_every_store;

fn partition_of(desk: &Desk) -> PartitionId {
    desk.decisions.iter().map(|it| it.0).find(|it| matches!(it, PartitionId::Number(_))).unwrap()
}

#[test] // F-09, F-38
fn a_log_restored_from_an_older_copy_halts_and_explains() {
    on_every_store(|store| {
        for offsets in [Offsets::Positions, Offsets::Count] {
            let desk = busy_desk(offsets);
            let place = Place::new(store);
            place.fold(&desk).unwrap();
            let older = desk.log.first(desk.log.len() - 2);
            let stopped = place.runner(&desk).catch_up(&older, &mut |_| ()).unwrap_err();
            assert!(matches!(stopped, ProjectError::CheckpointOffChain { .. }), "{stopped}");
            assert!(stopped.to_string().contains("bring back the log"), "{stopped}");
            assert_eq!(place.verify(&desk).difference, None);
        }
    });
}

#[test] // F-09, DESIGN §5 "re-verify"
fn another_record_where_the_checkpoint_was_halts() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        let other = busy_desk(Offsets::Positions);
        other.log.damage(|stored| {
            let last = stored.last_mut().unwrap();
            let text = String::from_utf8(last.line.clone()).unwrap();
            last.line = text.replace("\"epoch\":1", "\"epoch\":2").into_bytes();
        });
        let stopped = place.runner(&desk).catch_up(&other.log, &mut |_| ()).unwrap_err();
        assert!(matches!(stopped, ProjectError::CheckpointOffChain { .. }), "{stopped}");
    });
}

#[test] // issue 3 item 13
fn a_gap_halts_with_its_position_and_what_came_before_stands() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Count);
        let partition = partition_of(&desk);
        desk.log.damage(|stored| {
            let third = stored.iter().position(|it| it.partition == partition && it.offset == 3).unwrap();
            stored.remove(third);
        });
        let place = Place::new(store);
        match place.fold(&desk).unwrap_err() {
            ProjectError::Halted { partition: at, offset, cause: HaltCause::OffsetGap { expected, .. } } => {
                assert_eq!((at, offset, expected), (partition, 4, 3));
            }
            other => panic!("{other}"),
        }
        let views = Views::open_read_only(place.at()).unwrap();
        assert_eq!(views.checkpoints().unwrap()[&partition].offset, 2);
    });
}

#[test] // F-29, F-40
fn an_event_of_a_newer_release_halts_with_its_position() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Positions);
        let before = desk.log.len();
        let partition = partition_of(&desk);
        let body = r#"{"cause":{"deadline":{"due_at":"2026-01-01T00:00:00.000Z","claim":"c000-00000000000000000000","kind":"consent"}},"judged_at":"2026-01-01T00:00:00.000Z","outcome":{"accepted":[{"type":"ClaimTeleported","version":1}]}}"#;
        let sequence = desk.write_body(partition, body);
        desk.add("p-1", "e-1", "99", "After it", day(70));
        let place = Place::new(store);
        match place.fold(&desk).unwrap_err() {
            stopped @ ProjectError::Unfoldable { position, .. } => {
                assert_eq!(position, Position { partition, sequence });
                assert!(stopped.to_string().contains("use the release that wrote it"), "{stopped}");
                let source = std::error::Error::source(&stopped).unwrap();
                let source = std::error::Error::source(source).unwrap();
                assert!(source.to_string().contains("ClaimTeleported"), "{source}");
            }
            other => panic!("{other}"),
        }
        let good = desk.log.first(before);
        let fresh = Place::new(store);
        fresh.runner(&desk).catch_up(&good, &mut |_| ()).unwrap();
        let sum = "SELECT sum(count) FROM counts";
        assert_eq!(place.number(sum), fresh.number(sum));
        assert!(place.fold(&desk).is_err(), "it halts again, at the same place");
    });
}

#[test] // DESIGN §4, "Program"
fn a_decision_under_a_program_that_is_not_folded_halts() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Positions);
        let claim = desk.add("p-1", "e-1", "5", "Delta", day(70));
        let partition = desk.decisions.last().unwrap().0;
        let decision = claim_journal::Decision {
            cause: claim_journal::Cause::Deadline(desk.folded(claim).deadline().unwrap()),
            customer: Some(Desk::customer("5")),
            judged_at: day(71),
            imported: false,
            late: false,
            program: Some(ProgramPosition { sequence: 99, head: None }),
            outcome: claim_journal::Ruling::Accepted(Vec::new()),
        };
        desk.write(partition, &decision);
        match Place::new(store).fold(&desk).unwrap_err() {
            ProjectError::ProgramBehind { named, folded, .. } => {
                assert_eq!((named, folded), (99, desk.program));
            }
            other => panic!("{other}"),
        }
    });
}

#[test] // DESIGN §5, F-04, I-26
fn void_records_are_skipped_and_counted() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Count);
        let partition = partition_of(&desk);
        let mut deposed = desk.take_over(partition);
        let late = deposed.write(Kind::Decision, 1, "{}", 0).unwrap();
        desk.log.append(partition, &late);
        desk.log.append(partition, b"not a record");
        desk.facts("1", json!({"spend": 11}), day(70));
        let place = Place::new(store);
        let mut last = None;
        place.runner(&desk).catch_up(&desk.log, &mut |it| last = Some(it)).unwrap();
        assert_eq!(last.unwrap().voids, 2);
        let voids = Views::open_read_only(place.at()).unwrap().voids().unwrap();
        let of = |cause: &str| voids.get(&(partition, cause.to_owned())).copied();
        assert_eq!((of("stale_epoch"), of("unreadable")), (Some(1), Some(1)));
        place.fold(&desk).unwrap();
        assert_eq!(place.verify(&desk).difference, None);
    });
}
