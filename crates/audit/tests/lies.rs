//! Honest logs hold; each kind of lie, written with a valid chain, is found at its place (issue 3 items 8, 9).

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use claim_audit::What;
use claim_domain::command::CommandType;
use claim_domain::event::Event;
use claim_domain::ids::{CommandId, CustomerId};
use claim_domain::refusal::Refusal;
use claim_journal::{Asked, Cause, Decision, Digest, Head, Kind, PartitionId, Ruling, Settings};
use serde_json::json;
use support::{Writer, as_reuse, customer, partner, report, reviewer, settings};
use uuid::Uuid;

fn asked(decision: &mut Decision) -> &mut Asked {
    match &mut decision.cause {
        Cause::Asked(asked) => asked,
        Cause::Deadline(_) => panic!("a deadline"),
    }
}

fn of_domain(domain: &str) -> CustomerId {
    CustomerId::of(&format!("domain_name={domain}").parse().unwrap())
}

/// After some claims a decision is changed by `lie` as it is written; it is the only finding, at its position.
#[track_caller]
fn found(what: What, lie: impl FnOnce(&mut Decision) + 'static) {
    let mut writer = Writer::new();
    writer.whole_claim("a.example");
    writer.add("b.example", "e-1");
    writer.lying(lie).send_consent();
    let (partition, sequence) = writer.last();
    let offset = writer.lines.0.last().unwrap().offset;
    let finding = writer.only_finding();
    assert_eq!(finding.what, what, "{finding:#?}");
    assert_eq!((finding.partition, finding.sequence), (Some(partition), Some(sequence)));
    assert_eq!(finding.offset, Some(offset));
}

#[test] // I-01 … I-17
fn an_honest_log_holds() {
    let mut writer = Writer::new();
    for nth in 0..20 {
        writer.whole_claim(&format!("w{nth}.example"));
        writer.add(&format!("v{nth}.example"), "e-2");
    }
    writer.lead(PartitionId::Number(1), &settings(), 1);
    writer.lead(PartitionId::Program, &settings(), 1);
    writer.days(40);
    for nth in 0..20 {
        // Their deadlines fire by touch; then they are added again.
        writer.add(&format!("v{nth}.example"), "e-2");
    }
    writer.fire(of_domain("v3.example"), writer.now.plus_days(31));
    writer.now = writer.now.plus_days(1);
    writer.of_claim(CommandType::CancelClaim, partner(), json!({}));
    writer.add_again("v3.example", "e-2");
    writer.ask(
        CommandType::SendConsent,
        partner(),
        json!({
        "claim": "cfff-00000000000000000000", "deal_size_usd_cents": 1, "disclaimer_version": "d1"}),
    );
    writer.lying(as_reuse).ask_as(
        CommandId(Uuid::from_u128(1)),
        CommandType::RetireEngagement,
        support::operator(),
        json!({"engagement": "e-1"}),
    );
    let report = writer.report();
    assert!(report.holds, "{:#?}", report.findings);
    assert_eq!(report.journal, Some(support::journal()));
    assert_eq!(report.settings, Some(settings()));
    assert_eq!(report.listed.late.total, 1);
    assert_eq!(report.checked.bindings, 40);
    assert_eq!(report.checked.leads, 8);
    assert_eq!(report.checked.decided_again + 1, report.checked.decisions);
    assert_eq!(report.checked.records, writer.lines.0.len() as u64);
    assert_eq!(report.checked.sequences[&PartitionId::Program], 4);
}

#[test] // I-07
fn a_changed_event_is_found() {
    found(What::DecidedOtherwise, |it| match &mut it.outcome {
        Ruling::Accepted(events) => match &mut events[0] {
            Event::ConsentRequested(it) => it.deal_size_usd_cents += 1,
            other => panic!("{other:?}"),
        },
        Ruling::Refused(reason) => panic!("{reason:?}"),
    });
}

#[test] // I-07
fn a_refusal_that_was_none_is_found() {
    found(What::DecidedOtherwise, |it| it.outcome = Ruling::Refused(Refusal::RoleNotAllowed.into()));
}

