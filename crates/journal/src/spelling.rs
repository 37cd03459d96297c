//! The one spelling of the tokens that an envelope is made of (DESIGN §5, "Bytes").

use uuid::Uuid;

/// Integers on the log are below 2^53, so that every JSON reader keeps them exact.
pub(crate) const INTEGER_LIMIT: u64 = 1 << 53;

/// Where a line stopped being one, and what should have stood there.
pub(crate) type Expected = (usize, &'static str);

/// Reads tokens from the front of some bytes.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Steps over `text` when it comes next.
    pub(crate) fn accepts(&mut self, text: &'static str) -> bool {
        let found = self.rest().starts_with(text.as_bytes());
        if found {
            self.at += text.len();
        }
        found
    }

    pub(crate) fn literal(&mut self, text: &'static str) -> Result<(), Expected> {
        if self.accepts(text) { Ok(()) } else { Err((self.at, text)) }
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: u64, what: &'static str) -> Result<&'a [u8], Expected> {
        let taken = usize::try_from(len).ok().and_then(|len| self.rest().get(..len));
        let taken = taken.ok_or((self.at, what))?;
        self.at += taken.len();
        Ok(taken)
    }

    /// A decimal integer below 2^53 without sign or leading zero.
    pub(crate) fn integer(&mut self) -> Result<u64, Expected> {
        let fault = (self.at, "an integer below 2^53");
        let digits = self.rest().iter().take(17).take_while(|it| it.is_ascii_digit()).count();
        let text = self.rest().get(..digits).unwrap_or_default();
        if digits == 0 || (digits > 1 && text.first() == Some(&b'0')) {
            return Err(fault);
        }
        let value = text.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        self.at += digits;
        if value < INTEGER_LIMIT { Ok(value) } else { Err(fault) }
    }

    /// A UUID of 36 lower-case characters.
    pub(crate) fn uuid(&mut self) -> Result<Uuid, Expected> {
        let fault = (self.at, "a UUID in lower case");
        let text = self.take(36, fault.1)?;
        if text.iter().any(u8::is_ascii_uppercase) {
            return Err(fault);
        }
        Uuid::try_parse_ascii(text).map_err(|_| fault)
    }

    /// 64 lower-case hex digits.
    pub(crate) fn hex32(&mut self) -> Result<[u8; 32], Expected> {
        let fault = (self.at, "64 lower-case hex digits");
        let text = self.take(64, fault.1)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_chunks::<2>().0) {
            *byte = (nibble(pair[0]).ok_or(fault)? << 4) | nibble(pair[1]).ok_or(fault)?;
        }
        Ok(bytes)
    }
}

/// The value of one lower-case hex digit.
pub(crate) fn nibble(digit: u8) -> Option<u8> {
    let value = NIBBLES[usize::from(digit)];
    (value < 16).then_some(value)
}

/// The value of each byte as a lower-case hex digit; 16 where it is none. Every record has 300 of them to read.
const NIBBLES: [u8; 256] = {
    let mut values = [16; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// Appends lower-case hex digits, two a byte.
pub(crate) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

/// Appends a decimal integer.
pub(crate) fn push_integer(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends the 36 characters of a UUID.
pub(crate) fn push_uuid(out: &mut Vec<u8>, id: &Uuid) {
    out.extend_from_slice(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // DESIGN §5: integers below 2^53, another spelling is unreadable
    fn integers_have_one_spelling() {
        for value in [0, 1, 9, 10, 4095, INTEGER_LIMIT - 1] {
            let mut out = Vec::new();
            push_integer(&mut out, value);
            assert_eq!(out, value.to_string().as_bytes());
            let mut cursor = Cursor::new(&out);
            assert_eq!(cursor.integer(), Ok(value));
            assert!(cursor.at_end());
        }
        for bad in ["", "-1", "00", "01", "+1", "9007199254740992", "99999999999999999999", "a"] {
            assert!(Cursor::new(bad.as_bytes()).integer().is_err(), "{bad}");
        }
    }

    #[test]
    fn uuids_are_hyphenated_and_lower_case() {
        let id = Uuid::from_u128(0xABCD << 64);
        let mut out = Vec::new();
        push_uuid(&mut out, &id);
        assert_eq!(Cursor::new(&out).uuid(), Ok(id));
        assert!(Cursor::new(&out.to_ascii_uppercase()).uuid().is_err());
        assert!(Cursor::new(&[b'0'; 36]).uuid().is_err());
    }
}
