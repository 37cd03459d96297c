//! One line on its way to a log.

use std::ops::Deref;

use crate::digest::Head;
use crate::envelope::Envelope;

/// A line to be appended, with its line feed.
///
/// What a [`Pen`](crate::Pen) wrote carries what its pen knows of it, so that the log need not read and hash again what was
/// spelt and hashed a moment before ([`Chain::take`](crate::Chain::take)). Of any other bytes nothing is known: they are read.
#[derive(Clone, Debug)]
pub struct Entry {
    bytes: Vec<u8>,
    known: Option<Known>,
}

/// What a pen knows of a record: it judged it by the readers' rule.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) envelope: Envelope,
    /// The head after it.
    pub(crate) head: Head,
}

impl Entry {
    pub(crate) fn written(bytes: Vec<u8>, envelope: Envelope, head: Head) -> Self {
        Self { bytes, known: Some(Known { envelope, head }) }
    }

    pub(crate) fn known(&self) -> Option<&Known> {
        self.known.as_ref()
    }

    /// Its bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl From<Vec<u8>> for Entry {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, known: None }
    }
}

/// Entries are the same when their bytes are.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Entry {}

impl Deref for Entry {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}
