//! What a pen writes is what its readers take, and a chain can be checked without this crate.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use claim_journal::{Chain, Entry, HaltCause, Head, Kind, Line, PenError, Verdict, VoidCause};
use sha2::{Digest as _, Sha256};
use support::*;

/// As `sha256sum` prints it.
fn sha256(text: impl AsRef<[u8]>) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test] // DESIGN §5, "Leaders"
fn a_leader_writes_its_lead_first_and_once() {
    let mut pen = pen(&empty(), 1);
    assert!(matches!(pen.write(Kind::Decision, 1, "{}", 0), Err(PenError::NotLeading)));
    lead(&mut pen);
    assert!(matches!(pen.lead("1.0.0", 1, None), Err(PenError::NotLeading)));
    assert!(matches!(pen.write(Kind::Lead, 1, "{}", 0), Err(PenError::NotSequenced(Kind::Lead))));
    decision(&mut pen, "a");
    assert_eq!((pen.epoch(), pen.sequence()), (1, 1));
}

#[test] // "decide only after one's own lead was read back as valid"
fn a_leader_takes_in_what_came_before_its_lead() {
    let mut chain = empty();
    let (mut first, mut offset) = (pen(&chain, 1), 0);
    let mut read = |chain: &mut Chain, line: &[u8]| {
        offset += 1;
        chain.read(offset - 1, &Line::parse(line))
    };
    assert_eq!(read(&mut chain, &lead(&mut first)), Verdict::Valid);
    let mut second = pen(&chain, 2);
    let takeover = lead(&mut second);
    assert_eq!(read(&mut chain, &decision(&mut first, "in between")), Verdict::Valid);
    assert!(matches!(second.read_back(&chain), Err(PenError::NotLeading)), "not read back yet");
    assert_eq!(read(&mut chain, &takeover), Verdict::Valid);
    second.read_back(&chain).unwrap();
    assert_eq!(read(&mut chain, &decision(&mut second, "after")), Verdict::Valid);
    assert!(matches!(first.read_back(&chain), Err(PenError::NotLeading)), "deposed");
}

#[test] // "Before sending, a leader runs the same fold over its own bytes"
fn a_pen_gives_away_nothing_that_its_readers_would_not_take() {
    let mut first = pen(&empty(), 1);
    let judged = first.lead("1.0.0", 1, None);
    assert!(matches!(judged, Err(PenError::Judged(Verdict::Halt(HaltCause::BadLead)))), "{judged:?}");
    lead(&mut first);
    let before = (first.sequence(), first.head());
    let judged = first.write(Kind::Decision, 1, "{}", 1);
    let missing = HaltCause::AcknowledgedHistoryMissing { proved: 1, sequence: 0 };
    assert!(matches!(judged, Err(PenError::Judged(Verdict::Halt(it))) if it == missing), "{judged:?}");
    for body in ["", "[]", "{\n}", "{\"a\":\"\u{7f}\"}"] {
        assert!(matches!(first.write(Kind::Decision, 1, body, 0), Err(PenError::Body(_))), "{body:?}");
    }
    assert_eq!((first.sequence(), first.head()), before, "nothing was written");
}

#[test] // CONTRACT §3: an auditor with a JSON parser and SHA-256 follows the chain
fn a_chain_is_checked_with_nothing_but_json_and_sha256() {
    let mut chain = empty();
    let mut pen = pen(&chain, 1);
    let lines = [lead(&mut pen), decision(&mut pen, "日本"), decision(&mut pen, "\\\"")];
    let mut head = sha256(journal().to_string());
    for (offset, line) in lines.iter().enumerate() {
        let text = std::str::from_utf8(line).unwrap();
        let json: std::collections::BTreeMap<String, Box<serde_json::value::RawValue>> =
            serde_json::from_str(text).unwrap();
        let envelope = json["envelope"].get();
        assert!(text.starts_with(&format!("{{\"envelope\":{envelope},\"body\":{}", json["body"].get())));
        let fields: serde_json::Value = serde_json::from_str(envelope).unwrap();
        assert_eq!(fields["body_sha256"], sha256(json["body"].get()));
        if fields["kind"] != "lead" {
            assert_eq!(fields["previous"], head);
        }
        head = sha256(format!("{head}{envelope}"));
        assert_eq!(chain.read(offset as u64, &Line::parse(line)), Verdict::Valid);
        assert_eq!(chain.head(), Some(head.parse::<Head>().unwrap()));
    }
    assert_eq!(pen.head().to_string(), head);
}

#[test] // a log judges what a pen gives it as its readers will judge what stands there
fn an_entry_is_taken_as_its_line_is_read() {
    let mut pen = pen(&empty(), 1);
    let (lead, first) = (lead_entry(&mut pen), decision_entry(&mut pen, "a"));
    let newer = pen.write(Kind::Decision, 99, "{}", 0).unwrap();
    let mut chain = empty();
    assert_eq!((chain.take(0, &lead), chain.take(1, &first)), (Verdict::Valid, Verdict::Valid));
    let both = |chain: &Chain, offset, entry: &Entry| {
        let (mut taking, mut reading) = (chain.clone(), chain.clone());
        let verdict = taking.take(offset, entry);
        assert_eq!(verdict, reading.read(offset, &Line::parse(&bare(entry.clone()))));
        assert_eq!(
            (taking.checkpoint(), taking.next_offset()),
            (reading.checkpoint(), reading.next_offset())
        );
        verdict
    };
    let unknown = HaltCause::UnknownBodyVersion { kind: Kind::Decision, version: 99 };
    assert_eq!(both(&chain, 2, &newer), Verdict::Halt(unknown), "of a body that nobody knows");
    assert_eq!(both(&chain.again(), 1, &first), Verdict::Known, "where the last record is compared");
    assert_eq!(both(&chain, 2, &first), Verdict::Void(VoidCause::NotExtending { sequence: 1, expected: 2 }));
    chain.accept_void(2);
    assert_eq!(both(&chain, 2, &newer), Verdict::Void(VoidCause::Accepted));
}
