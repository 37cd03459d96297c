//! One partition where several processes may want to lead it: stand by, lead, decide, stand down (DESIGN §4, §5).
//!
//! Each seat is a thread. It keeps folding while another leads; ordered to lead, it reads to the end, writes its lead,
//! reads that lead back, and goes on behind the highest input that was decided. Ownership is only a hint: what makes a
//! record true is the chain, so a seat that is deposed, or does not know what became of a record, forgets what it had
//! written and reads what is true.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use claim_domain::decide::RULES;
use claim_journal::{
    Chain, Checkpoint, Entry, HaltCause, JournalId, LeaderId, Line, Offsets, PartitionId, Pen, Settings,
    Verdict, VoidCause,
};
use claim_log::{Batch, Inbox, JudgeError, Judged, Judging, Log, LogError, Place, Receipt, Stored};
use claim_snapshot::{Newer, Releases};
use uuid::Uuid;

use crate::answered::At;
use crate::fold::Fold;
use crate::partition::{Decide, Partition};
use crate::planted::{Planted, PlantedFault};
use crate::program::Program;
use crate::reign::{Ended, Reign};
use crate::status::Status;

/// How long a seat that stands by waits for an order between two looks at the log.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a lead may stay without an answer before it counts as unclear.
const LEAD_PATIENCE: Duration = Duration::from_secs(90);
/// After how long whoever reads on compares the last record it knew (DESIGN §5, "re-verify").
const REVERIFY: Duration = Duration::from_secs(1);
/// The longest wait between two attempts to lead, in milliseconds.
const LONGEST_BACK_OFF_MS: u64 = 2_000;

/// What a seat is made of.
#[derive(Clone)]
pub struct SeatParts {
    /// The partition.
    pub partition: PartitionId,
    /// The journal.
    pub log: Arc<dyn Log>,
    /// Where commands come from.
    pub inbox: Arc<dyn Inbox>,
    /// The commands partition that feeds it.
    pub commands: Place,
    /// What a new journal is made with, and an old one must be made with.
    pub settings: Settings,
    /// The release, as leads record it.
    pub release: String,
    /// The program.
    pub program: Arc<Program>,
    /// Offsets that an operator declared void (DESIGN §5, `accept_void`).
    pub accept_void: Vec<u64>,
    /// How commands are decided.
    pub decide: Decide,
    /// What a test broke on purpose.
    pub planted: Planted,
}

/// Why a partition halts here. It stays halted until an operator acts; other partitions go on.
#[derive(Debug, thiserror::Error)]
pub enum SeatError {
    /// The journal halts or cannot be read.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The commands topic does not hold what was decided from it.
    #[error("commands_missing: {place}: {why}")]
    CommandsMissing {
        /// The commands partition.
        place: Place,
        /// What is missing or different.
        why: String,
    },
    /// A newer program wrote the journal (F-81).
    #[error(transparent)]
    Newer(#[from] Newer),
    /// The journal was made with other settings.
    #[error("the journal was made with {found}, and this program is set to {wanted}")]
    OtherSettings {
        /// What the first lead says.
        found: String,
        /// What is configured.
        wanted: String,
    },
    /// A command whose slot is not of this partition: a bug of ours (F-30).
    #[error("the command at offset {offset} belongs to partition {belongs}")]
    WrongPartition {
        /// Its offset in the commands topic.
        offset: u64,
        /// Where it belongs.
        belongs: PartitionId,
    },
    /// A record would not have been valid to its readers: a bug of ours.
    #[error("an invalid record would have been written: {0}")]
    Invalid(String),
    /// The program cannot be read on.
    #[error("the program cannot be read: {0}")]
    Program(Arc<str>),
}

impl From<LogError> for SeatError {
    fn from(error: LogError) -> Self {
        Self::Judge(error.into())
    }
}

impl SeatError {
    /// Whether trying again may help: no broker answered.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Judge(JudgeError::Log(LogError::Io { .. })))
    }
}