#[test] // I-07, I-29
fn an_acceptance_that_was_none_is_found_with_its_row() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let claim = writer.last_claim.unwrap();
    let approved = json!({"type": "ClaimSubmitted", "version": 1, "claim": claim});
    let approved: Event = serde_json::from_value(approved).unwrap();
    writer.lying(|it| it.outcome = Ruling::Accepted(vec![approved]));
    writer.of_claim(CommandType::SubmitClaim, partner(), json!({}));
    let whats: Vec<What> = writer.report().findings.iter().map(|it| it.what).collect();
    assert_eq!(whats, [What::DecidedOtherwise, What::WrongTransition]);
}

#[test] // A-62, I-12
fn a_changed_judged_time_is_found() {
    // Earlier and later: decided again at the time that is said, so that only the time is wrong.
    found(What::WrongJudgedAt, |it| it.judged_at = it.judged_at.plus_ms(-1));
    found(What::WrongJudgedAt, |it| it.judged_at = it.judged_at.plus_ms(1));
}

#[test] // DESIGN §4
fn a_wrong_late_is_found() {
    found(What::WrongLate, |it| it.late = true);
}

#[test] // DESIGN §4: the head just after that decision
fn a_foreign_program_head_is_found() {
    found(What::WrongProgram, |it| it.program.as_mut().unwrap().head = Some(Head([7; 32])));
    found(What::WrongProgram, |it| it.program = None);
    found(What::WrongProgram, |it| it.program.as_mut().unwrap().sequence = 99);
}

#[test] // CONTRACT §1
fn a_source_of_another_asker_is_found() {
    found(What::WrongSource, |it| asked(it).source = "partner:p-litware".parse().unwrap());
}

#[test] // DESIGN rule 3, I-01
fn a_doubled_answer_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let body = json!({"claim": writer.last_claim, "text": null});
    let id = CommandId(Uuid::from_u128(900));
    for _ in 0..2 {
        writer.ask_as(id, CommandType::AddComment, reviewer(), body.clone());
    }
    let (_, sequence) = writer.last();
    let finding = writer.only_finding();
    assert_eq!((finding.what, finding.sequence), (What::AnsweredTwice, Some(sequence)));
    assert!(finding.expected.ends_with(&(sequence - 1).to_string()), "{}", finding.expected);
}

#[test]
fn a_reuse_that_is_not_answered_as_reuse_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let body = |kind: u32| json!({"claim": "c000-00000000000000000000", "contact_revision": kind});
    let id = CommandId(Uuid::from_u128(900));
    writer.ask_as(id, CommandType::CustomerAccepted, customer(), body(1));
    writer.ask_as(id, CommandType::CustomerAccepted, customer(), body(2));
    assert_eq!(writer.only_finding().what, What::WrongReuse);
}

#[test]
fn a_reuse_of_a_new_id_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    writer.lying(as_reuse).send_consent();
    assert_eq!(writer.only_finding().what, What::WrongReuse);
}

#[test] // the same reuse again writes nothing
fn a_reuse_answered_twice_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let id = CommandId(Uuid::from_u128(900));
    let body = json!({"claim": writer.last_claim, "text": null});
    writer.ask_as(id, CommandType::AddComment, reviewer(), body.clone());
    for _ in 0..2 {
        writer.lying(as_reuse).ask_as(id, CommandType::AddComment, reviewer(), body.clone());
    }
    assert_eq!(writer.only_finding().what, What::AnsweredTwice);
}

#[test] // DESIGN rule 7
fn a_deadline_that_did_not_fire_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    writer.asleep = true;
    writer.days(31).add("a.example", "e-2");
    let finding = writer.only_finding();
    assert_eq!(finding.what, What::MissedDeadline);
    assert_eq!((finding.partition.unwrap(), finding.sequence.unwrap()), writer.last());
}

