//! Intake where commands come by topics: inbox partitions in, commands partitions out, in order (DESIGN §4).
//!
//! [`Relay::run`] takes what arrives, lets [`Intake::take`] make routed commands of it, takes more while those are on their
//! way, and remembers an inbox offset with the group only once everything before it is acknowledged. Whatever is not acknowledged ends the relay: what it thinks
//! it routed may not be there, so the next one begins from what is.

mod bindings;
mod feed;
mod learning;
mod records;
mod share;
mod ticks;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use claim_domain::ids::{CommandId, NotAnId};
use claim_domain::time;
use claim_journal::{Correlation, Decision, Line, PartitionId, ProgramPosition};
use claim_log::{Flight, Inbox, JudgeError, LogError, Outgoing, Outlet, Place, ReadLog, Received, Underway};
use tokio::runtime::Handle;

pub use bindings::TopicBindings;
pub use share::RelayStatus;

use crate::answer::Answer;
use crate::asking::Door;
use crate::clock::Mode;
use crate::intake::{FileTimes, Input, Intake, Parts, Remembered};
use crate::keys::Keys;
use crate::persistent::persistent;
use crate::ports::WithTimeout;
use crate::problem::{Problem, ProblemCode};
use crate::sources::Sources;

use feed::CommandsFeed;
use learning::{Learning, News, unknown};
use share::Share;

/// How many records are taken together.
const RECORDS_AT_ONCE: usize = 4_096;
/// How many batches may be on their way: the next is taken while brokers make the last ones durable.
const BATCHES_UNDERWAY: usize = 4;
/// How long to wait for the first of them.
const PAUSE: Duration = Duration::from_millis(50);
/// How long commands wait in their inbox for a directory that does not answer.
const DIRECTORY: Duration = Duration::from_secs(300);
/// How long what was sent may stay unacknowledged before the relay begins anew.
const DELIVERY: Duration = Duration::from_secs(120);

/// One inbox topic.
#[derive(Clone, Debug)]
pub struct InboxTopic {
    /// Its name.
    pub topic: Arc<str>,
    /// Which sources it may carry; none: our own performer of effects writes there.
    pub sources: Option<Sources>,
    /// Whether it brings history from elsewhere, whose intents are held until they are retried (CONTRACT §1). The times are
    /// those that its records bear.
    pub recorded: bool,
}

/// Where a relay writes.
#[derive(Clone, Debug)]
pub struct RelayTopics {
    /// The commands topic, a partition for each of the journal's.
    pub commands: Arc<str>,
    /// The commands topic of the program.
    pub program_commands: Arc<str>,
    /// Where problems are told.
    pub problems: Place,
    /// Where unreadable records are noted.
    pub quarantine: Place,
    /// Where bindings are.
    pub identity: Place,
}

/// What a relay is made of.
#[derive(Clone)]
pub struct RelayParts {
    /// The journal, which tells what was decided.
    pub log: Arc<dyn ReadLog>,
    /// Where commands come from.
    pub inbox: Arc<dyn Inbox>,
    /// Where they go.
    pub outlet: Arc<dyn Outlet>,
    /// Where bindings go: with a producer of their own, so that none waits behind the commands of a batch before it.
    pub bindings: Arc<dyn Outlet>,
    /// The name of the group that shares the inbox partitions.
    pub group: String,
    /// The inbox topics.
    pub inboxes: Vec<InboxTopic>,
    /// Where everything goes.
    pub topics: RelayTopics,
    /// How many numbered partitions the journal has.
    pub partitions: u16,
    /// Offsets of the journal that an operator declared void.
    pub accept_void: BTreeMap<PartitionId, Vec<u64>>,
    /// Outside systems.
    pub directory: WithTimeout,
    /// The keys of persons.
    pub keys: Arc<dyn Keys>,
    /// The wall clock.
    pub wall: Arc<dyn Fn() -> time::Instant + Send + Sync>,
    /// How far a drained partition's promise stays behind the clock (DESIGN §4: 60 s).
    pub margin: Duration,
    /// How often ticks are sent.
    pub tick_every: Duration,
    /// Where look-ups run.
    pub runtime: Handle,
    /// Set to end the relay.
    pub closing: Arc<AtomicBool>,
    /// How it stands, for whoever watches.
    pub status: Arc<Mutex<RelayStatus>>,
}

/// Why a relay ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// A topic cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The journal cannot be read.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// Something that was sent was not acknowledged.
    #[error("what was sent was not acknowledged: {0}")]
    Undelivered(String),
    /// The keys of persons are not those that the first intake of this log had.
    #[error(
        "this log's intakes share another key store: name it with --keys (postgres://… where there are several intakes); \
         with keys of its own this one would give the same person another key"
    )]
    OtherKeys,
    /// Intake cannot go on.
    #[error("intake stopped: {0}")]
    Stopped(String),
    /// The name of our own service is none, which it is.
    #[error(transparent)]
    Name(#[from] NotAnId),
}

