//! What the fold of an event comes to, as one number: the same event after the same past gives the same one, as long as
//! the program folds it the same way.

use std::cell::RefCell;
use std::fmt::Write;

use serde::Serialize;

use crate::database::Value;
use crate::error::StoreError;

/// The CRC-32C of what was written for an event, in its order. It finds a program that folds otherwise, no forger.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    crc: u32,
    /// Where what is hashed is put together.
    bytes: Vec<u8>,
    /// Statements without their layout.
    bare: Vec<(&'static str, Vec<u8>)>,
}

impl Trace {
    /// Takes in a statement with its parameters; how the statement is laid out does not count.
    pub(crate) fn statement(&mut self, sql: &'static str, params: &[Value<'_>]) {
        self.bytes.clear();
        let known = self.bare.iter().position(|(it, _)| std::ptr::eq(*it, sql));
        let known = known.unwrap_or_else(|| {
            self.bare.push((sql, sql.bytes().filter(|it| !it.is_ascii_whitespace()).collect()));
            self.bare.len() - 1
        });
        self.bytes.extend(&self.bare[known].1);
        for param in params {
            match param {
                Value::Null => self.bytes.push(0),
                Value::Integer(number) => {
                    self.bytes.push(1);
                    self.bytes.extend(number.to_le_bytes());
                }
                Value::Text(text) => {
                    self.bytes.push(2);
                    self.bytes.extend(text.len().to_le_bytes());
                    self.bytes.extend(text.as_bytes());
                }
            }
        }
        self.crc = crc32c::crc32c_append(self.crc, &self.bytes);
    }

    /// Takes in a state of the domain's own fold, and leaves in `spelt` how it is written.
    pub(crate) fn state(&mut self, state: &impl Serialize, spelt: &mut Vec<u8>) -> Result<(), StoreError> {
        spelt.clear();
        serde_json::to_writer(&mut *spelt, state).map_err(StoreError::unreadable("a state"))?;
        self.crc = crc32c::crc32c_append(self.crc, spelt);
        Ok(())
    }

    /// Writes down what there is since the last time, as eight digits.
    pub(crate) fn end(&mut self, line: &mut String) {
        let crc = std::mem::take(&mut self.crc);
        // Writing to a text never fails.
        let _ = write!(line, "{crc:08x}");
    }
}

/// A trace that many hands write to within one fold.
pub(crate) type Shared = RefCell<Trace>;
