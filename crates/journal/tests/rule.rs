//! The rule that tells valid from void, line by line (DESIGN §5, "The rule").

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use claim_journal::{
    Chain, Digest, Envelope, FORMAT, HaltCause, Head, JournalId, Kind, Line, Offsets, PartitionId, Record,
    Verdict, VoidCause,
};
use support::*;
use uuid::Uuid;

/// The state that the tables start from: epoch 2 of leader 2, sequence 3, next offset 5.
fn reign() -> Chain {
    let mut chain = empty();
    let mut first = pen(&chain, 1);
    read_all(&mut chain, [lead(&mut first), decision(&mut first, "a"), decision(&mut first, "b")]);
    let mut second = pen(&chain, 2);
    read_all(&mut chain, [lead(&mut second), decision(&mut second, "c")]);
    assert_eq!((chain.epoch(), chain.sequence(), chain.next_offset()), (2, 3, 5));
    assert_eq!((chain.leader(), chain.journal()), (Some(leader(2)), Some(journal())));
    assert_eq!(chain.settings(), Some(&settings()));
    chain
}

fn read_all(chain: &mut Chain, lines: impl IntoIterator<Item = Vec<u8>>) {
    for line in lines {
        assert_eq!(read(chain, &line), Verdict::Valid);
    }
}

/// Reads `line` at the next offset.
fn read(chain: &mut Chain, line: &[u8]) -> Verdict {
    chain.read(chain.next_offset(), &Line::parse(line))
}

/// A decision that extends the chain.
fn next(chain: &Chain) -> Envelope {
    Envelope {
        epoch: chain.epoch(),
        leader: chain.leader().unwrap(),
        sequence: chain.sequence() + 1,
        previous: chain.head(),
        proved: chain.sequence(),
        ..envelope()
    }
}

/// A lead of `epoch`.
fn lead_of(epoch: u64) -> Envelope {
    Envelope { kind: Kind::Lead, epoch, leader: leader(9), sequence: 0, previous: None, ..envelope() }
}

const LEAD_BODY: &str = r#"{"release":"1.0.0","rules":1}"#;

fn signed(envelope: Envelope, body: &str) -> Vec<u8> {
    forge(&Envelope { body_sha256: Digest::of(body.as_bytes()), ..envelope }, body)
}

#[test]
fn what_extends_the_chain_is_valid() {
    let chain = reign();
    for (what, line) in [
        ("a decision", signed(next(&chain), "{}")),
        ("a binding", signed(Envelope { kind: Kind::Binding, ..next(&chain) }, "{}")),
        ("one that proves less", signed(Envelope { proved: 0, ..next(&chain) }, "{}")),
        ("a lead of the next epoch", signed(lead_of(3), LEAD_BODY)),
        ("a lead that proves all", signed(Envelope { proved: 3, ..lead_of(3) }, LEAD_BODY)),
    ] {
        let mut chain = chain.clone();
        let before = chain.head().unwrap();
        assert_eq!(read(&mut chain, &line), Verdict::Valid, "{what}");
        let record = Record::parse(&line).unwrap();
        assert_eq!(chain.head(), Some(record.as_line().extends(before)), "{what}");
        assert_eq!(chain.epoch(), record.envelope.epoch, "{what}");
        assert_eq!(chain.leader(), Some(record.envelope.leader), "{what}");
        let sequence = if record.envelope.kind == Kind::Lead { 3 } else { 4 };
        assert_eq!((chain.sequence(), chain.next_offset()), (sequence, 6), "{what}");
        assert_eq!(chain.checkpoint().unwrap().offset, 5, "{what}");
    }
}

