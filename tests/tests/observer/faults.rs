//! Each complaint can arise: a fault is planted in a history that is sound otherwise.

use claim_tests::observer::chain::{Offsets, Void};
use claim_tests::observer::order::decided_in_two_partitions;
use claim_tests::observer::{Complaint, History, complaints, told};
use serde_json::{Value, json};

use crate::pen::{BOB, Pen, SHARDS, asked, at, digest, expired, id};

/// What is complained about when these are decided one after the other.
fn decided(bodies: &[Value]) -> Vec<Complaint> {
    complaints(&history(bodies))
}

fn history(bodies: &[Value]) -> History {
    let mut pen = Pen::new();
    pen.led();
    for body in bodies {
        pen.decided(body);
    }
    read(&pen)
}

fn read(pen: &Pen) -> History {
    History::read(SHARDS, Offsets::Count, pen.counted())
}

#[track_caller]
pub(crate) fn assert_only(found: &[Complaint], invariant: &str, what: &str) {
    let [only] = found else { panic!("expected one complaint, about {what:?}, got {found:#?}") };
    assert_eq!(only.invariant, invariant, "{only}");
    assert!(only.what.contains(what), "{only}");
}

#[test]
fn a_sound_history_has_no_complaint() {
    let bodies = [asked(1, 0, 1), asked(2, 1, 2), expired(3), asked(3, 4, 4)];
    assert_eq!(decided(&bodies), []);
    assert_eq!(decided(&[asked(1, None, 1), asked(2, None, 1)]), []);
}

#[test] // I-01
fn a_command_decided_twice_is_found() {
    assert_only(&decided(&[asked(1, 0, 1), asked(1, 3, 2)]), "I-01", "decided before, at 1");
}

#[test] // I-01: the same id under another body is a reuse, and each of them is answered once
fn an_id_decided_twice_with_another_body_is_found() {
    let mut other = asked(1, 3, 2);
    other["cause"]["asked"]["digest"] = digest(9).into();
    assert_only(&decided(&[asked(1, 0, 1), other.clone()]), "I-01", "decided before, at 1");
    other["cause"]["asked"]["content"] = json!({"reused": {"type": "AddComment", "version": 1}});
    assert_eq!(decided(&[asked(1, 0, 1), other.clone()]), []);
    let mut again = other.clone();
    again["cause"]["asked"]["input"] = 4.into();
    assert_only(&decided(&[asked(1, 0, 1), other.clone(), again]), "I-01", "decided before, at 2");
    assert_only(&decided(&[other]), "I-01", "its id was used, but it was not");
}

#[test] // I-01
fn a_command_decided_in_two_partitions_is_found() {
    let mut elsewhere = history(&[asked(1, 7, 1), asked(2, 8, 1)]);
    elsewhere.partition = claim_tests::observer::Partition::Number(4);
    let here = history(&[asked(1, 0, 1)]);
    assert_only(&decided_in_two_partitions([&here, &elsewhere]), "I-01", "in partition 3 too");
}

#[test] // I-01, F-20
fn a_deadline_that_fires_twice_is_found() {
    let found = decided(&[expired(3), expired(3)]);
    assert_only(&found, "I-01", "the consent deadline of cabc-0123456789abcdef0123 was decided before");
}

#[test] // I-03
fn an_input_that_goes_back_or_is_missing_is_found() {
    assert_only(&decided(&[asked(1, 5, 1), asked(2, 4, 2)]), "I-03", "its input is 4, after 5");
    assert_only(&decided(&[asked(1, 5, 1), asked(2, 5, 2)]), "I-03", "its input is 5, after 5");
    assert_only(&decided(&[asked(1, 5, 1), asked(2, None, 2)]), "I-03", "its input is none, after 5");
}

#[test] // I-12
fn a_judged_time_that_goes_back_is_found() {
    assert_only(&decided(&[asked(1, 0, 9), asked(2, 1, 8)]), "I-12", "after 2026-01-31T12:00:09.000Z");
    let mut early = asked(1, 0, 9);
    early["judged_at"] = at(8).into();
    assert_only(&decided(&[early]), "I-12", "before it was received");
    assert_only(&decided(&[asked(1, 0, 9), expired(8)]), "I-12", "is judged at 2026-01-31T12:00:08.000Z");
}

#[test] // I-10
fn a_deadline_judged_at_another_time_or_after_its_command_is_found() {
    let mut late = expired(3);
    late["judged_at"] = at(4).into();
    assert_only(&decided(&[late]), "I-10", "is due at 2026-01-31T12:00:03.000Z and judged at");
    assert_only(&decided(&[asked(1, 0, 3), expired(3)]), "I-10", "but a command was judged at");
}

