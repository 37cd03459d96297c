//! The stand-in: **nothing is sent**. What would be sent is written to a file, one JSON object a line, and synced.
//!
//! "Once" rests on this file as it would rest on the referrals API: before anything is done, what was done before is
//! looked for by the effect's id. A line that was cut by a crash is not whole, so nothing was answered from it; it
//! is cut off, and its effect is done again. Boxes are written as they come, closed.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use claim_domain::ids::{EffectId, NAMESPACE};
use claim_domain::text::{Label, Link, Sentence};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::port::{Failure, Referrals, Standing, Upgraded};
use crate::wire::{Closing, CoSell, InGroup, PartnerLed, REFERRALS};

/// What every line says of itself.
const PERFORMED_BY: &str = "local stand-in, nothing was sent";

/// The file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read or written.
    #[error("the file of effects cannot be opened")]
    Io(#[source] io::Error),
    /// A line is not one of ours.
    #[error("line {line} of the file of effects is not ours")]
    NotOurs {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// The stand-in for the referrals API. One process at a time may have its file open.
#[derive(Debug)]
pub struct LocalReferrals(Mutex<Book>);

#[derive(Debug)]
struct Book {
    file: File,
    /// The length of the whole lines.
    length: u64,
    /// Set when the file is in a state that is not known.
    broken: bool,
    done: HashMap<EffectId, Option<Standing>>,
}

/// One line.
#[derive(Serialize)]
struct Line<'a, T> {
    performed_by: &'static str,
    effect: EffectId,
    method: &'static str,
    path: String,
    body: &'a T,
    answer: Option<&'a Standing>,
}

/// What is read back of a line.
#[derive(Deserialize)]
struct Done {
    effect: EffectId,
    answer: Option<Standing>,
}

impl LocalReferrals {
    /// Opens the file, or makes it, and reads what was done before.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let made = !path.exists();
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(path).map_err(OpenError::Io)?;
        if let (true, Some(folder)) = (made, path.parent()) {
            File::open(folder).and_then(|it| it.sync_all()).map_err(OpenError::Io)?;
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(OpenError::Io)?;
        let whole = text.iter().rposition(|it| *it == b'\n').map_or(0, |last| last + 1);
        let mut done = HashMap::new();
        let lines = text.get(..whole).unwrap_or_default().split_inclusive(|it| *it == b'\n');
        for (index, line) in lines.enumerate() {
            let Done { effect, answer } = serde_json::from_slice(line)
                .map_err(|source| OpenError::NotOurs { line: index + 1, source })?;
            done.insert(effect, answer);
        }
        if whole < text.len() {
            tracing::warn!(bytes = text.len() - whole, "the last line of the file of effects was cut off");
        }
        let length = whole as u64;
        let mut book = Book { file, length, broken: false, done };
        book.cut().map_err(OpenError::Io)?;
        Ok(Self(Mutex::new(book)))
    }

    /// Does a thing once: yields what was done before under this id, or writes it down.
    fn once<T: Serialize>(&self, line: &Line<'_, T>) -> Result<Option<Standing>, Failure> {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = book.done.get(&line.effect) {
            return Ok(before.clone());
        }
        let mut bytes =
            serde_json::to_vec(line).map_err(|it| Failure::Final { error: sentence(&it.to_string()) })?;
        bytes.push(b'\n');
        book.append(&bytes)
            .map_err(|it| Failure::Retryable { error: sentence(&it.to_string()), after: None })?;
        book.done.insert(line.effect, line.answer.cloned());
        Ok(line.answer.cloned())
    }
}

impl Book {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("the file of effects failed before; restart to go on"));
        }
        if let Err(fault) = self.file.write_all(bytes) {
            self.broken = self.cut().is_err();
            return Err(fault);
        }
        if let Err(fault) = self.file.sync_data() {
            // What the disk holds now cannot be known: a second sync may succeed without having written (F-72).
            self.broken = true;
            return Err(fault);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Cuts off what is no whole line.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(drop)
    }
}

/// The text, cut to what a result may hold.
pub(crate) fn sentence(text: &str) -> Sentence {
    let end = text.char_indices().nth(1_024).map_or(text.len(), |(at, _)| at);
    text.get(..end)
        .unwrap_or_default()
        .try_into()
        .unwrap_or_else(|_| Sentence::from_code("an error without words"))
}

/// What would stand outside. Its id follows from the effect, as nobody else gives it one here.
fn standing(effect: EffectId) -> Result<Standing, Failure> {
    let id = Uuid::new_v5(&NAMESPACE, format!("local referral/{effect}").as_bytes()).to_string();
    let too_long = |it: claim_domain::text::TooLong| Failure::Final { error: sentence(&it.to_string()) };
    let link: Link =
        format!("https://referrals.invalid{REFERRALS}/{id}").as_str().try_into().map_err(too_long)?;
    let referral: Label = id.as_str().try_into().map_err(too_long)?;
    Ok(Standing { referral, link })
}

#[async_trait]
impl Referrals for LocalReferrals {
    async fn create(&self, effect: EffectId, request: &PartnerLed) -> Result<Standing, Failure> {
        let own = standing(effect)?;
        let (method, path) = ("POST", format!("{REFERRALS}/"));
        let (performed_by, answer) = (PERFORMED_BY, Some(&own));
        let before = self.once(&Line { performed_by, effect, method, path, body: request, answer })?;
        Ok(before.unwrap_or(own))
    }

    async fn upgrade(&self, effect: EffectId, request: &CoSell) -> Result<Upgraded, Failure> {
        let own = standing(effect)?;
        let (method, path) = ("POST", format!("{REFERRALS}/"));
        let (performed_by, answer) = (PERFORMED_BY, Some(&own));
        let group = Uuid::new_v5(&NAMESPACE, format!("local group/{}", request.referral).as_bytes());
        let body = &InGroup { group, request };
        let before = self.once(&Line { performed_by, effect, method, path, body, answer })?;
        Ok(Upgraded::Made(before.unwrap_or(own)))
    }

    async fn close(&self, effect: EffectId, request: &Closing) -> Result<(), Failure> {
        let (method, path) = ("PATCH", format!("{REFERRALS}/{}", request.referral));
        let (performed_by, body) = (PERFORMED_BY, &request.patch);
        self.once(&Line { performed_by, effect, method, path, body, answer: None }).map(drop)
    }
}