#[test] // DESIGN rule 7, A-30
fn a_deadline_out_of_order_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    writer.days(1).add("a.example", "e-2");
    let mut due = None;
    writer.lying(move |it| {
        let Cause::Deadline(deadline) = &mut it.cause else { panic!("a command") };
        due.replace(deadline.due_at);
        // The first claim's deadline is said to be of the second's time.
        deadline.due_at = deadline.due_at.plus_days(1);
        it.judged_at = deadline.due_at;
    });
    writer.fire(of_domain("a.example"), writer.now.plus_days(30).plus_ms(-86_400_000));
    let whats: Vec<What> = writer.report().findings.iter().map(|it| it.what).collect();
    assert_eq!(whats, [What::WrongDeadline, What::DecidedOtherwise]);
}

#[test] // DESIGN rule 7: once
fn a_deadline_that_fired_before_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let customer = of_domain("a.example");
    writer.fire(customer, writer.now.plus_days(30));
    let again = writer.lines.0.last().unwrap().line.clone();
    let again = claim_journal::Record::parse(&again).unwrap();
    writer.put(again.envelope.partition, Kind::Decision, again.body());
    let whats: Vec<What> = writer.report().findings.iter().map(|it| it.what).collect();
    assert_eq!(whats, [What::WrongDeadline, What::DecidedOtherwise, What::WrongTransition]);
}

#[test] // DESIGN rule 5
fn a_decision_in_the_partition_of_another_slot_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let last = claim_journal::Record::parse(&writer.lines.take_last()).unwrap();
    let PartitionId::Number(number) = last.envelope.partition else { panic!() };
    let other = PartitionId::Number((number + 1) % 4);
    writer.put(other, Kind::Decision, last.body());
    let finding = writer.only_finding();
    assert_eq!((finding.what, finding.partition), (What::WrongPartition, Some(other)));
}

#[test] // the first wins
fn a_wrong_binding_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    writer.bind("domain_name=a.example", of_domain("b.example"));
    assert!(writer.report().holds, "a later binding is without effect");
    assert_eq!(writer.report().checked.repeated_bindings, 1);
    writer.lying(|it| asked(it).binding.as_mut().unwrap().customer = of_domain("b.example"));
    writer.add("a.example", "e-2");
    assert_eq!(writer.only_finding().what, What::WrongBinding);
}

#[test]
fn a_decision_without_its_binding_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    writer.lying(|it| asked(it).binding = None);
    writer.add("a.example", "e-2");
    assert_eq!(writer.only_finding().what, What::WrongBinding);
}

#[test]
fn a_command_decided_for_another_customer_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let own = of_domain("a.example").slot().number() % 4;
    let other =
        (0..).map(|nth| of_domain(&format!("x{nth}.example"))).find(|it| it.slot().number() % 4 == own);
    writer.lying(move |it| {
        it.customer = other;
        it.outcome = Ruling::Refused(Refusal::ClaimNotFound.into());
    });
    writer.send_consent();
    assert_eq!(writer.only_finding().what, What::WrongCustomer);
}

#[test] // DESIGN §5: every first lead says the same
fn other_settings_are_found() {
    let mut writer = Writer::new();
    let other = Settings { slots: 1024, ..settings() };
    writer.lead(PartitionId::Number(9), &other, 1);
    let whats: Vec<What> = writer.report().findings.iter().map(|it| it.what).collect();
    assert_eq!(whats, [What::UnknownPartition, What::SettingsDiffer]);
}

#[test] // DESIGN rule 6
fn rules_that_are_not_known_are_said_and_not_decided_again() {
    let mut writer = Writer::new();
    for number in 0..4 {
        writer.lead(PartitionId::Number(number), &settings(), 2);
    }
    writer.add("a.example", "e-1");
    let report = writer.report();
    assert!(report.findings.iter().all(|it| it.what == What::UnknownRules));
    assert_eq!((report.findings_total, report.checked.not_decided_again), (4, 1));
}

#[test] // DESIGN §5
fn a_misplaced_record_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let last = claim_journal::Record::parse(&writer.lines.0.last().unwrap().line).unwrap();
    writer.put(PartitionId::Identity, Kind::Decision, last.body());
    assert_eq!(writer.only_finding().what, What::Misplaced);
}

