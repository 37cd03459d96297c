//! One record as it stands on the log: `{"envelope":{…},"body":{…},"crc":"…"}`.

use crate::digest::{Digest, Head};
use crate::envelope::{ENVELOPE_CAPACITY, Envelope};
use crate::ids::PartitionId;
use crate::spelling::{Cursor, Expected, nibble, push_hex};

const BEFORE_ENVELOPE: &str = "{\"envelope\":";
const BEFORE_BODY: &str = ",\"body\":";
const BEFORE_CRC: &str = ",\"crc\":\"";
const END: &str = "\"}";

/// Bytes that are no record in its canonical spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a journal record: at byte {at} there should be {expected}")]
pub struct Unreadable {
    /// The byte of the line, from 0, where it stops being a record.
    pub at: usize,
    /// What should have stood there.
    pub expected: &'static str,
}

impl From<Expected> for Unreadable {
    fn from((at, expected): Expected) -> Self {
        Self { at, expected }
    }
}

/// A readable record, borrowed from the line it was read from.
///
/// That the body is JSON in its canonical spelling is for its typed decoder to say; here it is a text without control
/// characters whose length and checksum are right. Whether its hash is right the [chain](crate::Chain) judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The envelope.
    pub envelope: Envelope,
    /// The envelope's exact bytes, braces included; the chain hashes these.
    pub envelope_bytes: &'a [u8],
    /// The body's exact text.
    pub body: &'a str,
}

impl<'a> Line<'a> {
    /// Reads one line, given without its line feed.
    ///
    /// # Errors
    /// [`Unreadable`] for every byte sequence that [`Pen`](crate::Pen) could not have written: another spelling of the
    /// envelope, a wrong length or checksum, anything missing or left over.
    pub fn parse(line: &'a [u8]) -> Result<Self, Unreadable> {
        Self::read(line, |summed| Some(crc32c::crc32c(summed)))
    }

    /// As [`Self::parse`], whatever the checksum is: a planted fault.
    ///
    /// # Errors
    /// As [`Self::parse`], but for the checksum.
    #[cfg(feature = "planted-faults")]
    pub fn parse_unsummed(line: &'a [u8]) -> Result<Self, Unreadable> {
        Self::read(line, |_| None)
    }

    /// Reads one line; its checksum must be that of all before it, where there is one to compare with.
    fn read(line: &'a [u8], sum: impl FnOnce(&[u8]) -> Option<u32>) -> Result<Self, Unreadable> {
        let mut cursor = Cursor::new(line);
        cursor.literal(BEFORE_ENVELOPE)?;
        let start = cursor.at();
        let envelope = Envelope::read(&mut cursor)?;
        let envelope_bytes = line.get(start..cursor.at()).unwrap_or_default();
        cursor.literal(BEFORE_BODY)?;
        let body_at = cursor.at();
        let body = cursor.take(envelope.body_length, "a body as long as the envelope says")?;
        let summed = line.get(..cursor.at()).unwrap_or_default();
        cursor.literal(BEFORE_CRC)?;
        let crc_at = cursor.at();
        let crc = read_crc(cursor.take(8, "8 lower-case hex digits")?);
        cursor.literal(END)?;
        if !cursor.at_end() {
            return Err((cursor.at(), "the end of the line").into());
        }
        if sum(summed).is_some_and(|it| crc != Some(it)) {
            return Err((crc_at, "the CRC-32C of all before it").into());
        }
        Ok(Self { envelope, envelope_bytes, body: read_body(body, body_at)? })
    }

    /// The partition that a line claims to be of, read from its first bytes without checking the rest.
    #[must_use]
    pub fn partition(line: &[u8]) -> Option<PartitionId> {
        let mut cursor = Cursor::new(line);
        cursor.literal(BEFORE_ENVELOPE).ok()?;
        Some(Envelope::read_address(&mut cursor).ok()?.3)
    }

    /// Whether the body is the one that the envelope commits to.
    #[must_use]
    pub fn body_is_whole(&self) -> bool {
        Digest::of(self.body.as_bytes()) == self.envelope.body_sha256
    }

    /// The head of a chain that stood at `before` when this record is added to it.
    #[must_use]
    pub fn extends(&self, before: Head) -> Head {
        before.after(self.envelope_bytes)
    }

    /// The same record, owning its bytes.
    #[must_use]
    pub fn to_record(&self) -> Record {
        Record { envelope: self.envelope, envelope_bytes: self.envelope_bytes.into(), body: self.body.into() }
    }
}

/// A readable record that owns its bytes; see [`Line`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The envelope.
    pub envelope: Envelope,
    envelope_bytes: Box<[u8]>,
    body: Box<str>,
}

