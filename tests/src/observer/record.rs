//! One line of a journal: `{"envelope":{…},"body":{…},"crc":"…"}`.

use sha2::{Digest, Sha256};

use super::envelope::Envelope;

const BEFORE_ENVELOPE: &str = "{\"envelope\":";
const BEFORE_BODY: &str = ",\"body\":";
const BEFORE_CRC: &str = ",\"crc\":\"";
const END: &str = "\"}";
/// How long everything after the body is: the checksum has eight digits.
const AFTER_BODY: usize = BEFORE_CRC.len() + 8 + END.len();

/// A readable record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the envelope says.
    pub envelope: Envelope,
    /// The envelope as it stands, braces included: the chain is over these bytes.
    pub envelope_text: String,
    /// The body as it stands.
    pub body: String,
}

/// Why a line is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no UTF-8.
    NotText,
    /// It does not consist of envelope, body and checksum.
    NotThreeParts,
    /// The envelope says too little, too much, something impossible, or says it in another spelling.
    Envelope,
    /// The body is not as long as the envelope says.
    BodyLength,
    /// The body is no object, or has control characters.
    Body,
    /// The checksum is not that of all before it.
    Checksum,
}

/// Reads a line, given without its line feed.
///
/// # Errors
/// [`Unreadable`], whenever it is not what a writer by the design would have written.
pub fn decode(line: &[u8]) -> Result<Record, Unreadable> {
    let text = std::str::from_utf8(line).map_err(|_| Unreadable::NotText)?;
    let (envelope_text, body, crc) = parts(text).ok_or(Unreadable::NotThreeParts)?;
    let envelope = Envelope::read(envelope_text).ok_or(Unreadable::Envelope)?;
    if u64::try_from(body.len()) != Ok(envelope.body_length) {
        return Err(Unreadable::BodyLength);
    }
    if !body.starts_with('{') || !body.ends_with('}') || body.bytes().any(|it| it < 0x20 || it == 0x7f) {
        return Err(Unreadable::Body);
    }
    let summed = text.len().saturating_sub(AFTER_BODY);
    if crc != format!("{:08x}", crc32c::crc32c(&line[..summed])) {
        return Err(Unreadable::Checksum);
    }
    Ok(Record { envelope, envelope_text: envelope_text.to_owned(), body: body.to_owned() })
}

/// The envelope, the body and the checksum of a line.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let rest = text.strip_prefix(BEFORE_ENVELOPE)?;
    // Nothing in an envelope has braces of its own.
    let (envelope, rest) = rest.split_at_checked(rest.find('}')? + 1)?;
    let rest = rest.strip_prefix(BEFORE_BODY)?;
    let (body, rest) = rest.split_at_checked(rest.len().checked_sub(AFTER_BODY)?)?;
    let crc = rest.strip_prefix(BEFORE_CRC)?.strip_suffix(END)?;
    Some((envelope, body, crc))
}

impl Record {
    /// Whether the body is the one that the envelope commits to.
    #[must_use]
    pub fn body_is_whole(&self) -> bool {
        sha256(&[self.body.as_bytes()]) == self.envelope.body_sha256
    }

    /// The head after this record, on a chain whose head was `before`.
    #[must_use]
    pub fn head_after(&self, before: &str) -> String {
        sha256(&[before.as_bytes(), self.envelope_text.as_bytes()])
    }
}

/// The head of a journal's partition before its first record.
#[must_use]
pub fn first_head(journal: &str) -> String {
    sha256(&[journal.as_bytes()])
}

/// The SHA-256 of some texts one after the other, in lower-case hex.
#[must_use]
pub fn sha256(texts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    texts.iter().for_each(|it| hash.update(it));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