/// What a seat is told.
pub(crate) enum Message {
    /// Lead, since this process owns the partition; the group had committed so far.
    Lead { committed: Option<u64> },
    /// Another process owns it.
    StandDown,
    /// End.
    Close,
    /// What became of a batch of a reign.
    Receipt { leader: LeaderId, receipt: Receipt },
}

/// A partition of this process: led here, or followed.
#[derive(Debug)]
pub struct Seat {
    messages: Sender<Message>,
    thread: Option<JoinHandle<()>>,
    status: Arc<Mutex<Status>>,
}

impl Seat {
    /// Begins to stand by.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn take(parts: SeatParts) -> std::io::Result<Self> {
        let (messages, inbox) = channel();
        let status = Arc::new(Mutex::new(Status::default()));
        let mut chain = Chain::new(parts.partition, Offsets::Count);
        parts.accept_void.iter().for_each(|offset| chain.accept_void(*offset));
        let desk = Desk {
            first: chain.clone(),
            chain,
            fold: Fold::default(),
            releases: Releases::default(),
            known: None,
            parts,
            inbox,
            messages: messages.clone(),
            status: Arc::clone(&status),
            owned: None,
            closing: false,
            compared: Instant::now(),
            counted: 0,
            receipts: VecDeque::new(),
        };
        let name = format!("seat-{}", desk.parts.partition);
        let thread = thread::Builder::new().name(name).spawn(move || desk.run())?;
        Ok(Self { messages, thread: Some(thread), status })
    }

    /// This process owns the partition now; the group had committed the commands topic up to `committed`.
    pub fn lead(&self, committed: Option<u64>) {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).ordered_at = Some(Instant::now());
        drop(self.messages.send(Message::Lead { committed }));
    }

    /// Another process owns the partition now.
    pub fn stand_down(&self) {
        drop(self.messages.send(Message::StandDown));
    }

    /// How the seat stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Finishes what is being written, and ends.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.messages.send(Message::Close));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.end();
    }
}

/// The thread's side.
pub(crate) struct Desk {
    pub(crate) parts: SeatParts,
    /// The chain before its first record.
    first: Chain,
    /// The chain and the fold of what was read, or told in a reign of ours.
    pub(crate) chain: Chain,
    fold: Fold,
    releases: Releases,
    /// The chain up to the last record that was true when its fold was forgotten: it must stand there still.
    known: Option<Chain>,
    inbox: Receiver<Message>,
    pub(crate) messages: Sender<Message>,
    status: Arc<Mutex<Status>>,
    /// Set while this process owns the partition: what the group had committed.
    owned: Option<Option<u64>>,
    closing: bool,
    /// When the last record known was last compared.
    compared: Instant,
    /// Void records before this offset are counted; some are read more than once.
    counted: u64,
    /// Receipts that came and were not looked at.
    receipts: VecDeque<(LeaderId, Receipt)>,
}

impl Desk {
    fn run(mut self) {
        let mut failures = 0_u32;
        while !self.closing {
            match self.turn() {
                Ok(()) => failures = 0,
                Err(passing) if passing.is_passing() => {
                    let error: &dyn std::error::Error = &passing;
                    tracing::warn!(partition = %self.parts.partition, error, "trying again");
                    failures += 1;
                    self.back_off(failures);
                }
                Err(halt) => {
                    let error: &dyn std::error::Error = &halt;
                    tracing::error!(partition = %self.parts.partition, error, "the partition halts");
                    self.note(|it| it.halt(&halt));
                    self.wait_for_the_end();
                }
            }
        }
        self.note(|it| it.leading = false);
    }