#[test] // "Anything else is void"
fn what_does_not_fit_is_void_by_cause() {
    let chain = reign();
    let other = JournalId(Uuid::from_u128(0x99));
    let foreign = |journal, partition| VoidCause::Foreign { journal, partition };
    let stale = |epoch| VoidCause::StaleEpoch { epoch, current: 2 };
    let stray = |sequence| VoidCause::NotExtending { sequence, expected: 4 };
    for (what, line, cause, code) in [
        (
            "another journal",
            signed(Envelope { journal: other, ..next(&chain) }, "{}"),
            foreign(other, PARTITION),
            "foreign_record",
        ),
        (
            "another journal, whatever it proves",
            signed(Envelope { journal: other, proved: 99, epoch: 99, ..next(&chain) }, "{}"),
            foreign(other, PARTITION),
            "foreign_record",
        ),
        (
            "another partition",
            signed(Envelope { partition: PartitionId::Program, ..next(&chain) }, "{}"),
            foreign(journal(), PartitionId::Program),
            "foreign_record",
        ),
        (
            "a decision of an older epoch",
            signed(Envelope { epoch: 1, leader: leader(1), ..next(&chain) }, "{}"),
            stale(1),
            "stale_epoch",
        ),
        ("a lead that came second", signed(lead_of(2), LEAD_BODY), stale(2), "stale_epoch"),
        ("a lead of an older epoch", signed(lead_of(1), LEAD_BODY), stale(1), "stale_epoch"),
        ("a void lead with a strange body", signed(lead_of(1), "{}"), stale(1), "stale_epoch"),
        ("a repeat", signed(Envelope { sequence: 3, ..next(&chain) }, "{}"), stray(3), "not_extending"),
        (
            "a decision that came before its predecessor",
            signed(Envelope { sequence: 5, ..next(&chain) }, "{}"),
            stray(5),
            "not_extending",
        ),
    ] {
        let mut after = chain.clone();
        assert_eq!(read(&mut after, &line), Verdict::Void(cause), "{what}");
        assert_eq!(cause.code(), code);
        assert_eq!(after.head(), chain.head(), "{what}: no effect");
        assert_eq!(after.next_offset(), 6, "{what}: counted as read");
    }
    let mut after = chain.clone();
    let unreadable = Line::parse(b"{}").unwrap_err();
    assert_eq!(read(&mut after, b"{}"), Verdict::Void(VoidCause::Unreadable(unreadable)));
    assert_eq!(after.head(), chain.head());
}

