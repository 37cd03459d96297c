//! The commands partition beside the journal: commands and decisions belong together, and deadlines wait for ticks.

use claim_tests::observer::chain::Offsets;
use claim_tests::observer::{Commands, Complaint, History, complaints_with};
use serde_json::Value;

use crate::faults::assert_only;
use crate::pen::{Pen, SHARDS, asked, at, command, digest, expired, tick};

fn check(commands: &[Vec<u8>], bodies: &[Value]) -> Vec<Complaint> {
    check_from(0, commands, bodies)
}

/// As after retention took everything before `begin`.
fn check_from(begin: u64, commands: &[Vec<u8>], bodies: &[Value]) -> Vec<Complaint> {
    let mut pen = Pen::new();
    pen.led();
    for body in bodies {
        pen.decided(body);
    }
    let history = History::read(SHARDS, Offsets::Count, pen.counted());
    complaints_with(&history, &Commands::read((begin..).zip(commands.iter().map(Vec::as_slice))))
}

#[test] // I-01, I-02
fn repeats_and_ticks_are_passed_over() {
    let commands = [command(1, 1), tick(1, 0, 1), command(1, 1), tick(1, 1, 1), command(2, 2), command(1, 1)];
    assert_eq!(check(&commands, &[asked(1, 0, 1), asked(2, 4, 2)]), []);
}

#[test] // I-01
fn a_command_that_was_never_decided_is_found() {
    let found = check(&[command(1, 1), command(2, 2)], &[asked(1, 0, 1)]);
    assert_only(&found, "I-01", "at 1 of the commands, was never decided");
}

#[test] // I-02
fn a_decision_without_its_command_is_found() {
    let one = [command(1, 1)];
    assert_only(&check(&one, &[asked(1, 0, 1), asked(2, 1, 2)]), "I-02", "which is no command");
    assert_only(&check(&one, &[asked(1, None, 1)]), "I-02", "without an input");
    let ticked = [command(1, 1), tick(1, 0, 1)];
    assert_only(&check(&ticked, &[asked(1, 0, 1), asked(2, 1, 2)]), "I-02", "which is no command");
}

#[test] // I-02
fn a_decision_of_what_was_not_sent_is_found() {
    let mut other = asked(1, 0, 1);
    other["cause"]["asked"]["digest"] = digest(9).into();
    let found = check(&[command(1, 1)], &[other]);
    assert_eq!(found.iter().map(|it| it.invariant).collect::<Vec<_>>(), ["I-02", "I-01"], "{found:#?}");
    let mut early = asked(1, 0, 1);
    early["cause"]["asked"]["received_at"] = at(0).into();
    assert_only(&check(&[command(1, 1)], &[early]), "I-02", "was received at 2026-01-31T12:00:01.000Z");
}

#[test] // I-01
fn a_decision_of_a_later_record_than_the_first_is_found() {
    let commands = [command(1, 1), command(1, 1)];
    assert_only(&check(&commands, &[asked(1, 1, 1)]), "I-02", "for its record 1, not for 0");
}

#[test] // I-27
fn what_is_neither_command_nor_tick_is_found() {
    assert_only(&check(&[b"{}".to_vec()], &[]), "I-27", "at 0 of its commands");
}

#[test]
fn what_retention_took_is_not_missed() {
    let bodies = [asked(1, 0, 1), asked(2, 50, 2), asked(3, 51, 3)];
    assert_eq!(check_from(50, &[command(2, 2), command(3, 3), command(1, 1)], &bodies), []);
}

#[test] // I-12
fn a_deadline_fires_at_the_least_promise() {
    let commands = [tick(1, 0, 9), tick(1, 1, 5), command(1, 9)];
    assert_eq!(check(&commands, &[expired(5), asked(1, 2, 9)]), []);
    // The end of the commands says so as well.
    assert_eq!(check(&commands[..2], &[expired(5)]), []);
    assert_only(&check(&commands[..2], &[expired(6)]), "I-12", "fired above W");
    // One inbox partition was not heard.
    assert_only(&check(&commands[..1], &[expired(5)]), "I-12", "fired above W");
    // It was heard, but of another list.
    let relisted = [tick(1, 0, 9), tick(2, 1, 9)];
    assert_only(&check(&relisted, &[expired(5)]), "I-12", "fired above W");
}

#[test] // I-12
fn a_promise_behind_the_next_command_releases_nothing() {
    let mut other = asked(1, 1, 9);
    other["customer"] = "dddddddd-dddd-4ddd-8ddd-dddddddddddd".into();
    let commands = [tick(1, 0, 9), command(1, 9), tick(1, 1, 9)];
    assert_only(&check(&commands, &[expired(5), other.clone()]), "I-12", "fired above W");
    assert_eq!(check(&commands, &[other, expired(5)]), []);
}

#[test] // I-12, rule 7
fn a_command_touches_the_deadlines_of_its_customer() {
    assert_eq!(check(&[command(1, 5)], &[expired(5), asked(1, 0, 5)]), []);
    // Its leader ended between the deadline and the command.
    let undecided = check(&[command(1, 5)], &[expired(5)]);
    assert_only(&undecided, "I-01", "was never decided");
    let found = check(&[command(1, 4)], &[expired(5), asked(1, 0, 4)]);
    assert!(found.iter().any(|it| it.what.contains("fired above W")), "{found:#?}");
}
