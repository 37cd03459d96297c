//! The set of partitions that this process leads, on one thread.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use claim_domain::catalog::Catalog;
use claim_domain::decide::{RULES, decide};
use claim_domain::time::Instant;
use claim_journal::{
    Chain, Entry, JournalId, LeaderId, Line, Offsets, PartitionId, Pen, PenError, Position, ProgramPosition,
    Retold, Routed, Settings, Tick,
};
use claim_log::{Batch, Feed, Log, LogError, Receipt, Tell, TellOutcome, Told, Unavailable, Unclear};
use claim_snapshot::{Snapshot, free};
use uuid::Uuid;

use crate::fold::Fold;
use crate::partition::{Answers, Decide, Partition, Step, WriteError};
use crate::planted::Planted;
use crate::replay::{Replay, chains};

/// How many deadlines fire between two looks at what else is to be done (F-42).
const DEADLINES_AT_ONCE: usize = 512;
/// How many messages are taken before what was written for them is appended: so few that after a burst the log makes the
/// first of it durable while the rest is decided. With 512 the slowest hundredth of commands took twice as long.
const MESSAGES_AT_ONCE: usize = 128;

/// The engine could not take the lead.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The lead could not be written.
    #[error("partition {0} could not be led")]
    Pen(PartitionId, #[source] PenError),
    /// The lead did not become durable.
    #[error("partition {0} could not be led: {1}")]
    NotLed(PartitionId, String),
    /// There is no thread to be had.
    #[error("the engine's thread could not start")]
    Thread(#[source] std::io::Error),
}

/// Why the engine stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The log does not say whether records are durable.
    #[error("the log failed: {0}")]
    Unclear(Unclear),
    /// Another leader took over.
    #[error("another leader took over partition {0}")]
    Fenced(PartitionId),
    /// A record would not have been valid to its readers.
    #[error("partition {0} would have written an invalid record: {1}")]
    Invalid(PartitionId, String),
    /// The snapshot could not be read: the next start makes it again.
    #[error("{0}")]
    Snapshot(String),
    /// An answer could not be read again.
    #[error("an answer could not be read again: {0}")]
    Recall(String),
}

enum Message {
    Command(Box<Routed>, TellOutcome),
    Tick(Tick),
    Settle(Sender<()>),
    Receipts(Vec<(PartitionId, Receipt)>),
    Close,
}

/// The running engine. Everything is asked of it through one channel, so what is sent in order is decided in order.
#[derive(Debug)]
pub struct Engine {
    messages: Sender<Message>,
    thread: Option<JoinHandle<Result<(), EngineError>>>,
    partitions: u16,
    program: ProgramPosition,
    failed: Arc<OnceLock<EngineError>>,
}

impl Engine {
    /// Takes the lead of every partition of the journal and goes on from what was replayed.
    ///
    /// # Errors
    /// [`StartError`] when a lead did not become durable.
    pub fn start(
        log: Arc<dyn Log>,
        journal: JournalId,
        settings: &Settings,
        read: BTreeMap<PartitionId, Chain>,
        replay: Replay,
        release: &str,
    ) -> Result<Self, StartError> {
        Self::start_with(decide, log, journal, settings, read, replay, release)
    }