#[test] // DESIGN §5: one spelling
fn another_spelling_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let last = claim_journal::Record::parse(&writer.lines.take_last()).unwrap();
    let partition = last.envelope.partition;
    writer.lines.0.retain(|it| it.partition != partition);
    writer.lead_anew(partition);
    writer.put(partition, Kind::Decision, &last.body().replace("\"engagements\":[", "\"engagements\": ["));
    assert_eq!(writer.only_finding().what, What::OtherSpelling);
}

#[test] // DESIGN rule 6: byte for byte but for the sentence `message`
fn the_sentence_of_a_refusal_may_be_another_and_nothing_else() {
    for (from, to, holds) in [
        ("There is no such engagement.", "No \\\"such\\\" engagement \\\\", true),
        ("\"engagement\":\"e-9\"", "\"engagement\":\"e-8\"", false),
    ] {
        let mut writer = Writer::new();
        writer.add("a.example", "e-9");
        let last = claim_journal::Record::parse(&writer.lines.take_last()).unwrap();
        let partition = last.envelope.partition;
        writer.lines.0.retain(|it| it.partition != partition);
        writer.lead_anew(partition);
        assert!(last.body().contains(from), "{}", last.body());
        writer.put(partition, Kind::Decision, &last.body().replace(from, to));
        assert_eq!(writer.report().holds, holds, "{from}: {:#?}", writer.report().findings);
    }
}

#[test] // F-81
fn an_unknown_event_stops_its_partition_and_no_other() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let last = claim_journal::Record::parse(&writer.lines.take_last()).unwrap();
    let partition = last.envelope.partition;
    writer.lines.0.retain(|it| it.partition != partition);
    writer.lead_anew(partition);
    writer.put(partition, Kind::Decision, &last.body().replace("\"CustomerAdded\"", "\"CustomerWelcomed\""));
    writer.put(partition, Kind::Decision, last.body());
    let finding = writer.only_finding();
    assert_eq!((finding.what, finding.sequence), (What::UnreadableBody, Some(1)));
    assert!(finding.found.contains("CustomerWelcomed"), "{}", finding.found);
    assert_eq!(writer.report().checked.unread, 1);
}

#[test] // I-04, F-09: removed, doubled, swapped and damaged records
fn what_does_not_extend_its_chain_is_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    writer.send_consent();
    writer.of_claim(CommandType::CancelClaim, partner(), json!({}));
    let honest = writer.lines.clone();
    let count = honest.0.len();
    let mut cut = honest.clone();
    let gone = cut.0.remove(count - 2);
    let finding = &report(&cut).findings[0];
    assert_eq!((finding.what, finding.sequence), (What::Void, Some(3)));
    assert_eq!(finding.partition, Some(gone.partition));
    assert_eq!(report(&cut).checked.void["not_extending"], 1);

    let mut doubled = honest.clone();
    let mut again = honest.0[count - 1].clone();
    again.offset = again.next;
    doubled.0.push(again);
    assert_eq!(report(&doubled).findings[0].what, What::Void);

    let mut changed = honest.clone();
    let byte = changed.0[count - 2].line.len() / 2;
    changed.0[count - 2].line[byte] ^= 1;
    let finding = report(&changed).findings[0].clone();
    assert_eq!((finding.what, finding.offset), (What::Void, Some(honest.0[count - 2].offset)));
}

#[test] // I-04: another history, with a chain of its own
fn a_head_of_another_history_halts_its_partition() {
    let mut one = Writer::new();
    one.add("a.example", "e-1");
    let mut other = Writer::new();
    other.days(1).add("a.example", "e-1");
    one.send_consent();
    let (at, offset) = (one.lines.0.len() - 2, one.lines.0[one.lines.0.len() - 2].offset);
    let mut mixed = one.lines.clone();
    mixed.0[at].line = other.lines.0.last().unwrap().line.clone();
    let findings = report(&mixed).findings;
    assert_eq!((findings.len(), findings[0].what), (1, What::Halted), "{findings:#?}");
    assert!(findings[0].offset > Some(offset));
}

