//! The rig can fail: each fault that is planted in a runner is found, by a scenario that is sound without it.

use std::cell::Cell;

use claim_journal::Offsets;
use claim_projector::{
    Definition, Fact, Planted, PlantedFault, Program, ProjectError, Projector, StoreError, Tables,
};
use claim_testkit::stores::on_every_store;

use super::{Counts, Place, busy_desk, events_of_claims};

/// Whether all is as it must be; otherwise what is not.
type Scenario = fn(&Place, Planted) -> Result<(), String>;

fn found_by(fault: PlantedFault) -> Scenario {
    match fault {
        PlantedFault::CheckpointBeforeView => a_batch_fails_half_way,
        PlantedFault::CheckpointForgotten => it_is_opened_again,
        PlantedFault::GenerationOverlooked => a_newer_runner_took_over,
        PlantedFault::EvolvedOtherwise => another_program_comes,
    }
}

#[test] // F-34, F-36
fn each_planted_fault_is_found_and_without_it_nothing_is() {
    on_every_store(|store| {
        for fault in PlantedFault::ALL {
            let scenario = found_by(fault);
            assert_eq!(scenario(&Place::new(store), Planted::default()), Ok(()), "without {fault:?}");
            let found = scenario(&Place::new(store), Planted::with(fault));
            let Err(what) = found else { panic!("{fault:?} is not found") };
            println!("{fault:?} is found: {what}");
        }
    });
}

thread_local! {
    static STUMBLES: Cell<bool> = const { Cell::new(false) };
}

/// Fails whenever it is told to.
struct Stumbling;

impl Projector for Stumbling {
    const NAME: &'static str = "stumbling";
    const VERSION: u32 = 1;
    const DDL: &'static str = "CREATE TABLE stumbling (one INTEGER PRIMARY KEY) STRICT;";
    const TABLES: &'static [&'static str] = &["stumbling"];

    fn apply(_: &Tables<'_>, _: &Fact<'_>) -> Result<(), StoreError> {
        match STUMBLES.get() {
            false => Ok(()),
            true => Err(StoreError::Sql {
                doing: "writing a view".to_owned(),
                source: rusqlite::Error::InvalidQuery.into(),
            }),
        }
    }
}

/// What is counted must be what happened.
fn counted(place: &Place, events: i64) -> Result<(), String> {
    match place.number("SELECT coalesce(sum(count), 0) FROM counts") {
        count if count == events => Ok(()),
        count => Err(format!("{count} events are counted of {events}")),
    }
}

fn a_batch_fails_half_way(place: &Place, planted: Planted) -> Result<(), String> {
    let desk = busy_desk(Offsets::Positions);
    let definitions = || vec![Definition::of::<Counts>(), Definition::of::<Stumbling>()];
    let mut runner = place.runner_with(&desk, definitions()).with(planted);
    STUMBLES.set(true);
    runner.catch_up(&desk.log, &mut |_| ()).unwrap_err();
    STUMBLES.set(false);
    let mut runner = place.runner_with(&desk, definitions()).with(planted);
    runner.catch_up(&desk.log, &mut |_| ()).unwrap();
    counted(place, events_of_claims(&desk))
}

fn it_is_opened_again(place: &Place, planted: Planted) -> Result<(), String> {
    let desk = busy_desk(Offsets::Positions);
    for _ in 0..2 {
        // A record that is folded again may also be refused by what it finds.
        let folded = place.runner(&desk).with(planted).catch_up(&desk.log, &mut |_| ());
        folded.map_err(|it| it.to_string())?;
    }
    counted(place, events_of_claims(&desk))
}

fn a_newer_runner_took_over(place: &Place, planted: Planted) -> Result<(), String> {
    let desk = busy_desk(Offsets::Positions);
    let mut older = place.runner(&desk).with(planted);
    let _newer = place.runner(&desk);
    match older.catch_up(&desk.log, &mut |_| ()) {
        Err(ProjectError::Fenced) => Ok(()),
        other => Err(format!("the older one goes on: {other:?}")),
    }
}

fn another_program_comes(place: &Place, planted: Planted) -> Result<(), String> {
    let desk = busy_desk(Offsets::Positions);
    place.fold(&desk).unwrap();
    let another = Program { sources: "another".to_owned(), ..Program::this() };
    let mut runner = place.runner(&desk).as_program(another).with(planted);
    runner.catch_up(&desk.log, &mut |_| ()).map(drop).map_err(|it| it.to_string())
}
