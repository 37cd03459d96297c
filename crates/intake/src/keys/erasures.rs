//! The list of erasures: which keys were destroyed, kept apart from the keys, so that an older backup of them does not
//! bring anyone back (F-88).
//!
//! One JSON object a line. It holds nothing personal: persons are random ids or ids of customers, and a reason names a
//! ticket. A line is durable before the first of its keys is destroyed; one that was torn while it was written was never
//! acted on, and the next one replaces it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use claim_domain::time::Instant;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// One person's erasure, as it stands on the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// The person: a random UUID, or `customer:<customer id>`.
    pub person: Arc<str>,
    /// The ids of the keys it had then. A key made for the same customer later is not meant (F-85).
    pub keys: Vec<Uuid>,
    /// Why, as the name of a ticket.
    pub reason: Reason,
    /// When it was asked for.
    pub erased_at: Instant,
}

/// Why a person is erased: one word, such as the number of a ticket. The list outlives the data, hence no free text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Reason(#[schemars(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9._:/#-]{0,63}$"))] String);

/// A text that is no [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a reason is one word, such as the ticket GDPR-2211: 1 to 64 of A-Z a-z 0-9 . _ : / # -, the first a letter or digit. \
     It stands on the list of erasures, which outlives the data and must hold nothing personal"
)]
pub struct NotAReason;

impl FromStr for Reason {
    type Err = NotAReason;

    fn from_str(text: &str) -> Result<Self, NotAReason> {
        let plain = |b: u8| b.is_ascii_alphanumeric();
        match text.as_bytes() {
            [first, rest @ ..]
                if plain(*first)
                    && rest.len() < 64
                    && rest.iter().all(|&b| plain(b) || b"._:/#-".contains(&b)) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NotAReason),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasures(PathBuf);

impl Erasures {
    /// The list in this file; where there is none, nobody was erased.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Everything on the list, in its order.
    ///
    /// # Errors
    /// [`ErasuresError`]; then nothing may be opened, since it is not known what must stay closed.
    pub fn read(&self) -> Result<Vec<Erasure>, ErasuresError> {
        match fs::read(&self.0) {
            Ok(bytes) => self.parse(whole_lines(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(self.io(error)),
        }
    }

    /// Adds to the list, durably. Whoever else adds at the same time waits.
    ///
    /// # Errors
    /// [`ErasuresError`]; then no key of these may be destroyed.
    pub fn add(&self, erasures: &[Erasure]) -> Result<(), ErasuresError> {
        let mut lines = Vec::new();
        for erasure in erasures {
            serde_json::to_writer(&mut lines, erasure).map_err(|error| self.io(error.into()))?;
            lines.push(b'\n');
        }
        self.append(&lines).map_err(|error| self.io(error))
    }

    fn append(&self, lines: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.0)?;
        file.lock()?;
        let mut there = Vec::new();
        file.read_to_end(&mut there)?;
        let whole = whole_lines(&there).len() as u64;
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        file.write_all(lines)?;
        file.sync_all()?;
        // A file just made is there after a crash only when its folder is synced too.
        let folder = self.0.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }

    fn parse(&self, bytes: &[u8]) -> Result<Vec<Erasure>, ErasuresError> {
        let lines = bytes.split_inclusive(|&b| b == b'\n').zip(1..);
        lines
            .map(|(line, number)| {
                serde_json::from_slice(line).map_err(|source| ErasuresError::Damaged {
                    path: self.0.clone(),
                    line: number,
                    source,
                })
            })
            .collect()
    }

    fn io(&self, source: io::Error) -> ErasuresError {
        ErasuresError::Io { path: self.0.clone(), source }
    }
}

/// The bytes up to the end of the last whole line.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |it| it + 1);
    &bytes[..end]
}

/// The list of erasures cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ErasuresError {
    /// It cannot be read or written.
    #[error("the list of erasures {} cannot be read or written", path.display())]
    Io {
        /// The list.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of it is none.
    #[error(
        "the list of erasures {} is damaged at line {line}: restore it from a backup; without it nobody can say which \
         keys must not be used",
        path.display()
    )]
    Damaged {
        /// The list.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Why.
        source: serde_json::Error,
    },
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn erasure(person: u128) -> Erasure {
        Erasure {
            person: Uuid::from_u128(person).to_string().into(),
            keys: vec![Uuid::from_u128(person + 1)],
            reason: "GDPR-2211".parse().unwrap(),
            erased_at: Instant::from_ms(1_767_225_600_000),
        }
    }

    fn list(dir: &TempDir) -> Erasures {
        Erasures::at(dir.path().join("erasures.ndjson"))
    }

    #[test] // F-88
    fn what_is_added_is_read_in_its_order() {
        let dir = TempDir::new().unwrap();
        let list = list(&dir);
        assert_eq!(list.read().unwrap(), []);
        list.add(&[erasure(1), erasure(2)]).unwrap();
        list.add(&[erasure(3)]).unwrap();
        assert_eq!(list.read().unwrap(), [erasure(1), erasure(2), erasure(3)]);
    }

    #[test] // F-88: a crash while a line was written, at every byte of it
    fn a_torn_line_was_never_acted_on_and_the_next_replaces_it() {
        let dir = TempDir::new().unwrap();
        let list = list(&dir);
        list.add(&[erasure(1)]).unwrap();
        let whole = fs::read(list.path()).unwrap();
        list.add(&[erasure(2)]).unwrap();
        let both = fs::read(list.path()).unwrap();
        for torn in whole.len()..both.len() {
            fs::write(list.path(), &both[..torn]).unwrap();
            assert_eq!(list.read().unwrap(), [erasure(1)], "torn at {torn}");
            list.add(&[erasure(3)]).unwrap();
            assert_eq!(list.read().unwrap(), [erasure(1), erasure(3)], "torn at {torn}");
        }
    }

    #[test]
    fn a_damaged_line_is_named_and_nothing_is_read_past_it() {
        let dir = TempDir::new().unwrap();
        let list = list(&dir);
        list.add(&[erasure(1), erasure(2), erasure(3)]).unwrap();
        let text = fs::read_to_string(list.path()).unwrap();
        fs::write(list.path(), text.replacen("\"keys\"", "\"kexs\"", 2).replacen("\"kexs\"", "\"keys\"", 1))
            .unwrap();
        let refused = list.read().unwrap_err();
        assert!(matches!(refused, ErasuresError::Damaged { line: 2, .. }), "{refused}");
    }

    #[test] // F-90: no way for an address or a sentence about a person to get onto the list
    fn a_reason_is_one_plain_word() {
        for reason in ["GDPR-2211", "a", "https://tickets.example/7#c", &"x".repeat(64)] {
            assert_eq!(reason.parse::<Reason>().unwrap().to_string(), reason);
        }
        for no in ["", " ", "-x", "mina@fabrikam.example", "Mina asked", "é", "a\n", &"x".repeat(65)] {
            assert_eq!(no.parse::<Reason>(), Err(NotAReason), "{no:?}");
        }
    }
}
