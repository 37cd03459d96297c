//! Lines for tests: written by pens, or forged field by field.

use claim_journal::{
    Chain, Digest, Entry, Envelope, FORMAT, Head, JournalId, Kind, LeaderId, Offsets, PartitionId, Pen,
    Settings,
};
use uuid::Uuid;

pub(crate) const PARTITION: PartitionId = PartitionId::Number(3);

pub(crate) fn journal() -> JournalId {
    JournalId(Uuid::from_u128(0x10))
}

pub(crate) fn leader(number: u128) -> LeaderId {
    LeaderId(Uuid::from_u128(number))
}

pub(crate) fn settings() -> Settings {
    Settings { slots: 4096, partitions: 8, simulated: false }
}

pub(crate) fn empty() -> Chain {
    Chain::new(PARTITION, Offsets::Count)
}

pub(crate) fn pen(chain: &Chain, number: u128) -> Pen {
    Pen::new(chain, journal(), leader(number))
}

/// The line of a lead; with settings when it is the first.
pub(crate) fn lead(pen: &mut Pen) -> Vec<u8> {
    bare(lead_entry(pen))
}

pub(crate) fn lead_entry(pen: &mut Pen) -> Entry {
    let first = pen.epoch() == 0;
    pen.lead("1.0.0", 1, first.then(settings).as_ref()).unwrap()
}

/// The line of a decision.
pub(crate) fn decision(pen: &mut Pen, text: &str) -> Vec<u8> {
    bare(decision_entry(pen, text))
}

pub(crate) fn decision_entry(pen: &mut Pen, text: &str) -> Entry {
    pen.write(Kind::Decision, 1, &format!("{{\"text\":\"{text}\"}}"), 0).unwrap()
}

/// Without the line feed.
pub(crate) fn bare(entry: Entry) -> Vec<u8> {
    let mut line = entry.into_bytes();
    assert_eq!(line.pop(), Some(b'\n'));
    line
}

/// The envelope of a decision that nobody wrote; its body is `{}`.
pub(crate) fn envelope() -> Envelope {
    Envelope {
        format: FORMAT,
        journal: journal(),
        kind: Kind::Decision,
        partition: PARTITION,
        epoch: 1,
        leader: leader(1),
        sequence: 1,
        previous: Some(Head([0; 32])),
        proved: 0,
        body_version: 1,
        body_length: 2,
        body_sha256: Digest::of(b"{}"),
    }
}

/// The line of an envelope and a body, whatever they say; only spelling and checksum are right.
pub(crate) fn forge(envelope: &Envelope, body: &str) -> Vec<u8> {
    let mut line = b"{\"envelope\":".to_vec();
    Envelope { body_length: body.len() as u64, ..*envelope }.write_to(&mut line);
    line.extend_from_slice(b",\"body\":");
    line.extend_from_slice(body.as_bytes());
    let crc = crc32c::crc32c(&line);
    line.extend_from_slice(format!(",\"crc\":\"{crc:08x}\"}}").as_bytes());
    line
}
