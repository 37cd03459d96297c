//! What fails while deciding refuses one command; what fails on the log tells everyone that there is no answer now.

use claim_domain::command::Command;
use claim_domain::customer::Customer;
use claim_domain::decide::{Context, decide};
use claim_domain::event::Event;
use claim_domain::refusal::Reason;
use claim_engine::EngineError;
use claim_log::{Receipt, Unclear};

use crate::ask::{cancel, comment};
use crate::room::{Room, answer};

fn afraid_of_comments(
    customer: &Customer,
    command: &Command,
    context: &Context<'_>,
) -> Result<Vec<Event>, Reason> {
    assert!(!matches!(command, Command::AddComment(_)), "this panic is part of the test");
    decide(customer, command, context)
}

#[test] // F-17, A-65
fn f_17_a_panic_while_deciding_refuses_that_one_command_for_ever() {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(2);
    desk.close().unwrap();
    let desk = room.open_with(afraid_of_comments);
    let told = desk.ask(comment(201, claims[0]));
    assert_eq!(answer(&told), "internal_fault");
    assert_eq!(answer(&desk.ask(cancel(202, claims[0]))), "accepted", "the customer goes on");
    assert_eq!(answer(&desk.ask(cancel(203, claims[1]))), "accepted", "and so do others");
    assert_eq!(desk.ask(comment(201, claims[0])), told);
    let decisions = desk.decisions();
    let (_, fault) = &decisions[decisions.len() - 3];
    assert!(fault.events().is_empty());
    desk.close().unwrap();

    let desk = room.open();
    assert_eq!(desk.ask(comment(201, claims[0])), told, "a later program does not decide it again");
    desk.close().unwrap();
}

/// Asks while the log tells something else than that it is durable.
fn lied_to(receipt: Receipt) -> (EngineError, usize) {
    let room = Room::new();
    let (desk, claims) = room.open_with_claims(3);
    let before = desk.decisions().len();
    desk.gate.lie(receipt);
    let waiting: Vec<_> =
        (0_u128..30).map(|it| desk.send(comment(201 + it, claims[it as usize % 3]))).collect();
    for it in waiting {
        it.told().unwrap_err();
    }
    desk.send(comment(301, claims[0])).told().unwrap_err();
    let error = desk.close().unwrap_err();

    // Lead again, read, and answer from what was read: what is on the log is told, the rest is decided.
    let desk = room.open();
    let known = desk.decisions().len() - before;
    for it in 0_u128..30 {
        assert_eq!(answer(&desk.ask(comment(201 + it, claims[it as usize % 3]))), "accepted");
    }
    assert_eq!(desk.decisions().len(), before + 30, "each is decided once");
    desk.close().unwrap();
    (error, known)
}

#[test] // DESIGN rule 4, F-03
fn f_03_when_appending_is_unclear_everyone_is_told_that_there_is_no_answer() {
    let (error, known) = lied_to(Receipt::Unclear(Unclear::SyncFailed));
    assert_eq!(error, EngineError::Unclear(Unclear::SyncFailed));
    assert!(known > 0, "what was unclear had been written, and was not decided again");
}

#[test] // DESIGN rule 4, F-04
fn f_04_a_fenced_leader_stops_and_tells_nothing_false() {
    let (error, _) = lied_to(Receipt::Fenced);
    assert!(matches!(error, EngineError::Fenced(_)), "{error}");
}