    /// Follows until ordered to lead, leads, and decides until that ends.
    fn turn(&mut self) -> Result<(), SeatError> {
        self.follow()?;
        let mut attempts = 0;
        while let Some(committed) = self.owned {
            if self.closing {
                return Ok(());
            }
            match self.begin_reign(committed)? {
                Some(reign) => {
                    let ended = self.reign(reign)?;
                    if ended == Ended::StoodDown {
                        return Ok(());
                    }
                    tracing::warn!(partition = %self.parts.partition, ?ended, "the reign ended");
                }
                None => tracing::info!(partition = %self.parts.partition, "another took the lead"),
            }
            attempts += 1;
            self.back_off(attempts);
        }
        Ok(())
    }

    /// Folds what others write until this process is to lead or to end.
    fn follow(&mut self) -> Result<(), SeatError> {
        self.learn_the_journal()?;
        let mut judging = self.read_on()?;
        while !self.closing && self.owned.is_none() {
            if judging.ready(PAUSE)? {
                while self.fold_next(&mut judging)? && !self.listen(Duration::ZERO) {}
            }
            while self.listen(Duration::ZERO) {}
            if self.compared.elapsed() >= REVERIFY {
                self.compare(&self.chain)?;
                self.compared = Instant::now();
            }
        }
        Ok(())
    }

    /// One journal id serves all partitions, and the program's first lead tells it.
    fn learn_the_journal(&mut self) -> Result<(), SeatError> {
        let (partition, offsets) = (self.parts.partition, Offsets::Count);
        while partition != PartitionId::Program && self.chain.journal().is_none() && !self.closing {
            match self.parts.program.journal() {
                Some(journal) => {
                    self.first = Chain::of_journal(partition, offsets, journal);
                    self.parts.accept_void.iter().for_each(|offset| self.first.accept_void(*offset));
                    self.chain = self.first.clone();
                }
                None => {
                    self.parts.program.at_least(0, Duration::ZERO).map_err(SeatError::Program)?;
                    self.listen(PAUSE);
                }
            }
        }
        Ok(())
    }

    /// Compares the last record that a chain knows with what stands there now (DESIGN §5, "re-verify").
    pub(crate) fn compare(&self, chain: &Chain) -> Result<(), SeatError> {
        let Some(Checkpoint { offset, .. }) = chain.checkpoint() else { return Ok(()) };
        let partition = self.parts.partition;
        let verdict = match self.parts.log.record(partition, offset) {
            Ok(line) => chain.again().read(offset, &Line::parse(&line)),
            Err(LogError::NoRecord { .. }) => Verdict::Halt(HaltCause::CheckpointNotOnChain { offset }),
            Err(failed) => return Err(failed.into()),
        };
        match verdict {
            Verdict::Halt(cause) => Err(JudgeError::Halted { partition, offset, cause }.into()),
            Verdict::Known | Verdict::Valid | Verdict::Void(_) => Ok(()),
        }
    }

    /// Makes sure that the last record known was there to be compared: on a journal that ends before it no lead may be written.
    fn was_read_again(&self, judging: &Judging) -> Result<(), SeatError> {
        let partition = self.parts.partition;
        let Some(chain) = judging.chain(partition) else { return Ok(()) };
        match chain.checkpoint() {
            Some(Checkpoint { offset, .. }) if chain.next_offset() <= offset => {
                let cause = HaltCause::CheckpointNotOnChain { offset };
                Err(JudgeError::Halted { partition, offset, cause }.into())
            }
            _ => Ok(()),
        }
    }

    /// A reading from the last record known on, which it compares first.
    fn read_on(&mut self) -> Result<Judging, SeatError> {
        self.compared = Instant::now();
        Ok(Judging::resume(&*self.parts.log, [self.chain.clone()])?)
    }