    /// As [`Self::start`], deciding by another function: for tests of what a panic in it does (F-17).
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(
        decide: Decide,
        log: Arc<dyn Log>,
        journal: JournalId,
        settings: &Settings,
        read: BTreeMap<PartitionId, Chain>,
        mut replay: Replay,
        release: &str,
    ) -> Result<Self, StartError> {
        let (messages, inbox) = channel();
        let mut partitions = BTreeMap::new();
        let mut leads = Vec::new();
        for (id, chain) in chains(read, settings, Offsets::Positions) {
            let mut pen = Pen::new(&chain, journal, LeaderId(Uuid::new_v4()));
            let first = (chain.epoch() == 0).then_some(settings);
            let lead = pen.lead(release, RULES, first).map_err(|source| StartError::Pen(id, source))?;
            let (tell, receipt) = channel();
            log.append(Batch { partition: id, lines: vec![lead] }, Box::new(move |it| drop(tell.send(it))));
            leads.push((id, receipt));
            let fold = replay.folds.remove(&id).unwrap_or_else(|| Fold::over(replay.snapshot.clone()));
            partitions.insert(id, Partition::new(pen, fold, decide, Planted::default()));
        }
        for (id, receipt) in leads {
            match receipt.recv() {
                Ok(Receipt::Appended { .. }) => {}
                Ok(Receipt::Fenced) => {
                    return Err(StartError::NotLed(id, "another leader is at work".into()));
                }
                Ok(Receipt::Unclear(why)) => return Err(StartError::NotLed(id, why.to_string())),
                Err(_) => return Err(StartError::NotLed(id, Unclear::Closed.to_string())),
            }
        }
        let program =
            partitions.get(&PartitionId::Program).map_or(ProgramPosition { sequence: 0, head: None }, |it| {
                it.program_position(replay.program_head)
            });
        let failed = Arc::new(OnceLock::new());
        let desk = Desk {
            log,
            partitions,
            catalog: replay.catalog,
            snapshot: replay.snapshot,
            kept: 0,
            inbox,
            messages: messages.clone(),
            count: settings.partitions,
            tick: Tick { w: Instant::default(), imported: false },
            settling: VecDeque::new(),
            unacknowledged: 0,
            closing: false,
            failed: Arc::clone(&failed),
        };
        let thread = thread::Builder::new()
            .name("engine".into())
            .spawn(move || desk.run())
            .map_err(StartError::Thread)?;
        Ok(Self { messages, thread: Some(thread), partitions: settings.partitions, program, failed })
    }

    /// How many numbered partitions there are.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        self.partitions
    }

    /// The position of the program when the engine started.
    #[must_use]
    pub fn program(&self) -> ProgramPosition {
        self.program
    }

    /// Why it has stopped by itself; none while it leads. Whoever still asks it is told that there is no answer now.
    #[must_use]
    pub fn failure(&self) -> Option<EngineError> {
        let gone = || self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        self.failed.get().cloned().or_else(|| gone().then_some(EngineError::Unclear(Unclear::Closed)))
    }

    /// Waits until everything sent so far is decided, every deadline it allows has fired, and all of it is durable.
    pub fn settle(&self) {
        let (tell, settled) = channel();
        if self.messages.send(Message::Settle(tell)).is_ok() {
            let _ = settled.recv();
        }
    }

    /// Decides what was sent, waits until it is durable, and stops.
    ///
    /// # Errors
    /// [`EngineError`] when it had stopped before, or could not finish.
    pub fn close(mut self) -> Result<(), EngineError> {
        drop(self.messages.send(Message::Close));
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) | None => Err(EngineError::Unclear(Unclear::Closed)),
        }
    }
}

impl Feed for Engine {
    fn send(&self, routed: Routed, tell: TellOutcome) {
        if let Err(unsent) = self.messages.send(Message::Command(Box::new(routed), tell))
            && let Message::Command(_, tell) = unsent.0
        {
            tell(Err(Unavailable("the engine has stopped".into())));
        }
    }

    fn tick(&self, tick: Tick) {
        drop(self.messages.send(Message::Tick(tick)));
    }
}

/// The thread's side: what it owns.
struct Desk {
    log: Arc<dyn Log>,
    partitions: BTreeMap<PartitionId, Partition>,
    catalog: Catalog,
    /// What holds all that is not in memory.
    snapshot: Option<Arc<Snapshot>>,
    /// Where it ended when it was last looked at.
    kept: u64,
    inbox: Receiver<Message>,
    messages: Sender<Message>,
    count: u16,
    /// The greatest tick heard.
    tick: Tick,
    settling: VecDeque<Sender<()>>,
    /// Turns whose receipts have not come.
    unacknowledged: usize,
    closing: bool,
    failed: Arc<OnceLock<EngineError>>,
}

