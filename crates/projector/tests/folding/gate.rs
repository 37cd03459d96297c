//! A program that folds otherwise than the one before it is not let in, unless it says so.

use claim_domain::event::Event;
use claim_journal::Offsets;
use claim_projector::fixtures::{Desk, day};
use claim_projector::{
    Definition, Fact, Planted, PlantedFault, Program, ProjectError, Projector, Runner, StoreError, Tables,
    Views, params,
};
use claim_testkit::stores::on_every_store;

use super::{Counts, Place, busy_desk, events_of_claims};

/// `Counts` as a later program has it: the same name, and another number for each consent asked for.
struct Changed<const VERSION: u32>;

impl<const V: u32> Projector for Changed<V> {
    const NAME: &'static str = Counts::NAME;
    const VERSION: u32 = V;
    const DDL: &'static str = Counts::DDL;
    const TABLES: &'static [&'static str] = Counts::TABLES;

    fn apply(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
        let Event::ConsentRequested(it) = fact.event else { return Counts::apply(tables, fact) };
        let sql = "INSERT INTO counts VALUES (?1, 100)
                   ON CONFLICT (claim) DO UPDATE SET count = counts.count + 100";
        tables.write(sql, params![it.claim.to_string()]).map(drop)
    }
}

/// Another program with the same rules.
fn another() -> Program {
    Program { sources: "another".to_owned(), ..Program::this() }
}

fn program(place: &Place) -> Option<Program> {
    Views::open_read_only(place.at()).unwrap().program().unwrap()
}

/// Everything that the views say, but who folds them.
fn counts(place: &Place) -> (i64, i64, i64) {
    (
        place.number("SELECT coalesce(sum(count), 0) FROM counts"),
        place.number("SELECT count(*) FROM history"),
        place.number("SELECT count(*) FROM folds"),
    )
}

fn catch_up(runner: &mut Runner, desk: &Desk) -> Result<(), ProjectError> {
    runner.catch_up(&desk.log, &mut |_| ()).map(drop)
}

#[test] // F-80
fn another_program_that_folds_alike_is_let_in_and_recorded() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Count);
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        assert_eq!(program(&place), Some(Program::this()));
        desk.add("p-1", "e-1", "8", "Later", day(70));
        catch_up(&mut place.runner(&desk).as_program(another()), &desk).unwrap();
        assert_eq!(program(&place), Some(another()));
        assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk));
    });
}

#[test] // F-83
fn a_view_that_is_folded_otherwise_is_refused_by_the_first_event_and_nothing_is_written() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        desk.add("p-1", "e-1", "8", "Not folded", day(70));
        let before = counts(&place);
        let mut changed =
            place.runner_with(&desk, vec![Definition::of::<Changed<1>>()]).as_program(another());
        for _ in 0..2 {
            let refused = catch_up(&mut changed, &desk).unwrap_err();
            let ProjectError::OtherFold { view, event, position, .. } = refused else { panic!("{refused}") };
            assert_eq!((view, event), ("counts", "ConsentRequested"));
            assert_eq!(Some(position), first(&desk, "ConsentRequested"));
        }
        assert_eq!(counts(&place), before);
        assert_eq!(program(&place), Some(Program::this()));
    });
}

#[test] // F-83
fn a_state_that_evolves_otherwise_is_refused_by_the_first_event() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        let planted = Planted::with(PlantedFault::EvolvedOtherwise);
        let mut changed = place.runner(&desk).as_program(another()).with(planted);
        let refused = catch_up(&mut changed, &desk).unwrap_err();
        let ProjectError::OtherFold { view, event, .. } = refused else { panic!("{refused}") };
        assert_eq!((view, event), ("inputs", "ContactsUpdated"));
    });
}

#[test] // F-83
fn a_raised_version_or_rules_number_lets_it_in_and_folds_afresh() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        let (was, ..) = counts(&place);
        let raised = vec![Definition::of::<Changed<2>>()];
        catch_up(&mut place.runner_with(&desk, raised).as_program(another()), &desk).unwrap();
        let (is, ..) = counts(&place);
        assert!(is > was, "{is} after {was}");

        let rules = Program { rules: Program::this().rules + 1, ..Program::this() };
        let back = vec![Definition::of::<Changed<2>>()];
        place.sql("UPDATE counts SET count = 0");
        catch_up(&mut place.runner_with(&desk, back).as_program(rules.clone()), &desk).unwrap();
        assert_eq!(counts(&place).0, is, "all is folded afresh");
        assert_eq!(program(&place), Some(rules));
    });
}

#[test]
fn the_record_of_folds_does_not_depend_on_how_they_were_batched_or_rebuilt() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        for count in 0..desk.log.len() {
            place.runner(&desk).catch_up(&desk.log.first(count), &mut |_| ()).unwrap();
        }
        place.fold(&desk).unwrap();
        catch_up(&mut place.runner(&desk).as_program(another()), &desk).unwrap();
        let mut runner = place.runner(&desk);
        claim_projector::rebuild(&mut runner, &desk.log, Some("counts"), &mut |_| ()).unwrap();
        catch_up(&mut runner, &desk).unwrap();
        assert_eq!(program(&place), Some(Program::this()));
    });
}

/// The position of the first event of this type.
fn first(desk: &Desk, event_type: &str) -> Option<claim_journal::Position> {
    let mut found = None;
    desk.log.damage(|stored| {
        for it in stored {
            let line = claim_journal::Line::parse(&it.line).unwrap();
            let Ok(decision) = claim_journal::Decision::decode(line.body) else { continue };
            if found.is_none() && decision.events().iter().any(|it| it.event_type() == event_type) {
                let claim_journal::Envelope { partition, sequence, .. } = line.envelope;
                found = Some(claim_journal::Position { partition, sequence });
            }
        }
    });
    found
}