    /// Folds the next record; not, when there is none now.
    fn fold_next(&mut self, judging: &mut Judging) -> Result<bool, SeatError> {
        let judged = judging.next()?;
        if let Some(chain) = judging.chain(self.parts.partition) {
            // Whoever resumed compares first; until then the chain here is the better one.
            if chain.next_offset() >= self.chain.next_offset() {
                self.chain.clone_from(chain);
            }
        }
        match judged {
            None => return Ok(false),
            Some(Judged::Void(stored, cause)) => {
                if self.parts.planted.has(PlantedFault::CountVoid) {
                    self.fold(&stored)?;
                }
                self.void(&stored, cause);
            }
            Some(Judged::Valid(stored)) => self.fold(&stored)?,
        }
        let (sequence, epoch) = (self.chain.sequence(), self.chain.epoch());
        self.note(|it| (it.sequence, it.epoch) = (sequence, epoch));
        Ok(true)
    }

    fn fold(&mut self, stored: &Stored) -> Result<(), SeatError> {
        let Ok(line) = Line::parse(&stored.line) else { return Ok(()) };
        if let Some(decision) = self.releases.read(&line)? {
            self.fold.apply(&decision, At::Stored(stored.offset));
        }
        Ok(())
    }

    /// Leads: reads to the end, writes the lead, and reads until it comes back, since that alone says that it is valid
    /// and what stands before it. None when another leads.
    fn begin_reign(&mut self, committed: Option<u64>) -> Result<Option<Reign>, SeatError> {
        let mut judging = self.read_on()?;
        while self.fold_next(&mut judging)? {}
        self.was_read_again(&judging)?;
        if let Some(known) = &self.known {
            self.compare(known)?;
            self.known = None;
        }
        self.check_settings()?;
        // Only the program's first leader finds none: it begins the journal.
        let journal = self.chain.journal().unwrap_or_else(|| JournalId(Uuid::new_v4()));
        let mut pen = Pen::new(&self.chain, journal, LeaderId(Uuid::new_v4()));
        let first = (self.chain.epoch() == 0).then_some(&self.parts.settings);
        let line =
            pen.lead(&self.parts.release, RULES, first).map_err(|it| SeatError::Invalid(it.to_string()))?;
        let Some(offset) = self.append_lead(line) else { return Ok(None) };
        while self.chain.next_offset() <= offset {
            if !self.fold_next(&mut judging)? {
                thread::sleep(Duration::from_millis(1));
            }
            if self.chain.epoch() > pen.epoch() {
                return Ok(None);
            }
        }
        if pen.read_back(&self.chain).is_err() {
            return Ok(None);
        }
        self.check_settings()?;
        self.note(|it| it.led(pen.epoch()));
        tracing::info!(partition = %self.parts.partition, epoch = pen.epoch(), "leading");
        let start = self.first_input(committed)?;
        let SeatParts { decide, planted, .. } = self.parts;
        let partition = Partition::new(pen, std::mem::take(&mut self.fold), decide, planted);
        Reign::begin(&self.parts, partition, start, self.chain.next_offset()).map(Some)
    }

