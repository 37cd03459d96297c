//! A command has one answer, for ever, and it is told only when it is durable (DESIGN rules 3 and 4).

use claim_domain::ids::ClaimId;
use claim_journal::Digest;

use crate::ask::{add, cancel, comment, customer, received};
use crate::room::{Room, answer};

#[test] // DESIGN rule 4
fn an_outcome_is_told_only_when_its_record_is_durable() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(1);
    desk.gate.shut();
    let waiting = desk.send(comment(201, claims[0]));
    desk.wait_at_gate(1);
    assert!(waiting.is_silent(), "it is on the log, but nobody knows yet");
    desk.gate.open();
    assert_eq!(answer(&waiting.told().unwrap()), "accepted");
    desk.close().unwrap();
}

#[test] // DESIGN rule 3, F-23
fn f_23_a_repeat_waits_for_the_first_and_gets_the_same_bytes() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(1);
    let before = desk.decisions().len();
    desk.gate.shut();
    let waiting: Vec<_> = (0..1_000).map(|_| desk.send(comment(201, claims[0]))).collect();
    desk.wait_at_gate(1);
    assert!(waiting.iter().all(|it| it.is_silent()));
    desk.gate.open();
    let told: Vec<String> = waiting.into_iter().map(|it| it.told().unwrap()).collect();
    assert!(told.iter().all(|it| *it == told[0]));
    assert_eq!(desk.ask(comment(201, claims[0])), told[0], "read again from the log");
    assert_eq!(desk.decisions().len(), before + 1);
    desk.close().unwrap();
}

#[test] // DESIGN rule 3, A-64, F-24, F-25
fn f_24_a_reuse_is_refused_once_and_each_answer_is_kept_over_a_restart() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(1);
    let reuse = |body: &[u8]| {
        let mut it = comment(201, claims[0]);
        it.digest = Digest::of(body);
        it
    };
    let first = desk.ask(comment(201, claims[0]));
    let reused: Vec<String> = [b"one", b"two"].map(|it| desk.ask(reuse(it))).into();
    assert_eq!(reused.iter().map(|it| answer(it)).collect::<Vec<_>>(), ["command_id_reused"; 2]);
    assert_ne!(reused[0], reused[1], "each reuse is a decision of its own");
    let before = desk.decisions().len();
    let again = |desk: &crate::room::Desk| {
        assert_eq!(desk.ask(comment(201, claims[0])), first);
        assert_eq!(desk.ask(reuse(b"one")), reused[0]);
        assert_eq!(desk.ask(reuse(b"two")), reused[1]);
        assert_eq!(desk.decisions().len(), before);
    };
    again(&desk);
    desk.close().unwrap();
    let desk = room.open();
    again(&desk);
    desk.close().unwrap();
}

#[test]
fn a_claim_that_nobody_has_is_answered_by_nobody_and_its_answer_is_kept() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(1);
    let nobody: ClaimId = format!("{}{}", &claims[0].to_string()[..5], "0".repeat(20)).parse().unwrap();
    let told = desk.ask(comment(201, nobody));
    assert_eq!(answer(&told), "claim_not_found");
    assert_eq!(desk.ask(comment(201, nobody)), told);
    assert!(desk.decisions().last().unwrap().1.customer.is_none());
    desk.close().unwrap();
    let desk = room.open();
    assert_eq!(desk.ask(comment(201, nobody)), told);
    desk.close().unwrap();
}

#[test] // I-28, I-30
fn after_a_restart_everything_is_answered_as_before_and_goes_on() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(20);
    let asked = || {
        let comments = (0_u128..).zip(&claims).map(|(n, claim)| comment(200 + n, *claim));
        let canceled = (0_u128..).zip(&claims).filter(|(n, _)| n % 3 == 0);
        comments.chain(canceled.map(|(n, claim)| cancel(300 + n, *claim))).collect::<Vec<_>>()
    };
    let told: Vec<String> = asked().into_iter().map(|it| desk.ask(it)).collect();
    let before = desk.decisions();
    desk.close().unwrap();

    let desk = room.open();
    let again: Vec<String> = asked().into_iter().map(|it| desk.ask(it)).collect();
    assert_eq!(again, told);
    assert_eq!(desk.decisions(), before);
    // The state is the same too: an open claim stands in the way of another, a canceled one does not.
    assert_eq!(answer(&desk.ask(received(add(401, customer(1)), 5))), "accepted");
    assert_eq!(answer(&desk.ask(received(add(402, customer(2)), 5))), "open_claim_exists");
    desk.close().unwrap();
}

#[test] // DESIGN §5: what survives a crash is a beginning of what was decided
fn decisions_stand_on_the_log_in_the_order_in_which_they_were_made() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(20);
    let before = desk.decisions().len();
    let order: Vec<u128> = (0..400).map(|it| (it * 7) % 20).collect();
    let waiting: Vec<_> = (0_u128..)
        .zip(&order)
        .map(|(n, which)| desk.send(comment(1_000 + n, claims[*which as usize])))
        .collect();
    for it in waiting {
        it.told().unwrap();
    }
    let decided: Vec<u128> =
        desk.decisions()[before..].iter().map(|(_, it)| it.asked().unwrap().id.0.as_u128() - 1_000).collect();
    assert_eq!(decided, (0..400).collect::<Vec<_>>());
    desk.close().unwrap();
}
