//! Whole stories through engines that take over from each other: the decisions are the model's, whoever is down and when.

use std::time::Duration;

use claim_domain::time::Instant;
use claim_engine::Instance;

use crate::model::Asked;
use crate::room::{Room, until};
use crate::told::{Line, Lines, THE_END, lines, routed, story};

/// Forwards these commands, each after the promise that nothing received before it is to come, where `tick` says so.
fn forward(room: &Room, commands: &[Asked], tick: bool) {
    for asked in commands {
        if tick {
            room.promise(Instant::from_ms(asked.at));
        }
        room.ask(routed(asked));
    }
}

/// What was decided once all of it was.
fn decided(room: &Room, expected: &Lines) -> Lines {
    room.promise(Instant::from_ms(THE_END));
    let all: usize = expected.iter().map(Vec::len).sum();
    until("every decision", || {
        std::thread::sleep(Duration::from_millis(20));
        room.decisions().len() >= all
    });
    lines(&room.decisions())
}

#[test] // DESIGN §4: a takeover at any point decides the same
fn takeovers_anywhere_leave_the_decisions_of_the_model() {
    for seed in 10..13 {
        let (commands, expected) = story(seed, 120);
        let room = Room::empty();
        let mut leader = room.instance();
        for some in commands.chunks(30) {
            forward(&room, some, true);
            let next = room.instance();
            leader.close();
            leader = next;
        }
        assert_eq!(decided(&room, &expected), expected, "seed {seed}");
        leader.close();
    }
}

#[test] // DESIGN rule 7: an outage of any length leaves the same decisions as none
fn outages_anywhere_leave_the_decisions_of_the_model() {
    for (seed, length) in [(20, 20), (21, 60), (22, 1_000)] {
        let (commands, expected) = story(seed, 120);
        let room = Room::empty();
        let mut engine: Option<Instance> = None;
        for (number, some) in commands.chunks(length).enumerate() {
            // every other part of the story comes while no engine runs, and without a tick
            let is_outage = number % 2 == 0;
            if is_outage {
                engine.take().inspect(Instance::close);
            } else {
                engine.get_or_insert_with(|| room.instance());
            }
            forward(&room, some, !is_outage);
        }
        let engine = engine.unwrap_or_else(|| room.instance());
        assert_eq!(decided(&room, &expected), expected, "seed {seed}");
        let fired = expected.iter().flatten().filter(|it| matches!(it, Line::Fired(_))).count();
        assert!(fired > 5, "only {fired} deadlines");
        engine.close();
    }
}