    fn append_lead(&self, line: Entry) -> Option<u64> {
        let (tell, told) = channel();
        let batch = Batch { partition: self.parts.partition, lines: vec![line] };
        self.parts.log.append(batch, Box::new(move |it| drop(tell.send(it))));
        match told.recv_timeout(LEAD_PATIENCE) {
            Ok(Receipt::Appended { offsets }) => offsets.first().copied(),
            Ok(Receipt::Unclear(why)) => {
                tracing::warn!(partition = %self.parts.partition, %why, "the lead is unclear");
                None
            }
            Ok(Receipt::Fenced) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    fn check_settings(&self) -> Result<(), SeatError> {
        let wanted = &self.parts.settings;
        match self.chain.settings() {
            Some(found) if found != wanted => {
                let text = |it: &Settings| {
                    format!("{} slots, {} partitions, simulated: {}", it.slots, it.partitions, it.simulated)
                };
                Err(SeatError::OtherSettings { found: text(found), wanted: text(wanted) })
            }
            _ => Ok(()),
        }
    }

    /// Where input goes on: behind the highest that was decided, whose id is compared; never at a committed offset, which
    /// would lose commands (DESIGN §4, "Ownership").
    fn first_input(&self, committed: Option<u64>) -> Result<u64, SeatError> {
        if let (true, Some(committed)) = (self.parts.planted.has(PlantedFault::ResumeAtCommitted), committed)
        {
            return Ok(committed);
        }
        let place = &self.parts.commands;
        let missing = |why: String| SeatError::CommandsMissing { place: place.clone(), why };
        let (kept, end) = self.parts.inbox.range(place)?;
        let Some(last) = &self.fold.input else {
            return if kept == 0 || committed >= Some(kept) {
                Ok(kept)
            } else {
                Err(missing(format!("it begins at {kept}, and nothing of it was decided")))
            };
        };
        if last.offset >= end {
            return Err(missing(format!("{} was decided, and it ends at {end}", last.offset)));
        }
        if last.offset >= kept {
            let found = self.command_at(last.offset)?;
            if found.as_ref() != Some(&(last.source.clone(), last.id)) {
                return Err(missing(format!("at {} stands another command than was decided", last.offset)));
            }
        } else if kept > last.offset + 1 && committed < Some(kept) {
            let why =
                format!("it begins at {kept}, {} was the last decided, and more was not done", last.offset);
            return Err(missing(why));
        }
        Ok(kept.max(last.offset + 1))
    }

    /// Counts a void record, once.
    pub(crate) fn void(&mut self, stored: &Stored, cause: VoidCause) {
        if stored.offset >= self.counted {
            self.counted = stored.offset + 1;
            let (partition, offset) = (stored.partition, stored.offset);
            tracing::warn!(%partition, offset, cause = cause.code(), "a void record");
            self.note(|it| it.void(cause));
        }
    }

    /// Says how the seat stands.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes the next order or receipt; waits for one at most so long. Yields whether there was one.
    pub(crate) fn listen(&mut self, wait: Duration) -> bool {
        match self.inbox.recv_timeout(wait) {
            Ok(Message::Lead { committed }) => self.owned = Some(committed),
            Ok(Message::StandDown) => self.owned = None,
            Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => self.closing = true,
            Ok(Message::Receipt { leader, receipt }) => self.receipts.push_back((leader, receipt)),
            Err(RecvTimeoutError::Timeout) => return false,
        }
        true
    }

    /// The next receipt that came for a reign; those of earlier reigns say nothing any more.
    pub(crate) fn next_receipt(&mut self, leader: LeaderId) -> Option<Receipt> {
        while let Some((whose, receipt)) = self.receipts.pop_front() {
            if whose == leader {
                return Some(receipt);
            }
        }
        None
    }

    /// Whether this process still wants to lead.
    pub(crate) fn wants_to_lead(&self) -> bool {
        self.owned.is_some() && !self.closing
    }

    /// Keeps what a reign made true, or forgets everything that may not be, to be read again.
    pub(crate) fn keep(&mut self, partition: Partition) {
        let told = partition.told();
        match partition.into_fold() {
            Some(fold) => {
                self.fold = fold;
                if let Some(told) = told {
                    self.chain = self.chain.at(told);
                }
            }
            None => {
                self.known = Some(told.map_or_else(|| self.chain.clone(), |told| self.chain.at(told)));
                self.fold = Fold::default();
                self.chain = self.first.clone();
            }
        }
        self.note(|it| it.leading = false);
    }

    /// Waits a while that grows with the attempts, with a jitter so that two do not keep meeting.
    fn back_off(&mut self, attempts: u32) {
        let jitter = u64::from(Uuid::new_v4().as_bytes()[0]);
        let grown = 20_u64.saturating_mul(1 << attempts.min(7)).min(LONGEST_BACK_OFF_MS);
        let until = Instant::now() + Duration::from_millis(grown + jitter * grown / 512);
        while !self.closing && Instant::now() < until {
            self.listen(PAUSE);
        }
    }

    fn wait_for_the_end(&mut self) {
        while !self.closing {
            self.listen(Duration::from_secs(1));
        }
    }
}