impl Desk {
    fn run(mut self) -> Result<(), EngineError> {
        let result = self.work();
        let why = match &result {
            Ok(()) => Unavailable("the engine has stopped".into()),
            Err(error) => {
                tracing::error!(%error, "the engine stops");
                drop(self.failed.set(error.clone()));
                Unavailable(error.to_string().into())
            }
        };
        let Self { mut partitions, inbox, messages, closing, .. } = self;
        partitions.values_mut().for_each(|it| it.give_up(&why));
        drop(messages);
        // Whoever still asks gets an answer, until the engine is closed or gone.
        let mut open = !closing;
        while let Some(message) = if open { inbox.recv().ok() } else { inbox.try_recv().ok() } {
            match message {
                Message::Command(_, tell) => tell(Err(why.clone())),
                Message::Close => open = false,
                Message::Tick(_) | Message::Settle(_) | Message::Receipts(_) => {}
            }
        }
        result
    }

    fn work(&mut self) -> Result<(), EngineError> {
        let mut due = false;
        loop {
            let first = if due { self.inbox.try_recv().ok() } else { self.inbox.recv().ok() };
            let mut written = Written::default();
            self.take_all(first, &mut written)?;
            due = self.fire(&mut written)?;
            self.append(written);
            self.forget();
            if !due && self.unacknowledged == 0 {
                self.settling.drain(..).for_each(|settled| {
                    let _ = settled.send(());
                });
                if self.closing {
                    return Ok(());
                }
            }
        }
    }

    /// Takes what waits, a bounded number of messages.
    fn take_all(&mut self, first: Option<Message>, written: &mut Written) -> Result<(), EngineError> {
        let mut taken = 0;
        let mut next = first;
        while let Some(message) = next {
            self.take(message, written)?;
            taken += 1;
            next = if taken < MESSAGES_AT_ONCE { self.inbox.try_recv().ok() } else { None };
        }
        Ok(())
    }

    fn take(&mut self, message: Message, written: &mut Written) -> Result<(), EngineError> {
        match message {
            Message::Command(routed, tell) => self.decide(*routed, tell, written),
            Message::Tick(tick) => {
                self.tick = Tick { w: self.tick.w.max(tick.w), ..tick };
                // What comes behind this tick must find the deadlines fired.
                while self.fire(written)? {}
                Ok(())
            }
            Message::Settle(settled) => {
                self.settling.push_back(settled);
                Ok(())
            }
            Message::Receipts(receipts) => self.receive(receipts),
            Message::Close => {
                self.closing = true;
                Ok(())
            }
        }
    }

    fn decide(
        &mut self,
        routed: Routed,
        tell: TellOutcome,
        written: &mut Written,
    ) -> Result<(), EngineError> {
        let id = routed.route.partition(self.count);
        let Some(partition) = self.partitions.get_mut(&id) else {
            tell(Err(Unavailable("its partition is not led here".into())));
            return Ok(());
        };
        let lines = written.of(id);
        match partition
            .decide(routed, None, &mut self.catalog, Some(tell), lines)
            .map_err(|it| invalid(id, &it))?
        {
            Step::Written | Step::Waits => Ok(()),
            Step::Recall(offset, tell) => {
                let answer = self.recall(id, offset);
                if let Some(tell) = tell {
                    tell(answer.clone().map_err(|why| Unavailable(why.as_str().into())));
                }
                answer.map(drop).map_err(EngineError::Recall)
            }
        }
    }

    /// The answer that stands at `offset`, read again.
    fn recall(&self, partition: PartitionId, offset: u64) -> Result<Told, String> {
        let stored = self.log.record(partition, offset).map_err(|it: LogError| it.to_string())?;
        let line = Line::parse(&stored).map_err(|it| it.to_string())?;
        let decision = Retold::read(line.body).map_err(|it| it.to_string())?;
        let position = Position { partition, sequence: line.envelope.sequence };
        let program = (partition == PartitionId::Program).then(|| ProgramPosition {
            sequence: position.sequence,
            head: line.envelope.previous.map(|before| line.extends(before)),
        });
        Told::of(&decision, position, program)
            .ok_or_else(|| format!("no command was answered at offset {offset}"))
    }

    /// Fires a bounded number of deadlines in every partition; yields whether more are due.
    fn fire(&mut self, written: &mut Written) -> Result<bool, EngineError> {
        let mut more = false;
        for (&id, partition) in &mut self.partitions {
            more |= partition
                .fire_due(self.tick, DEADLINES_AT_ONCE, written.of(id))
                .map_err(|it| invalid(id, &it))?;
        }
        Ok(more)
    }