/// Intake of one process among several.
pub struct Relay {
    parts: RelayParts,
    intake: Intake,
    news: Receiver<News>,
    learning: Learning,
    flight: Arc<Flight>,
    /// Ticks on their way: nothing waits for them.
    promises: Arc<Flight>,
    share: Share,
    /// Batches that are not acknowledged yet: how far each had taken the inbox partitions.
    underway: Underway<BTreeMap<Place, u64>>,
}

impl Relay {
    /// Reads what was decided and bound, and joins the group.
    ///
    /// # Errors
    /// [`RelayError`].
    pub fn start(parts: RelayParts) -> Result<Self, RelayError> {
        parts.outlet.renew();
        parts.bindings.renew();
        let flight = Arc::new(Flight::default());
        let (learning, news) = Learning::start(&parts)?;
        let bindings = TopicBindings::open(
            Arc::clone(&parts.inbox),
            Arc::clone(&parts.bindings),
            parts.topics.identity.clone(),
            &parts.keys.secret().fingerprint(),
        )?;
        let feed = CommandsFeed {
            outlet: Arc::clone(&parts.outlet),
            commands: Arc::clone(&parts.topics.commands),
            program_commands: Arc::clone(&parts.topics.program_commands),
            partitions: parts.partitions,
            flight: Arc::clone(&flight),
            barrier: learning.barrier(),
        };
        let wall = Arc::clone(&parts.wall);
        let mut intake = Intake::new(Parts {
            directory: persistent(parts.directory.clone(), DIRECTORY),
            keys: Arc::clone(&parts.keys),
            feed: Arc::new(feed),
            bindings: Box::new(bindings),
            remembered: Remembered::default(),
            program: ProgramPosition { sequence: 0, head: None },
            simulated: false,
            wall: Box::new(move || wall()),
        })?;
        // Everything decided and bound before is known before anything is taken.
        let mut past = true;
        while past {
            let first =
                news.recv().map_err(|_| RelayError::Stopped(learning.failed().unwrap_or_default()))?;
            past = learn(&mut intake, std::iter::once(first).chain(news.try_iter()))?;
        }
        let share = Share::join(&parts)?;
        let underway = Underway::new(&flight, BATCHES_UNDERWAY);
        let promises = Arc::default();
        Ok(Self { parts, intake, news, learning, flight, promises, share, underway })
    }

    /// Relays until it is told to end.
    ///
    /// # Errors
    /// [`RelayError`] when it has to begin anew.
    pub fn run(mut self) -> Result<(), RelayError> {
        let mut ticked = Instant::now();
        while !self.parts.closing.load(Ordering::Acquire) {
            self.share.follow_changes(&self.parts)?;
            self.learn()?;
            self.take_batch()?;
            self.land()?;
            if ticked.elapsed() >= self.parts.tick_every {
                ticked = Instant::now();
                self.settle()?;
                self.share.commit();
                // What follows stands behind them, acknowledged or not.
                ticks::send(&self.parts, &mut self.share, &self.promises)?;
            }
            self.promises.landed().map_err(RelayError::Undelivered)?;
            self.tell_status();
        }
        self.settle()?;
        self.promises.settle(DELIVERY).map_err(RelayError::Undelivered)?;
        self.share.commit();
        Ok(())
    }

    /// Folds what was decided meanwhile, and stamps the newest program on what follows.
    fn learn(&mut self) -> Result<(), RelayError> {
        learn(&mut self.intake, self.news.try_iter())?;
        match self.learning.failed() {
            Some(why) => Err(RelayError::Stopped(why)),
            None => Ok(()),
        }
    }

    /// Takes what is there, and sends it on its way.
    fn take_batch(&mut self) -> Result<(), RelayError> {
        let batch = self.share.next_batch(RECORDS_AT_ONCE, PAUSE)?;
        if batch.is_empty() {
            return Ok(());
        }
        for (topic, records) in batch {
            self.take(&topic, &records)?;
        }
        self.underway.end_leg(self.share.taken());
        Ok(())
    }

