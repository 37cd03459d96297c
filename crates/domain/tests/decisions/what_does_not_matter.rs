//! What must not change a decision: the size of the deal, what other customers do, commands that are refused, when
//! deadlines fire, and a restart.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use crate::chance::cases;
use crate::model::{Answer, Asked, Fired, Told};
use crate::story::chance::moves;
use crate::story::{CUSTOMERS, Story};
use crate::world::World;

/// Later than any deadline of a story.
const THE_END: i64 = 4_000_000_000_000;

/// The commands of a story.
fn asked(story: Story) -> Vec<Asked> {
    story.told.into_iter().map(|(asked, _)| asked).collect()
}

/// What each command comes to, and the folds once every deadline has fired.
fn play(commands: &[Asked]) -> (Vec<Told>, World) {
    let mut world = World::default();
    let told = commands.iter().map(|it| world.tell(it)).collect();
    the_end(&mut world);
    (told, world)
}

fn the_end(world: &mut World) {
    (0..CUSTOMERS).for_each(|it| _ = world.fire(it, THE_END, false));
}

/// Everything that was decided of one customer, in order: its deadlines, and its commands by their ids.
type Decisions = (Vec<Fired>, Vec<(String, Answer)>);

fn of_customer(number: usize, commands: &[Asked], told: &[Told]) -> Decisions {
    let its = commands.iter().zip(told).filter(|(asked, _)| asked.customer == Some(number));
    let answers = its.clone().map(|(asked, told)| (asked.id.clone(), told.answer.clone()));
    (its.flat_map(|(_, told)| told.fired.clone()).collect(), answers.collect())
}

