//! Every row of the rule over a journal's records, on records made by hand.

use claim_tests::observer::chain::{Chain, Halt, Offsets, Verdict, Void};
use claim_tests::observer::record::{decode, sha256};
use claim_tests::observer::{History, Partition};

use crate::pen::{BOB, Draft, Pen, SHARDS, asked, id, spell};

/// Two reigns and three decisions, the last one by Alice.
fn begun() -> Pen {
    let mut pen = Pen::new();
    pen.led().decided(&asked(1, 0, 1)).decided(&asked(2, 1, 2));
    pen.led().decided(&asked(3, 2, 3));
    pen
}

fn chain(pen: &Pen) -> Chain {
    let mut chain = Chain::new(SHARDS, Offsets::Count);
    for (offset, line) in pen.counted() {
        assert_eq!(chain.step(offset, &decode(line)), Verdict::Valid, "{}", String::from_utf8_lossy(line));
    }
    chain
}

/// What the rule says of this record after [`begun`].
fn after_begun(draft: &Draft) -> Verdict {
    let mut chain = chain(&begun());
    chain.step(5, &decode(&spell(draft)))
}

/// The next decision after [`begun`], changed.
fn decision(change: impl FnOnce(&mut Draft)) -> Verdict {
    let mut draft = begun().decision(&asked(4, 3, 4));
    change(&mut draft);
    after_begun(&draft)
}

/// The next lead after [`begun`], changed.
fn lead(change: impl FnOnce(&mut Draft)) -> Verdict {
    let mut draft = begun().lead(BOB);
    change(&mut draft);
    after_begun(&draft)
}

#[test]
fn a_lead_of_the_next_epoch_and_a_decision_that_extends_the_head_are_valid() {
    assert_eq!(decision(|_| {}), Verdict::Valid);
    assert_eq!(lead(|_| {}), Verdict::Valid);
    let pen = begun();
    let chain = chain(&pen);
    assert_eq!((chain.epoch(), chain.sequence(), chain.head()), (2, 3, Some(pen.head.as_str())));
}

#[test]
fn a_lead_changes_the_head_and_not_the_sequence() {
    let mut pen = begun();
    let before = pen.head.clone();
    pen.led();
    let chain = chain(&pen);
    assert_eq!((chain.epoch(), chain.sequence()), (3, 3));
    assert_ne!(chain.head(), Some(before.as_str()));
}

#[test]
fn what_is_of_an_epoch_gone_by_is_void() {
    assert_eq!(decision(|it| it.0.epoch = 1), Verdict::Void(Void::StaleEpoch));
    assert_eq!(lead(|it| it.0.epoch = 2), Verdict::Void(Void::StaleEpoch));
    assert_eq!(lead(|it| it.0.epoch = 1), Verdict::Void(Void::StaleEpoch));
}

#[test]
fn a_decision_of_another_sequence_is_void() {
    for sequence in [1, 3, 5, 90] {
        let verdict = decision(|it| it.0.sequence = sequence);
        assert_eq!(verdict, Verdict::Void(Void::NotExtending), "{sequence}");
    }
}

#[test]
fn what_is_of_another_journal_or_partition_is_void() {
    assert_eq!(decision(|it| it.0.journal = id(9)), Verdict::Void(Void::Foreign));
    assert_eq!(lead(|it| it.0.journal = id(9)), Verdict::Void(Void::Foreign));
    assert_eq!(decision(|it| it.0.partition = Partition::Number(4)), Verdict::Void(Void::Foreign));
    assert_eq!(decision(|it| it.0.partition = Partition::Program), Verdict::Void(Void::Foreign));
    // Whatever else it says: it is not ours.
    let verdict = decision(|it| (it.0.journal, it.0.epoch, it.0.proved) = (id(9), 90, 90));
    assert_eq!(verdict, Verdict::Void(Void::Foreign));
}

#[test]
fn what_is_no_record_is_void() {
    let mut chain = chain(&begun());
    assert_eq!(chain.step(5, &decode(b"hello")), Verdict::Void(Void::Unreadable));
    assert_eq!(chain.step(6, &decode(&spell(&begun().decision(&asked(4, 3, 4))))), Verdict::Valid);
}

#[test]
fn an_unknown_format_halts_whoever_wrote_it() {
    assert_eq!(decision(|it| it.0.format = 2), Verdict::Halt(Halt::UnknownFormat));
    let verdict = decision(|it| (it.0.format, it.0.journal, it.0.epoch) = (2, id(9), 1));
    assert_eq!(verdict, Verdict::Halt(Halt::UnknownFormat));
}