#[test] // "halt, never void"
fn what_an_undamaged_journal_cannot_hold_halts() {
    let chain = reign();
    let missing = |proved| HaltCause::AcknowledgedHistoryMissing { proved, sequence: 3 };
    let unknown = |kind, version| HaltCause::UnknownBodyVersion { kind, version };
    let history =
        HaltCause::AnotherHistory { sequence: 4, previous: Head([0; 32]), head: chain.head().unwrap() };
    for (what, line, cause, code) in [
        (
            "another format",
            signed(Envelope { format: FORMAT + 1, ..next(&chain) }, "{}"),
            HaltCause::UnknownFormat { format: FORMAT + 1 },
            "unknown_format",
        ),
        (
            "a valid decision that proves more than there is",
            signed(Envelope { proved: 4, ..next(&chain) }, "{}"),
            missing(4),
            "acknowledged_history_missing",
        ),
        (
            "a valid lead that proves more than there is",
            signed(Envelope { proved: 4, ..lead_of(3) }, LEAD_BODY),
            missing(4),
            "acknowledged_history_missing",
        ),
        (
            "a void decision that proves more than there is",
            signed(Envelope { epoch: 1, proved: 4, ..next(&chain) }, "{}"),
            missing(4),
            "acknowledged_history_missing",
        ),
        (
            "a lead that skips an epoch",
            signed(lead_of(4), LEAD_BODY),
            HaltCause::LeadBeyond { epoch: 4, current: 2 },
            "lead_beyond",
        ),
        (
            "a decision of an epoch to come",
            signed(Envelope { epoch: 3, ..next(&chain) }, "{}"),
            HaltCause::EpochBeyond { epoch: 3, current: 2 },
            "epoch_beyond",
        ),
        (
            "another leader in this epoch",
            signed(Envelope { leader: leader(7), ..next(&chain) }, "{}"),
            HaltCause::AnotherLeader { leader: leader(2), found: leader(7) },
            "another_leader",
        ),
        (
            "the next sequence on another history",
            signed(Envelope { previous: Some(Head([0; 32])), ..next(&chain) }, "{}"),
            history,
            "another_history",
        ),
        (
            "a valid decision of a newer body",
            signed(Envelope { body_version: 2, ..next(&chain) }, "{}"),
            unknown(Kind::Decision, 2),
            "unknown_body_version",
        ),
        (
            "a valid decision of body version 0",
            signed(Envelope { body_version: 0, ..next(&chain) }, "{}"),
            unknown(Kind::Decision, 0),
            "unknown_body_version",
        ),
        (
            "a valid lead of a newer body",
            signed(Envelope { body_version: 2, ..lead_of(3) }, "{}"),
            unknown(Kind::Lead, 2),
            "unknown_body_version",
        ),
        (
            "a valid decision with another body",
            forge(&next(&chain), r#"{"a":1}"#),
            HaltCause::WrongBodyHash,
            "wrong_body_hash",
        ),
        ("a valid lead without a lead's body", signed(lead_of(3), "{}"), HaltCause::BadLead, "bad_lead"),
        ("settings in a later lead", signed(lead_of(3), &first_lead_body()), HaltCause::BadLead, "bad_lead"),
    ] {
        let mut after = chain.clone();
        assert_eq!(read(&mut after, &line), Verdict::Halt(cause), "{what}");
        assert_eq!(cause.code(), code);
        assert_eq!((after.head(), after.next_offset()), (chain.head(), 5), "{what}: the chain stays");
    }
}

fn first_lead_body() -> String {
    let mut first = pen(&empty(), 1);
    Record::parse(&lead(&mut first)).unwrap().body().to_owned()
}

#[test] // "the first valid lead defines the journal id, its partition and its settings"
fn a_partition_begins_with_its_first_lead() {
    let body = first_lead_body();
    let no_first = |kind, epoch| Verdict::Halt(HaltCause::NoFirstLead { kind, epoch });
    for (what, line, verdict) in [
        ("the first lead", signed(lead_of(1), &body), Verdict::Valid),
        ("a lead of epoch 2", signed(lead_of(2), LEAD_BODY), no_first(Kind::Lead, 2)),
        ("a decision", signed(envelope(), "{}"), no_first(Kind::Decision, 1)),
        ("no settings", signed(lead_of(1), LEAD_BODY), Verdict::Halt(HaltCause::BadLead)),
        (
            "a lead that proves history",
            signed(Envelope { proved: 1, ..lead_of(1) }, &body),
            Verdict::Halt(HaltCause::AcknowledgedHistoryMissing { proved: 1, sequence: 0 }),
        ),
    ] {
        assert_eq!(read(&mut empty(), &line), verdict, "{what}");
    }
    let mut known = Chain::of_journal(PARTITION, Offsets::Count, JournalId(Uuid::from_u128(0x99)));
    let foreign = VoidCause::Foreign { journal: journal(), partition: PARTITION };
    assert_eq!(read(&mut known, &signed(lead_of(1), &body)), Verdict::Void(foreign));
}

#[test] // "an offset gap"
fn offsets_have_no_gap_where_they_count_and_never_go_back() {
    let chain = reign();
    let line = signed(next(&chain), "{}");
    let judge = |chain: &Chain, offset| chain.judge(offset, &Line::parse(&line));
    let gap = |found| Verdict::Halt(HaltCause::OffsetGap { expected: 5, found });
    assert_eq!(judge(&chain, 6), gap(6));
    assert_eq!(judge(&chain, 4), gap(4));
    assert_eq!(judge(&chain, 5), Verdict::Valid);
    assert_eq!(chain.judge(6, &Line::parse(b"")), gap(6), "unreadable or not");

    let mut places = Chain::new(PARTITION, Offsets::Positions);
    let mut first = pen(&places, 1);
    let begun = lead(&mut first);
    assert_eq!(places.read(70, &Line::parse(&begun)), Verdict::Valid);
    let line = decision(&mut first, "a");
    assert_eq!(places.judge(500, &Line::parse(&line)), Verdict::Valid);
    let back = Verdict::Halt(HaltCause::OffsetGap { expected: 71, found: 70 });
    assert_eq!(places.judge(70, &Line::parse(&line)), back);
}

#[test] // "re-verify", F-09, F-38
fn reading_resumes_at_the_record_of_the_checkpoint_and_compares_it() {
    let mut chain = empty();
    let mut first = pen(&chain, 1);
    let lines = [lead(&mut first), decision(&mut first, "a"), decision(&mut first, "b")];
    let mut checkpoints = Vec::new();
    for line in &lines {
        assert_eq!(read(&mut chain, line), Verdict::Valid);
        checkpoints.push(chain.checkpoint().unwrap());
    }
    for (nth, checkpoint) in checkpoints.iter().enumerate() {
        let json = serde_json::to_string(checkpoint).unwrap();
        assert_eq!(serde_json::from_str::<claim_journal::Checkpoint>(&json).unwrap(), *checkpoint);

        let mut resumed = Chain::resume(PARTITION, Offsets::Count, *checkpoint);
        assert_eq!(read(&mut resumed, &lines[nth]), Verdict::Known);
        for line in &lines[nth + 1..] {
            assert_eq!(read(&mut resumed, line), Verdict::Valid);
        }
        assert_eq!(resumed.checkpoint(), chain.checkpoint());
        assert_eq!((resumed.head(), resumed.journal()), (chain.head(), chain.journal()));
        assert_eq!(resumed.next_offset(), 3);
    }
    let off = |offset| Verdict::Halt(HaltCause::CheckpointNotOnChain { offset });
    let resume = |nth: usize| Chain::resume(PARTITION, Offsets::Count, checkpoints[nth]);
    assert_eq!(resume(1).judge(1, &Line::parse(&lines[2])), off(1), "another record");
    assert_eq!(resume(1).judge(2, &Line::parse(&lines[1])), off(2), "another offset");
    assert_eq!(resume(1).judge(1, &Line::parse(b"")), off(1), "no record");
    let mut other = pen(&empty(), 1);
    let otherwise = bare(other.lead("2.0.0", 1, Some(&settings())).unwrap());
    assert_eq!(resume(0).judge(0, &Line::parse(&otherwise)), off(0), "a lead that differs in its body");
}

#[test] // "re-verify": a chain goes back to a record that it knew, reads it again and compares it
fn a_chain_goes_on_from_any_record_that_it_read_before() {
    let mut written = empty();
    let mut first = pen(&written, 1);
    let mut lines = vec![lead(&mut first), decision(&mut first, "a"), decision(&mut first, "b")];
    read_all(&mut written, lines.clone());
    let mut second = pen(&written, 2);
    lines.extend([lead(&mut second), decision(&mut second, "c")]);
    let mut chain = empty();
    let mut checkpoints = Vec::new();
    for line in &lines {
        assert_eq!(read(&mut chain, line), Verdict::Valid);
        checkpoints.push(chain.checkpoint().unwrap());
    }
    for (nth, checkpoint) in checkpoints.iter().enumerate() {
        let mut back = chain.at(*checkpoint);
        assert_eq!((back.next_offset(), back.checkpoint()), (nth as u64, Some(*checkpoint)));
        assert_eq!((back.journal(), back.settings()), (Some(journal()), Some(&settings())));
        let another = &lines[(nth + 1) % lines.len()];
        let off = Verdict::Halt(HaltCause::CheckpointNotOnChain { offset: nth as u64 });
        assert_eq!(read(&mut back, another), off, "another record");
        assert_eq!(read(&mut back, &lines[nth]), Verdict::Known);
        for line in &lines[nth + 1..] {
            assert_eq!(read(&mut back, line), Verdict::Valid);
        }
        assert_eq!((back.checkpoint(), back.next_offset()), (chain.checkpoint(), 5));
    }
    let mut again = chain.again();
    assert_eq!(again.next_offset(), 4);
    assert_eq!(read(&mut again, &lines[4]), Verdict::Known);
    assert_eq!(empty().again().next_offset(), 0, "nothing was read yet");
}

#[test] // "A halt ends only when an operator names partition and offset": accept_void
fn an_operator_can_declare_a_halting_record_void() {
    let mut chain = reign();
    let line = signed(lead_of(9), LEAD_BODY);
    assert!(matches!(read(&mut chain, &line), Verdict::Halt(_)));
    chain.accept_void(5);
    assert_eq!(read(&mut chain, &line), Verdict::Void(VoidCause::Accepted));
    let line = signed(next(&chain), "{}");
    assert_eq!(read(&mut chain, &line), Verdict::Valid, "the partition goes on");
    let mut other = reign();
    other.accept_void(5);
    let line = signed(next(&other), "{}");
    assert_eq!(read(&mut other, &line), Verdict::Valid, "a valid record stays valid");
}
