//! Deadlines at the edge, through the real program: the times that commands bring decide, and nothing else.

use serde_json::Value;

use crate::journal::{decisions, event_types};
use crate::place::Place;
use crate::world::{DAY_MS, accept, add, claim, comment, lines, program, received, send_consent};

const HOUR_MS: i64 = 3_600_000;

/// A directory where two customers were added at time 0 and asked an hour later; consent is due after a day.
fn asked(options: &[&str]) -> Place {
    let place = Place::of_world();
    let mut commands: Vec<Value> = program(1).into_iter().map(|it| received(it, 0)).collect();
    commands.extend([add(100, 0), add(110, 1)].map(|it| received(it, 0)));
    commands.extend(
        [send_consent(101, &claim(100)), send_consent(111, &claim(110))].map(|it| received(it, HOUR_MS)),
    );
    let args = ["apply", "--as-recorded"].iter().chain(options).chain(&["-"]);
    let run = place.feed(args, lines(&commands)).ended(0);
    assert_eq!(run.answers(), ["accepted"; 7]);
    place
}

fn fired(place: &Place) -> usize {
    decisions(&place.data()).iter().filter(|it| it["body"]["cause"]["deadline"].is_object()).count()
}

#[test] // A-30, F-41, I-09
fn f_41_consent_one_millisecond_before_it_is_due_counts_and_when_it_is_due_does_not() {
    let place = asked(&[]);
    let answers =
        [received(accept(102, &claim(100)), DAY_MS - 1), received(accept(112, &claim(110)), DAY_MS)];
    let run = place.apply_recorded(lines(&answers)).ended(0);
    assert_eq!(run.answers(), ["accepted", "refused deadline_reached"]);
    assert_eq!(run.json()[1]["reason"]["details"]["due_at"], "2024-01-02T00:00:00.000Z");
    let events = event_types(&place.data());
    assert_eq!(events["CustomerConsentReceived"], 1);
    assert_eq!(events["CustomerConsentExpired"], 1);
    assert_eq!(place.apply_recorded(lines(&answers)).ended(0).out, run.out, "told again, the same");
}

#[test] // CONTRACT §1, DESIGN rule 7
fn deadlines_fire_up_to_the_newest_time_given_and_no_further() {
    let place = asked(&[]);
    let later = |number, customer, ms| lines([&received(add(number, customer), ms)]);
    place.apply_recorded(later(120, 2, DAY_MS - 1)).ended(0);
    assert_eq!(fired(&place), 0);
    // A command about somebody else brings the time; the claims of the others expire.
    place.apply_recorded(later(130, 3, DAY_MS)).ended(0);
    assert_eq!(fired(&place), 2);
    let due: Vec<_> = decisions(&place.data())
        .into_iter()
        .filter(|it| it["body"]["cause"]["deadline"].is_object())
        .map(|it| it["body"]["judged_at"].clone())
        .collect();
    assert_eq!(due, ["2024-01-02T00:00:00.000Z"; 2]);
}

#[test] // CONTRACT §1, F-42
fn the_first_run_without_recorded_times_goes_on_with_the_wall_clock() {
    let place = asked(&[]);
    assert_eq!(fired(&place), 0);
    place.apply("").ended(0);
    assert_eq!(fired(&place), 2, "years have passed by the wall clock");
    place.apply("").ended(0);
    assert_eq!(fired(&place), 2, "each fires once");
    let late = place.apply_recorded(lines([&received(comment(140, &claim(100)), 2 * DAY_MS)])).ended(0);
    assert_eq!(late.answers(), ["refused deadline_reached"]);
}

#[test] // CONTRACT §1
fn on_a_simulated_directory_the_newest_time_given_is_the_clock() {
    let place = asked(&["--simulated"]);
    place.apply("").ended(0);
    assert_eq!(fired(&place), 0, "no time has passed");
    let run = place.apply(lines([&accept(102, &claim(100))])).ended(0);
    assert_eq!(run.json()[0]["received_at"], "2024-01-01T01:00:00.000Z");
    place.apply_recorded(lines([&received(add(120, 2), DAY_MS)])).ended(0);
    assert_eq!(fired(&place), 1, "the other customer did not answer");
    assert!(place.run(["effects", "retry"]).ended(2).err.contains("simulated"));
    assert!(!place.data().join("effects.ndjson").exists());
}