#[test] // I-04
fn a_gap_in_what_a_reader_shows_is_found() {
    let bodies = [asked(1, 0, 1), asked(2, 1, 2), asked(3, 2, 3)];
    let mut lost = history(&bodies);
    lost.decisions.remove(1);
    assert_only(&complaints(&lost), "I-04", "it should have been 2");
    let mut taken_over = Pen::new();
    taken_over.led().led();
    let mut taken_over = read(&taken_over);
    taken_over.leads.remove(0);
    assert_only(&complaints(&taken_over), "I-04", "lead 1 of the partition has epoch 2");
}

#[test] // I-04: two records for one sequence; the second is void, and its leader broke its promise
fn a_leader_that_writes_a_sequence_twice_is_found() {
    let mut pen = Pen::new();
    pen.led();
    let second = pen.decision(&asked(2, 1, 1));
    pen.decided(&asked(1, 0, 1));
    let honest = pen.clone();
    pen.lines.push(crate::pen::spell(&second));
    let history = read(&pen);
    assert_eq!(history.voids.get(&Void::NotExtending), Some(&1));
    assert_only(&complaints(&history), "I-04", "another record for the same sequence");
    // The same bytes once more are a stray retry: void, and nobody's fault.
    let mut pen = honest.clone();
    pen.lines.push(honest.lines[1].clone());
    assert_eq!(complaints(&read(&pen)), []);
    // So is what a leader of an epoch gone by still has in flight.
    let mut pen = honest;
    let lead = pen.lead(BOB);
    pen.write(&lead);
    pen.lines.push(crate::pen::spell(&second));
    assert_eq!(complaints(&read(&pen)), []);
}

#[test] // I-26
fn a_broken_hash_and_a_body_that_says_nothing_are_found() {
    let mut pen = Pen::new();
    pen.led();
    let mut broken = pen.decision(&asked(1, 0, 1));
    broken.1 = broken.1.replace("AddComment", "AddRemarks");
    pen.write(&broken);
    assert_only(&complaints(&read(&pen)), "I-26", "stops at offset 1: WrongBodyHash");
    assert_only(&history(&[json!({})]).complaints(), "I-26", "cannot be read");
    let mut timeless = asked(1, 0, 1);
    timeless["judged_at"] = "2026-01-31T12:00:03Z".into();
    assert_only(&history(&[timeless]).complaints(), "I-26", "cannot be read");
}

#[test] // I-05
fn a_told_outcome_that_is_lost_or_other_is_found() {
    let histories = [history(&[asked(1, 0, 1), asked(2, 1, 2)])];
    let outcome = |change: fn(&mut Value)| {
        let mut told = json!({"command_id": id(2), "type": "AddComment", "outcome": "accepted",
            "position": {"partition": 3, "sequence": 2}, "received_at": at(2), "judged_at": at(2),
            "customer": crate::pen::FABRIKAM, "claims": [crate::pen::CLAIM],
            "events": [{"type": "CommentAdded", "version": 1, "claim": crate::pen::CLAIM}]});
        change(&mut told);
        told::complaints(&histories, [&told])
    };
    assert_eq!(outcome(|_| {}), []);
    let less =
        json!({"command_id": id(1), "outcome": "accepted", "position": {"partition": 3, "sequence": 1}});
    assert_eq!(told::complaints(&histories, [&less]), []);
    assert_only(&outcome(|it| it["position"]["sequence"] = 3.into()), "I-05", "is not there");
    assert_only(&outcome(|it| it["position"]["partition"] = "program".into()), "I-05", "is not there");
    assert_only(&outcome(|it| it["outcome"] = "refused".into()), "I-05", "told another outcome");
    assert_only(&outcome(|it| it["command_id"] = id(1).into()), "I-05", "told another command_id");
    assert_only(&outcome(|it| it["events"] = json!([])), "I-05", "told another events");
    assert_only(&outcome(|it| it["position"] = json!(null)), "I-05", "without a position");
    assert_eq!(outcome(|it| *it = json!({"outcome": "problem", "reason": {"code": "not_json"}})), []);
}

#[test] // I-05
fn a_refusal_is_told_with_its_reason() {
    let mut refused = asked(1, 0, 1);
    let reason = json!({"code": "deadline_reached", "message": "too late", "details": {}});
    refused["outcome"] = json!({"refused": reason});
    let histories = [history(&[refused])];
    let position = json!({"partition": 3, "sequence": 1});
    let mut told = json!({"command_id": id(1), "outcome": "refused", "position": position, "reason": reason});
    assert_eq!(told::complaints(&histories, [&told]), []);
    told["reason"]["code"] = "wrong_status".into();
    assert_only(&told::complaints(&histories, [&told]), "I-05", "told another reason");
}