#[test]
fn a_valid_record_whose_body_cannot_be_trusted_halts_and_a_void_one_does_not() {
    assert_eq!(decision(|it| it.0.body_version = 2), Verdict::Halt(Halt::UnknownBodyVersion));
    assert_eq!(decision(|it| it.0.body_version = 0), Verdict::Halt(Halt::UnknownBodyVersion));
    assert_eq!(decision(|it| it.0.body_sha256 = sha256(&[b"x"])), Verdict::Halt(Halt::WrongBodyHash));
    assert_eq!(lead(|it| it.0.body_version = 2), Verdict::Halt(Halt::UnknownBodyVersion));
    let stale = decision(|it| (it.0.epoch, it.0.body_version) = (1, 2));
    assert_eq!(stale, Verdict::Void(Void::StaleEpoch));
}

#[test]
fn settings_stand_in_the_first_lead_and_only_there() {
    let mut chain = Chain::new(SHARDS, Offsets::Count);
    let first = |change: fn(&mut Draft)| {
        let mut draft = Pen::new().lead(BOB);
        change(&mut draft);
        decode(&spell(&draft))
    };
    let without = decode(&spell(&{
        let mut later = begun().lead(BOB);
        (later.0.epoch, later.0.proved) = (1, 0);
        later
    }));
    assert_eq!(chain.step(0, &without), Verdict::Halt(Halt::BadLead));
    assert_eq!(chain.step(0, &first(|_| {})), Verdict::Valid);
    let again = first(|it| it.0.epoch = 2);
    assert_eq!(chain.step(1, &again), Verdict::Halt(Halt::BadLead));
}

#[test]
fn before_the_first_lead_only_that_can_be() {
    let mut chain = Chain::new(SHARDS, Offsets::Count);
    let mut lead = Pen::new().lead(BOB);
    lead.0.epoch = 2;
    assert_eq!(chain.step(0, &decode(&spell(&lead))), Verdict::Halt(Halt::LeadBeyond));
    let decision = begun().decision(&asked(1, 0, 1));
    let halt = Verdict::Halt(Halt::AcknowledgedHistoryMissing);
    assert_eq!(chain.step(0, &decode(&spell(&decision))), halt);
    let mut decision = decision;
    decision.0.proved = 0;
    assert_eq!(chain.step(0, &decode(&spell(&decision))), Verdict::Halt(Halt::EpochBeyond));
}

#[test]
fn a_gap_of_offsets_halts_where_they_count_records() {
    let next = decode(&spell(&begun().decision(&asked(4, 3, 4))));
    for offset in [4, 6] {
        let mut chain = chain(&begun());
        assert_eq!(chain.step(offset, &next), Verdict::Halt(Halt::OffsetGap), "{offset}");
    }
    let mut chain = Chain::new(SHARDS, Offsets::Places);
    for (offset, line) in begun().counted() {
        assert_eq!(chain.step(offset * 100, &decode(line)), Verdict::Valid);
    }
    assert_eq!(chain.step(399, &next), Verdict::Halt(Halt::OffsetGap));
    assert_eq!(chain.step(700, &next), Verdict::Valid);
}

#[test]
fn a_proof_of_what_is_not_there_halts_void_or_not() {
    let missing = Verdict::Halt(Halt::AcknowledgedHistoryMissing);
    assert_eq!(decision(|it| it.0.proved = 4), missing);
    assert_eq!(lead(|it| it.0.proved = 4), missing);
    assert_eq!(decision(|it| (it.0.epoch, it.0.proved) = (1, 4)), missing);
    assert_eq!(decision(|it| it.0.proved = 0), Verdict::Valid);
}

#[test]
fn what_an_undamaged_journal_cannot_hold_halts() {
    assert_eq!(lead(|it| it.0.epoch = 4), Verdict::Halt(Halt::LeadBeyond));
    assert_eq!(decision(|it| it.0.epoch = 3), Verdict::Halt(Halt::EpochBeyond));
    assert_eq!(decision(|it| it.0.leader = BOB.to_owned()), Verdict::Halt(Halt::AnotherLeader));
    let another = decision(|it| it.0.previous = Some(sha256(&[b"another"])));
    assert_eq!(another, Verdict::Halt(Halt::AnotherHistory));
}

#[test]
fn an_operator_can_name_a_record_that_halts() {
    let mut chain = chain(&begun());
    let mut draft = begun().decision(&asked(4, 3, 4));
    draft.0.proved = 4;
    chain.accept_void(5);
    assert_eq!(chain.step(5, &decode(&spell(&draft))), Verdict::Void(Void::Accepted));
    draft.0.proved = 3;
    assert_eq!(chain.step(6, &decode(&spell(&draft))), Verdict::Valid);
}

#[test]
fn a_history_stops_at_a_halt_and_says_where() {
    let mut pen = begun();
    let mut draft = pen.decision(&asked(4, 3, 4));
    draft.0.previous = Some(sha256(&[b"another"]));
    pen.write(&draft).decided(&asked(5, 4, 5));
    let history = History::read(SHARDS, Offsets::Count, pen.counted());
    assert_eq!(history.halted, Some((5, Halt::AnotherHistory)));
    assert_eq!(history.decisions.len(), 3);
    assert_eq!(
        history.complaints()[0].to_string(),
        "I-26: partition 3: reading stops at offset 5: AnotherHistory"
    );
}
