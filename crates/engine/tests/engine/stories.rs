//! Whole stories through the engine on an embedded log: it answers as the model does, wherever it is restarted, and whatever it
//! forgot since a snapshot holds it.

use claim_domain::time::Instant;

use crate::model::Asked;
use crate::room::Room;
use crate::told::{Lines, THE_END, lines, routed, story};

/// Asks all of it; before each command the engine is restarted or is told that nothing received earlier is to come,
/// or a snapshot is brought to the end, where these say so.
fn play(
    commands: &[Asked],
    restart: impl Fn(usize) -> bool,
    tick: impl Fn(usize) -> bool,
    keep: impl Fn(usize) -> bool,
) -> Lines {
    let room = Room::new();
    let mut desk = room.open();
    for (number, asked) in commands.iter().enumerate() {
        if restart(number) {
            desk.close().unwrap();
            desk = room.open();
        }
        if tick(number) {
            desk.tick(Instant::from_ms(asked.at));
        }
        if keep(number) {
            desk.keep();
        }
        desk.forward(routed(asked));
    }
    desk.tick(Instant::from_ms(THE_END));
    let decisions: Vec<_> = desk.decisions().into_iter().map(|(_, it)| it).collect();
    desk.close().unwrap();
    lines(&decisions)
}

#[test] // DESIGN rule 7, FAULTS I-28
fn a_restart_anywhere_and_late_ticks_leave_the_decisions_of_the_model() {
    for seed in 0..3 {
        let (commands, expected) = story(seed, 120);
        let never = |_| false;
        assert_eq!(play(&commands, never, |_| true, never), expected, "ticks in time, seed {seed}");
        assert_eq!(play(&commands, never, never, never), expected, "no tick before the end, seed {seed}");
        let restart = |number: usize| number % 17 == seed as usize;
        let tick = |number: usize| number.is_multiple_of(5);
        assert_eq!(play(&commands, restart, tick, never), expected, "restarts, seed {seed}");
    }
}

#[test] // I-28, issue 5 item 9
fn i_28_what_the_engine_forgot_to_a_snapshot_or_starts_from_leaves_the_decisions_of_the_model() {
    for seed in 3..6 {
        let (commands, expected) = story(seed, 120);
        let tick = |number: usize| number.is_multiple_of(5);
        let often = |number: usize| number.is_multiple_of(3);
        assert_eq!(play(&commands, |_| false, tick, often), expected, "it forgets, seed {seed}");
        let restart = |number: usize| number % 17 == seed as usize;
        let seldom = |number: usize| number.is_multiple_of(7);
        assert_eq!(play(&commands, restart, tick, seldom), expected, "it starts again, seed {seed}");
    }
}