#[test] // I-13, I-14
fn an_open_claim_beside_an_open_one_and_one_over_the_limit_are_found() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    let created = claim_journal::Record::parse(&writer.lines.0.last().unwrap().line).unwrap();
    let first: Decision = serde_json::from_str(created.body()).unwrap();
    for nth in 0..2_u32 {
        let mut decision = first.clone();
        asked(&mut decision).id = CommandId(Uuid::from_u128(900 + u128::from(nth)));
        asked(&mut decision).digest = Digest::of(&nth.to_be_bytes());
        if let Ruling::Accepted(events) = &mut decision.outcome
            && let Event::CustomerAdded(it) = &mut events[0]
        {
            it.claim = claim_domain::ids::ClaimId::derive(
                of_domain("a.example"),
                "partner:p-contoso",
                CommandId(Uuid::from_u128(900 + u128::from(nth))),
                &it.engagement,
            );
        }
        writer.write(created.envelope.partition, decision);
    }
    let whats: Vec<What> = writer.report().findings.iter().map(|it| it.what).collect();
    use What::{DecidedOtherwise, TooMany};
    assert_eq!(whats, [DecidedOtherwise, TooMany, DecidedOtherwise, TooMany, TooMany]);
}

#[test] // I-03
fn an_input_that_does_not_grow_is_found() {
    let mut writer = Writer::new();
    for (input, holds) in [(4, true), (9, true), (9, false)] {
        writer.lying(move |it| asked(it).input = Some(input));
        writer.ask(CommandType::RetireEngagement, support::operator(), json!({"engagement": "e-1"}));
        assert_eq!(writer.report().holds, holds, "{input}");
    }
    assert_eq!(writer.only_finding().what, What::WrongInput);
}

#[test] // DESIGN §4: what cannot be known is no fault of others
fn behind_a_halt_of_the_program_others_are_not_blamed() {
    let mut writer = Writer::new();
    let last = claim_journal::Record::parse(&writer.lines.take_last()).unwrap();
    writer.heads.pop();
    writer.lines.0.retain(|it| it.partition != PartitionId::Program);
    writer.lead_anew(PartitionId::Program);
    writer.put(
        PartitionId::Program,
        Kind::Decision,
        &last.body().replace("\"LocationEnrolled\"", "\"Unheard\""),
    );
    writer.add("a.example", "e-1");
    let report = writer.report();
    assert_eq!(writer.only_finding().what, What::UnreadableBody);
    assert_eq!((report.checked.not_decided_again, report.checked.decided_again), (1, 0));
}

#[test] // F-73: damage is the last finding, not the end of the report
fn damage_is_told_with_its_place_after_what_was_found_before_it() {
    let mut writer = Writer::new();
    writer.add("a.example", "e-1");
    writer.lying(|it| it.late = true).send_consent();
    writer.lines.1 = Some(("log/00000000000000000000.ndjson byte 9".to_owned(), "no record".to_owned()));
    let findings = writer.report().findings;
    assert_eq!(findings.iter().map(|it| it.what).collect::<Vec<_>>(), [What::WrongLate, What::Damaged]);
    assert_eq!(findings[1].at.as_deref(), Some("log/00000000000000000000.ndjson byte 9"));
}

#[test] // CONTRACT §4: --json
fn a_report_is_json() {
    let mut writer = Writer::new();
    writer.lying(|it| it.judged_at = it.judged_at.plus_ms(1)).ask(
        CommandType::RetireEngagement,
        support::operator(),
        json!({"engagement": "e-1"}),
    );
    let json = serde_json::to_value(writer.report()).unwrap();
    let finding = &json["findings"][0];
    assert_eq!(finding["what"], "wrong_judged_at");
    assert_eq!((&finding["partition"], &finding["sequence"]), (&json!("program"), &json!(4)));
    assert_eq!(json["holds"], false);
}