    /// Forgets what the snapshot holds by now.
    fn forget(&mut self) {
        let Some(end) = self.snapshot.as_ref().map(|it| it.end()).filter(|end| *end > self.kept) else {
            return;
        };
        self.kept = end;
        let mut forgotten = Vec::new();
        self.partitions.values_mut().for_each(|it| it.forget(end, &mut forgotten));
        free(forgotten);
    }

    /// Appends what a turn wrote; its receipts come back together.
    fn append(&mut self, written: Written) {
        let batches: Vec<Batch> = written.0.into_iter().filter(|it| !it.lines.is_empty()).collect();
        if batches.is_empty() {
            return;
        }
        self.unacknowledged += 1;
        let turn = Turn::new(batches.len(), self.messages.clone());
        let tells = batches.into_iter().map(|batch| {
            let (turn, partition) = (Arc::clone(&turn), batch.partition);
            let tell: Tell = Box::new(move |receipt| turn.tell(partition, receipt));
            (batch, tell)
        });
        self.log.append_all(tells.collect());
    }

    fn receive(&mut self, receipts: Vec<(PartitionId, Receipt)>) -> Result<(), EngineError> {
        self.unacknowledged = self.unacknowledged.saturating_sub(1);
        let mut answers = Answers::default();
        let received =
            receipts.into_iter().try_for_each(|(id, receipt)| self.receive_one(id, receipt, &mut answers));
        answers.tell();
        received
    }

    fn receive_one(
        &mut self,
        id: PartitionId,
        receipt: Receipt,
        answers: &mut Answers,
    ) -> Result<(), EngineError> {
        match receipt {
            Receipt::Appended { offsets } => {
                if let Some(partition) = self.partitions.get_mut(&id) {
                    partition.appended(&offsets, answers);
                }
                Ok(())
            }
            Receipt::Unclear(why) => Err(EngineError::Unclear(why)),
            Receipt::Fenced => Err(EngineError::Fenced(id)),
        }
    }
}

/// The receipts of one turn on their way back: sent as one message once all are there, so that those who wait for the
/// outcomes are told together, and what they ask next is made durable together.
struct Turn {
    expected: usize,
    receipts: Mutex<Vec<(PartitionId, Receipt)>>,
    messages: Sender<Message>,
}

impl Turn {
    fn new(expected: usize, messages: Sender<Message>) -> Arc<Self> {
        Arc::new(Self { expected, receipts: Mutex::new(Vec::with_capacity(expected)), messages })
    }

    fn tell(&self, partition: PartitionId, receipt: Receipt) {
        let mut receipts = self.receipts.lock().unwrap_or_else(PoisonError::into_inner);
        receipts.push((partition, receipt));
        if receipts.len() == self.expected {
            drop(self.messages.send(Message::Receipts(std::mem::take(&mut *receipts))));
        }
    }
}

/// What was written in one turn, in the order in which it was decided, across partitions too.
///
/// Where partitions share one log, what survives a crash is then a beginning of what was decided: imported history can
/// be resumed, since nothing received later is known where something received earlier was lost.
#[derive(Debug, Default)]
struct Written(Vec<Batch>);

impl Written {
    /// Where the next lines of a partition go.
    fn of(&mut self, partition: PartitionId) -> &mut Vec<Entry> {
        if self.0.last().is_some_and(|it| it.lines.is_empty()) {
            self.0.pop();
        }
        if self.0.last().is_none_or(|it| it.partition != partition) {
            self.0.push(Batch { partition, lines: Vec::new() });
        }
        let last = self.0.len() - 1;
        &mut self.0[last].lines
    }
}

fn invalid(partition: PartitionId, error: &WriteError) -> EngineError {
    match error {
        WriteError::Unreadable(unreadable) => EngineError::Snapshot(unreadable.to_string()),
        WriteError::Pen(_) | WriteError::Spelling(_) => EngineError::Invalid(partition, error.to_string()),
    }
}