impl Record {
    /// Reads one line, given without its line feed, and keeps its bytes.
    ///
    /// # Errors
    /// As [`Line::parse`].
    pub fn parse(line: &[u8]) -> Result<Self, Unreadable> {
        Line::parse(line).map(|it| it.to_record())
    }

    /// The body's exact text.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The record, borrowed.
    #[must_use]
    pub fn as_line(&self) -> Line<'_> {
        Line { envelope: self.envelope, envelope_bytes: &self.envelope_bytes, body: &self.body }
    }
}

/// The bytes of a record with its line feed.
pub(crate) fn write(envelope: &Envelope, body: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(ENVELOPE_CAPACITY + body.len());
    out.extend_from_slice(BEFORE_ENVELOPE.as_bytes());
    envelope.write_to(&mut out);
    out.extend_from_slice(BEFORE_BODY.as_bytes());
    out.extend_from_slice(body.as_bytes());
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(BEFORE_CRC.as_bytes());
    push_hex(&mut out, &crc.to_be_bytes());
    out.extend_from_slice(END.as_bytes());
    out.push(b'\n');
    out
}

fn read_crc(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |sum, &digit| Some((sum << 4) | u32::from(nibble(digit)?)))
}

fn read_body(body: &[u8], at: usize) -> Result<&str, Unreadable> {
    let braces = body.len() >= 2 && body.first() == Some(&b'{') && body.last() == Some(&b'}');
    if !braces {
        return Err((at, "an object as body").into());
    }
    // No early exit, so that the compiler can look at many bytes at once.
    if body.iter().fold(false, |any, &byte| any | (byte < 0x20) | (byte == 0x7f)) {
        return Err((at, "a body without control characters").into());
    }
    std::str::from_utf8(body).map_err(|fault| (at + fault.valid_up_to(), "UTF-8").into())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::envelope::{FORMAT, Kind};
    use crate::ids::{JournalId, LeaderId};

    fn line(body: &str) -> Vec<u8> {
        let envelope = Envelope {
            format: FORMAT,
            journal: JournalId(Uuid::from_u128(1)),
            kind: Kind::Decision,
            partition: PartitionId::Number(3),
            epoch: 2,
            leader: LeaderId(Uuid::from_u128(0xabc)),
            sequence: 17,
            previous: Some(Head([9; 32])),
            proved: 16,
            body_version: 1,
            body_length: body.len() as u64,
            body_sha256: Digest::of(body.as_bytes()),
        };
        let mut line = write(&envelope, body);
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    #[test] // DESIGN §5: one line {"envelope":{…},"body":{…},"crc":"…"}
    fn a_line_reads_back_and_is_json() {
        let bytes = line(r#"{"a":"é\u007f"}"#);
        let read = Line::parse(&bytes).unwrap();
        assert_eq!(read.body, r#"{"a":"é\u007f"}"#);
        assert!(read.body_is_whole());
        assert_eq!(Line::partition(&bytes), Some(PartitionId::Number(3)));
        assert_eq!(read.to_record().as_line(), read);
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(json["envelope"], serde_json::to_value(read.envelope).unwrap());
        assert_eq!(json["body"]["a"], "é\u{7f}");
        assert_eq!(json["crc"].as_str().unwrap().len(), 8);
    }

    #[test]
    fn what_is_cut_left_over_or_shifted_does_not_read() {
        let good = line("{\"a\":1}");
        for len in 0..good.len() {
            assert!(Line::parse(&good[..len]).is_err(), "{len}");
        }
        for extra in [" ", "\n", "}", "\0"] {
            assert!(Line::parse(&[&good, extra.as_bytes()].concat()).is_err(), "{extra:?}");
        }
        assert!(Line::parse(&[b" ", &good[..]].concat()).is_err());
    }

    #[test] // FAULTS F-28
    fn bodies_are_objects_in_utf8_without_control_characters() {
        for bad in ["[]", "", "{", "{\"a\":\"\u{7f}\"}", "{\n}", "{\"a\":\"\t\"}", " {}"] {
            assert!(Line::parse(&line(bad)).is_err(), "{bad:?}");
        }
        let mut broken = line("{\"a\":\"é\"}");
        let at = broken.iter().position(|&it| it == 0xc3).unwrap();
        broken[at + 1] = b'x';
        let crc_at = broken.len() - 10;
        let crc = format!("{:08x}", crc32c::crc32c(&broken[..crc_at - BEFORE_CRC.len()]));
        broken[crc_at..crc_at + 8].copy_from_slice(crc.as_bytes());
        assert_eq!(Line::parse(&broken).unwrap_err().expected, "UTF-8");
    }

    #[test] // issue 3 item 9, FAULTS F-73
    fn no_flipped_bit_leaves_a_readable_line() {
        let good = line(r#"{"source":"partner:p-contoso","text":"日本"}"#);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Line::parse(&bad).is_err(), "bit {bit}");
        }
    }
}
