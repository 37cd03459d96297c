//! Whoever opens keys has those that the intakes share.

use super::room::Room;
use crate::place::{Place, run};
use crate::world::{add, id, program};

/// What a process says that has other keys.
const OTHER: &str = "share another key store";

#[test] // issue 4, point 10, DESIGN §7
fn a_process_with_keys_of_its_own_answers_nobody() {
    let Some(room) = Room::new("a_process_with_keys_of_its_own_answers_nobody", &[]) else { return };
    let (intakes, apart) = (Place::of_world(), Place::of_world());

    // Nobody has said yet which keys are shared; once somebody has, who has others ends.
    let early = room.serve(&apart, &["--roles", "api"]);
    let serving = room.serve(&intakes, &["--roles", "intake,engine,publisher,projector,api"]);
    room.publish(&program(30));
    room.publish([&add(100, 1)]);
    room.outcomes(&[id(1), id(2), id(3), id(100)]);
    let ended = early.ended().ended(1);
    assert!(ended.err.contains(OTHER), "{}", ended.err);

    let refused = run(&mut room.claimlog(&apart, &["--roles", "api"]), Vec::new()).ended(1);
    assert!(refused.err.contains(OTHER) && !refused.err.contains("listening"), "{}", refused.err);
    let refused = run(&mut room.claimlog(&apart, &["--roles", "intake"]), Vec::new()).ended(1);
    assert!(refused.err.contains(OTHER), "{}", refused.err);

    // With the same keys it answers what stands; who opens none needs none.
    let keys = intakes.data().join("keys.sqlite").display().to_string();
    let same = room.serve(&apart, &["--roles", "api,engine", "--keys", &keys]);
    let told = same.post(&add(100, 1).to_string()).is(200).json();
    assert_eq!(told["command_id"], id(100));
    same.stop().ended(0);
    serving.stop().ended(0);
    assert_eq!(room.observed(&room.told()), []);
}