    /// Takes the records of one inbox topic, those of each partition in order.
    fn take(&mut self, topic: &Arc<str>, records: &[Received]) -> Result<(), RelayError> {
        let inbox = self.parts.inboxes.iter().find(|it| it.topic == *topic).cloned();
        let nobody = Sources::default();
        let door = match inbox.as_ref().map(|it| it.sources.as_ref()) {
            Some(Some(sources)) => Door::Topic(sources),
            Some(None) => Door::Effects,
            None => Door::Topic(&nobody),
        };
        let recorded = inbox.as_ref().is_some_and(|it| it.recorded);
        let mode = if recorded { Mode::AsRecorded } else { Mode::Live };
        let (mut readable, mut inputs) =
            (Vec::with_capacity(records.len()), Vec::with_capacity(records.len()));
        for received in records {
            match input(received) {
                Ok(input) => {
                    readable.push(received);
                    inputs.push(input);
                }
                Err(problem) => self.problem(received, None, &problem)?,
            }
        }
        let runtime = self.parts.runtime.clone();
        let mut times = FileTimes::default();
        let pending = runtime.block_on(self.intake.take(&inputs, mode, door, &mut times));
        for (received, it) in readable.into_iter().zip(pending) {
            // What was sent on is answered by the outcomes topic.
            let Some(Answer::Problem(line)) = it.at_once() else { continue };
            if line.reason.code == ProblemCode::LogUnavailable {
                // What was not acknowledged says more than that there is no answer.
                self.flight.landed().map_err(RelayError::Undelivered)?;
                return Err(RelayError::Stopped(line.reason.message));
            }
            self.problem(received, line.command_id, &line.reason)?;
        }
        Ok(())
    }

    /// Notes which batches are acknowledged; waits for the oldest only when too many are not.
    fn land(&mut self) -> Result<(), RelayError> {
        let landed = self.underway.landed(DELIVERY).map_err(RelayError::Undelivered)?;
        landed.iter().for_each(|taken| self.share.forwarded(taken));
        Ok(())
    }

    /// Tells a problem; what could not be read is noted in the quarantine too.
    fn problem(
        &mut self,
        received: &Received,
        command: Option<CommandId>,
        problem: &Problem,
    ) -> Result<(), RelayError> {
        let told = records::problem(&self.parts.topics.problems, received, command, problem);
        let noted = records::quarantine(&self.parts.topics.quarantine, received, problem);
        for outgoing in [told, noted].into_iter().flatten() {
            let outgoing = outgoing.map_err(|error| RelayError::Stopped(error.to_string()))?;
            self.send(outgoing);
        }
        let mut status = self.parts.status.lock().unwrap_or_else(PoisonError::into_inner);
        *status.problems.entry(problem.code.as_str()).or_default() += 1;
        Ok(())
    }

    fn send(&self, outgoing: Outgoing) {
        self.parts.outlet.send(outgoing, self.flight.begin());
    }

    /// Waits until every command sent is acknowledged.
    fn settle(&mut self) -> Result<(), RelayError> {
        self.flight.settle(DELIVERY).map_err(RelayError::Undelivered)?;
        self.land()
    }

    fn tell_status(&self) {
        let mut status = self.parts.status.lock().unwrap_or_else(PoisonError::into_inner);
        self.share.tell(&mut status);
    }
}

/// Yields whether there is more of the past to be learnt. Most of what is decided was routed here, and is known.
fn learn(intake: &mut Intake, news: impl Iterator<Item = News>) -> Result<bool, RelayError> {
    let mut past = true;
    let mut decisions = Vec::new();
    for it in news {
        match it {
            News::Decided { asked, stored, program } => {
                if !intake.knows(&asked)
                    && let Ok(line) = Line::parse(&stored.line)
                {
                    match Decision::decode(line.body) {
                        Ok(decision) => decisions.push((stored.partition, decision)),
                        Err(error) => unknown(&stored, &error),
                    }
                }
                program.into_iter().for_each(|it| intake.stamp(it));
            }
            News::CaughtUp => past = false,
        }
    }
    let decisions = decisions.iter().map(|(partition, decision)| (*partition, decision));
    intake.learn(decisions).map_err(RelayError::Stopped)?;
    Ok(past)
}

/// What can become a command of a record.
fn input(received: &Received) -> Result<Input<'_>, Problem> {
    let Some(value) = received.value.as_deref().filter(|it| !it.is_empty()) else {
        let message = "the record has no value: a command is never deleted, and an empty one is none";
        return Err(Problem::new(ProblemCode::NotJson, message));
    };
    let headers = received.headers.iter().map(|(name, value)| (name.as_str(), &**value));
    let correlation =
        Correlation::of(headers).map_err(|error| Problem::malformed("headers", error.to_string()))?;
    Ok(Input {
        number: received.offset,
        bytes: Cow::Borrowed(value),
        stamped_at: Some(time::Instant::from_ms(received.stamped_at_ms)),
        correlation,
    })
}