proptest! {
    #![proptest_config(cases(24))]

    #[test] // R-066; policies may look at the size, so it stays on its side of their bound
    fn the_size_of_the_deal_changes_no_decision_and_no_payout(moves in moves(120), small in 1..1_000_000_i64, large in 1_000_000..i64::MAX) {
        let commands = asked(Story::of(&moves, 0));
        let mut sized = commands.clone();
        for it in sized.iter_mut().filter(|it| it.command == "SendConsent") {
            match it.body["deal_size_usd_cents"].as_i64() {
                Some(1..1_000_000) => it.body["deal_size_usd_cents"] = json!(small),
                Some(1_000_000..) => it.body["deal_size_usd_cents"] = json!(large),
                _ => {}
            }
        }
        let ((told, world), (other, other_world)) = (play(&commands), play(&sized));
        for (one, other) in told.into_iter().zip(other) {
            prop_assert_eq!(without_deal_size(one), without_deal_size(other));
        }
        let payouts = |world: &World| -> Vec<_> {
            world.customers.iter().flat_map(|it| it.claims.values()).map(|it| (it.id, it.payout.clone(), it.status)).collect()
        };
        prop_assert_eq!(payouts(&world), payouts(&other_world));
    }

    #[test] // DESIGN rule 5
    fn commands_of_other_customers_change_no_decision_in_whatever_order_they_come(moves in moves(120), turns in prop::collection::vec(any::<Index>(), 400)) {
        let commands = asked(Story::of(&moves, 0));
        let (told, world) = play(&commands);
        let shuffled = shuffle(&commands, &turns);
        let (other, other_world) = play(&shuffled);
        for number in 0..CUSTOMERS {
            prop_assert_eq!(of_customer(number, &commands, &told), of_customer(number, &shuffled, &other));
        }
        prop_assert_eq!(world.customers, other_world.customers);
    }

    #[test] // FAULTS I-29
    fn commands_that_are_refused_change_no_state(moves in moves(120), places in prop::collection::vec(any::<Index>(), 30)) {
        let commands = asked(Story::of(&moves, 0));
        let (told, world) = play(&commands);
        let accepted: Vec<_> = commands.iter().zip(&told).filter(|(it, told)| it.customer.is_none() || told.answer.is_ok()).map(|(it, _)| it.clone()).collect();
        prop_assert_eq!(&play(&accepted).1.customers, &world.customers, "without them");

        let mut with_more = commands.clone();
        for (number, place) in places.iter().enumerate() {
            let at = place.index(with_more.len());
            let mut refused = with_more[at].clone();
            refused.asker = json!({"kind": "partner_user", "partner": "p-contoso", "user": "u-9", "roles": ["referral_admin"], "locations": "all"});
            refused.id = uuid::Uuid::from_u128(1 << 64 | number as u128).to_string();
            if refused.customer.is_some() {
                with_more.insert(at, refused);
            }
        }
        let (other, other_world) = play(&with_more);
        for number in 0..CUSTOMERS {
            let (fired, answers) = of_customer(number, &with_more, &other);
            let (expected_fired, expected) = of_customer(number, &commands, &told);
            prop_assert_eq!(fired, expected_fired);
            let ours = |it: &(String, _)| commands.iter().any(|asked| asked.id == it.0);
            prop_assert_eq!(answers.into_iter().filter(ours).collect::<Vec<_>>(), expected);
        }
        prop_assert_eq!(other_world.customers, world.customers, "with more of them");
    }

    #[test] // DESIGN rule 7: an outage leaves the same decisions as none
    fn deadlines_that_fire_late_come_to_the_same_as_those_that_fire_in_time(moves in moves(120), outages in prop::collection::vec(any::<bool>(), 400)) {
        let commands = asked(Story::of(&moves, 0));
        let (told, world) = play(&commands);
        let mut in_time = World::default();
        let mut fired: [Vec<Fired>; CUSTOMERS] = Default::default();
        for ((it, told), outage) in commands.iter().zip(&told).zip(outages.iter().cycle()) {
            if !outage {
                (0..CUSTOMERS).for_each(|customer| fired[customer].extend(in_time.fire(customer, it.at, false)));
            }
            let answer = in_time.tell(it);
            if let Some(customer) = it.customer {
                fired[customer].extend(answer.fired);
            }
            prop_assert_eq!(&answer.answer, &told.answer, "{:#?}", it);
        }
        for (customer, fired) in fired.into_iter().enumerate() {
            let (late, _) = of_customer(customer, &commands, &told);
            prop_assert_eq!(&fired[..late.len()], &late);
        }
        the_end(&mut in_time);
        prop_assert_eq!(in_time.customers, world.customers);
    }

    #[test] // FAULTS I-28
    fn a_restart_anywhere_changes_no_decision(moves in moves(120), restarts in prop::collection::vec(any::<Index>(), 4)) {
        let told = Story::of(&moves, 20).told;
        let restarts: Vec<_> = restarts.iter().map(|it| it.index(told.len())).collect();
        let mut world = World::default();
        for (number, (asked, expected)) in told.iter().enumerate() {
            if restarts.contains(&number) {
                let anew = world.restarted();
                prop_assert_eq!(&anew.customers, &world.customers);
                world = anew;
            }
            let told = world.tell(asked);
            prop_assert_eq!((told.fired, told.answer), (expected.fired.clone(), expected.answer.clone()));
        }
    }
}

/// The events without the size itself.
fn without_deal_size(mut told: Told) -> (Vec<Fired>, Answer) {
    for event in told.answer.iter_mut().flatten() {
        event.as_object_mut().expect("an event").remove("deal_size_usd_cents");
    }
    (told.fired, told.answer)
}

/// The commands of each customer and of the program in their order, taken in turns by chance; the program's come
/// before what is stamped with them.
fn shuffle(commands: &[Asked], turns: &[Index]) -> Vec<Asked> {
    let mut queues: Vec<Vec<&Asked>> = (0..=CUSTOMERS)
        .map(|queue| commands.iter().rev().filter(|it| it.customer.unwrap_or(CUSTOMERS) == queue).collect())
        .collect();
    let mut decided = 0;
    let mut shuffled = vec![];
    for turn in turns.iter().cycle() {
        let ready = |queue: &&mut Vec<&Asked>| {
            queue.last().is_some_and(|it| it.customer.is_none() || it.program <= decided)
        };
        let mut ready: Vec<_> = queues.iter_mut().filter(ready).collect();
        if ready.is_empty() {
            return shuffled;
        }
        let next = turn.index(ready.len());
        let next = ready[next].pop().expect("a command");
        decided += u64::from(next.customer.is_none());
        shuffled.push(next.clone());
    }
    shuffled
}
