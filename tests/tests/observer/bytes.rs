//! A record has one spelling; every other one is unreadable.

use claim_tests::observer::record::{Unreadable, decode, first_head};

use crate::pen::{Pen, asked, spell};

fn line() -> String {
    let mut pen = Pen::new();
    pen.led().decided(&asked(1, 0, 1));
    String::from_utf8(pen.lines.remove(1)).unwrap()
}

/// The line with a right checksum after this change.
fn respelt(from: &str, to: &str) -> Vec<u8> {
    let line = line();
    assert!(line.contains(from), "{from} is not in {line}");
    let changed = line.replacen(from, to, 1);
    let summed = &changed[..changed.rfind(",\"crc\"").unwrap()];
    format!("{summed},\"crc\":\"{:08x}\"}}", crc32c::crc32c(summed.as_bytes())).into_bytes()
}

#[test]
fn a_line_reads_and_its_envelope_is_kept_as_it_stands() {
    let line = line();
    let record = decode(line.as_bytes()).unwrap();
    assert!(record.body_is_whole());
    assert!(line.starts_with(&format!("{{\"envelope\":{},\"body\":{}", record.envelope_text, record.body)));
}

#[test] // the figure is that of `printf … | sha256sum`
fn a_shell_computes_the_same_first_head() {
    let head = first_head("00000000-0000-0000-0000-000000000001");
    assert_eq!(head, "7ac1b8d7010bb6cd3a3e84e7f90136b880bbc899e428ece49333372911ab9052");
}

#[test]
fn another_spelling_of_the_envelope_is_unreadable() {
    for (from, to) in [
        ("\"format\":1", "\"format\": 1"),
        ("\"format\":1", "\"format\":01"),
        ("\"format\":1", "\"format\":1.0"),
        ("\"format\":1,", ""),
        ("\"format\":1", "\"format\":1,\"more\":1"),
        ("\"format\":1", "\"format\":1,\"format\":1"),
        ("\"kind\":\"decision\"", "\"kind\":\"Decision\""),
        ("\"kind\":\"decision\"", "\"kind\":\"lead\""),
        ("\"kind\":\"decision\"", "\"kind\":\"decisio\\u006e\""),
        ("\"partition\":3", "\"partition\":65536"),
        ("\"partition\":3", "\"partition\":\"3\""),
        ("\"epoch\":1", "\"epoch\":0"),
        ("\"epoch\":1", "\"epoch\":-1"),
        ("\"epoch\":1", "\"epoch\":9007199254740992"),
        ("\"sequence\":1", "\"sequence\":0"),
        ("\"previous\":\"", "\"previous\":\"0"),
        ("aaaaaaaa-aaaa", "AAAAAAAA-aaaa"),
        ("aaaaaaaa-aaaa", "aaaaaaaaaaaa-"),
    ] {
        assert_eq!(decode(&respelt(from, to)), Err(Unreadable::Envelope), "{to}");
    }
}

#[test]
fn a_body_of_another_length_with_control_characters_or_no_object_is_unreadable() {
    assert_eq!(decode(&respelt("AddComment", "AddComments")), Err(Unreadable::BodyLength));
    assert_eq!(decode(&respelt("AddComment", "AddC\u{7f}mment")), Err(Unreadable::Body));
    assert_eq!(decode(&respelt("AddComment", "AddC\nmment")), Err(Unreadable::Body));
    let mut draft = Pen::new().lead(crate::pen::BOB);
    (draft.0.body_length, draft.1) = (2, "[]".to_owned());
    assert_eq!(decode(&spell(&draft)), Err(Unreadable::Body));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let line = line().into_bytes();
    for at in 0..line.len() {
        for bit in 0..8 {
            let mut damaged = line.clone();
            damaged[at] ^= 1 << bit;
            assert!(decode(&damaged).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn every_shorter_and_every_longer_line_is_unreadable() {
    let line = line().into_bytes();
    for length in 0..line.len() {
        assert!(decode(&line[..length]).is_err(), "{length}");
    }
    assert!(decode(&[line.as_slice(), b" "].concat()).is_err());
    assert_eq!(decode(b"\xff"), Err(Unreadable::NotText));
}
