//! The crate and the model agree on every answer of any story.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::chance::cases;
use crate::story::chance::{fixed, moves};
use crate::story::{Move, Story};
use crate::world::World;

/// Plays a story in the crate and compares each answer.
fn agree(moves: &[Move], imported: usize) -> Story {
    let story = Story::of(moves, imported);
    let mut world = World::default();
    for (number, (asked, expected)) in story.told.iter().enumerate() {
        let told = world.tell(asked);
        assert_eq!(told.fired, expected.fired, "deadlines before command {number}: {asked:#?}");
        assert_eq!(told.answer, expected.answer, "command {number}: {asked:#?}");
    }
    story
}

proptest! {
    #![proptest_config(cases(48))]

    #[test] // DOMAIN §4 and §6, all of it that decisions carry
    fn decide_agrees_with_a_model_that_was_written_from_the_rules(moves in moves(150), imported in 0_usize..60) {
        agree(&moves, imported);
    }
}

/// What the engine says instead of a decision, and what only views say.
const NOT_DECIDED: [&str; 4] =
    ["decision_too_large", "internal_fault", "command_id_reused", "partner_not_eligible"];

#[test] // the stories must not be idle, or their agreement says nothing
fn the_stories_reach_every_event_and_every_refusal() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let (mut decisions, mut deadlines) = (0, 0);
    for seed in 0..60 {
        let story = agree(&fixed(seed, 250), 60);
        for (_, told) in &story.told {
            decisions += 1;
            deadlines += told.fired.len();
            let events = told.answer.iter().flatten().chain(told.fired.iter().flat_map(|it| &it.events));
            let names = events
                .map(|it| it["type"].clone())
                .chain(told.answer.as_ref().err().map(|it| it["code"].clone()));
            names.for_each(|it| *seen.entry(it.as_str().unwrap().to_owned()).or_default() += 1);
        }
    }
    println!("{decisions} commands and {deadlines} deadlines agree: {seen:#?}");
    let events = claim_domain::event::Event::TYPES.iter().copied();
    let codes = claim_domain::refusal::Refusal::TABLE.iter().map(|it| it.code);
    let unseen: Vec<_> = events.chain(codes).filter(|it| !seen.contains_key(*it)).collect();
    assert_eq!(unseen, NOT_DECIDED);
}
