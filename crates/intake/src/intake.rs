//! The flow: lines in, in order; routed commands out, in the same order; answers back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use claim_domain::asker::INTAKE;
use claim_domain::command::About;
use claim_domain::identifier::Identifier;
use claim_domain::ids::{CustomerId, NotAnId, ServiceName};
use claim_domain::time::Instant;
use claim_journal::canonical::BodyError;
use claim_journal::{
    AskedAs, Binding, Correlation, Decision, Line, PartitionId, ProgramPosition, Route, Tick,
};
use claim_log::{Feed, way};
use claim_snapshot::{Cut, Snapshot, Unreadable};
use futures_util::future::join_all;

use crate::answer::Pending;
use crate::asking::{self, Asking, Door, Seen};
use crate::bindings::Bindings;
use crate::clock::{Clock, Mode};
use crate::forward::Waiting;
use crate::index::Index;
use crate::keys::Keys;
use crate::lookup::{Looked, look_up, named_outside};
use crate::ports::WithTimeout;
use crate::problem::Problem;

/// The remembered past, on the way to the end of the log.
#[derive(Debug, Default)]
pub struct Remembered(Index);

impl Remembered {
    /// Goes on from a snapshot, whose [`Cut::end`] is where the first record to be folded stands; `durable` tells the durable
    /// end of the log whenever it is asked.
    #[must_use]
    pub fn over(
        snapshot: &Arc<Snapshot>,
        cut: &Cut,
        durable: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self(Index::over(snapshot, cut, Box::new(durable)))
    }

    /// Folds a valid binding of the identity partition.
    ///
    /// # Errors
    /// When its body is of a shape that this program does not know, so that nothing is skipped in silence; or when the
    /// snapshot cannot be read.
    pub fn bound(&mut self, line: &Line<'_>) -> Result<(), UnreadableBinding> {
        let binding = Binding::decode(line.body)?;
        Ok(self.0.identity.bind(binding.identifier()?, binding.customer)?)
    }

    /// The customer that identifiers mean, in the order in which they count.
    pub(crate) fn meant(&self, looked_at: &[&Identifier]) -> Result<Option<CustomerId>, Unreadable> {
        Ok(self.0.identity.meant(looked_at)?.map(|it| it.customer))
    }

    /// Folds a valid decision.
    ///
    /// # Errors
    /// When the snapshot cannot be read.
    pub fn decided(&mut self, partition: PartitionId, decision: &Decision) -> Result<(), Unreadable> {
        self.0.decided(partition, decision)
    }
}

/// A valid binding that cannot be folded: a newer release wrote it.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableBinding {
    /// It has another shape.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Its identifier is not one in canonical spelling.
    #[error("the binding's identifier is {0}")]
    Identifier(#[from] NotAnId),
    /// What it goes on from cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What intake is made of.
pub struct Parts {
    /// Outside systems.
    pub directory: WithTimeout,
    /// The keys of persons.
    pub keys: Arc<dyn Keys>,
    /// Where commands go.
    pub feed: Arc<dyn Feed>,
    /// Where bindings go.
    pub bindings: Box<dyn Bindings>,
    /// The past.
    pub remembered: Remembered,
    /// The position of the program at the start.
    pub program: ProgramPosition,
    /// Whether the log's clock is the newest time given.
    pub simulated: bool,
    /// The wall clock.
    pub wall: Box<dyn Fn() -> Instant + Send + Sync>,
}

/// Intake of one process: one queue, first in, first out.
pub struct Intake {
    pub(crate) directory: WithTimeout,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) feed: Arc<dyn Feed>,
    pub(crate) bindings: Box<dyn Bindings>,
    pub(crate) index: Index,
    pub(crate) clock: Clock,
    pub(crate) program: ProgramPosition,
    pub(crate) ours: ServiceName,
    /// Why nothing can be routed any more.
    pub(crate) stopped: Option<String>,
}

/// The times that one file brought so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileTimes {
    last_readable: Option<Instant>,
}

/// One line to be taken.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// Its number, from 1; in a topic its offset.
    pub number: u64,
    /// Its bytes, without the line feed.
    pub bytes: Cow<'a, [u8]>,
    /// When a topic took it in, which is when it was received (DESIGN §4); none by other doors.
    pub stamped_at: Option<Instant>,
    /// The headers it came with.
    pub correlation: Correlation,
}

impl<'a> Input<'a> {
    /// A line of a file, or of what else has neither times nor headers.
    #[must_use]
    pub fn line(number: u64, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { number, bytes: bytes.into(), stamped_at: None, correlation: Correlation::default() }
    }
}

impl Intake {
    /// An intake that goes on from what is remembered.
    ///
    /// # Errors
    /// When the name of our own service is not a service name, which it is.
    pub fn new(parts: Parts) -> Result<Self, NotAnId> {
        let index = parts.remembered.0;
        Ok(Self {
            clock: Clock::new(parts.wall, parts.simulated, index.newest, index.given),
            directory: parts.directory,
            keys: parts.keys,
            feed: parts.feed,
            bindings: parts.bindings,
            index,
            program: parts.program,
            ours: INTAKE.parse()?,
            stopped: None,
        })
    }

    /// Intake's clock now; on a simulated log the newest time given.
    pub fn now(&mut self) -> Instant {
        self.clock.now()
    }

    /// Why nothing can be routed any more; none while it can.
    #[must_use]
    pub fn stopped(&self) -> Option<String> {
        let lost = || self.bindings.lost().or(self.index.damage()).map(str::to_owned);
        self.stopped.clone().or_else(lost)
    }

    /// Lets every deadline fire that is due by now; imported history only up to the newest time given.
    pub fn tick(&mut self, mode: Mode) {
        match mode {
            Mode::Live => self.feed.tick(Tick { w: self.clock.now(), imported: false }),
            Mode::AsRecorded => {
                if let Some(given) = self.clock.given() {
                    self.feed.tick(Tick { w: given, imported: true });
                }
            }
        }
    }

    /// Takes lines in order; each gets one answer, in the same order.
    ///
    /// Look-ups of all of them run in parallel; commands are forwarded in order. A program command is a barrier: what
    /// follows it waits for its outcome (DESIGN §4).
    pub async fn take(
        &mut self,
        inputs: &[Input<'_>],
        mode: Mode,
        door: Door<'_>,
        times: &mut FileTimes,
    ) -> Vec<Pending> {
        self.index.forget(self.bindings.progress());
        let mut seen = vec![Seen::default(); inputs.len()];
        let secret = self.keys.secret();
        let asked: Vec<_> = inputs
            .iter()
            .zip(&mut seen)
            .map(|(input, seen)| asking::read(input, door, secret, seen).map(Box::new))
            .collect();
        let mut looked = self.look_up(&asked).await;

        if self.bindings.is_shared()
            && let Err(problem) = self.bind_ahead(&nominations(&asked, &looked))
        {
            let unbound = inputs.iter().zip(&seen);
            return unbound
                .map(|(input, seen)| Pending::problem(input.number, seen.command_id, problem.clone()))
                .collect();
        }
        let mut answers: Vec<Option<Pending>> = (0..inputs.len()).map(|_| None).collect();
        let mut waiting = Vec::new();
        for (index, (asking, seen)) in asked.into_iter().zip(&seen).enumerate() {
            let input = inputs[index].number;
            let before = times.last_readable;
            times.last_readable = seen.received_at.or(before);
            let admitted = match asking {
                Ok(asking) => self.admit(*asking, looked.remove(&index).transpose(), mode, before).await,
                Err(problem) => Err(problem),
            };
            match admitted {
                Err(problem) => {
                    let (correlation, code) = (&inputs[index].correlation, problem.code.as_str());
                    tracing::debug!(
                        trace_id = correlation.trace_id(),
                        parent_id = correlation.parent_id(),
                        command = seen.command_id.map(tracing::field::display),
                        input,
                        code,
                        "a problem"
                    );
                    answers[index] = Some(Pending::problem(input, seen.command_id, problem));
                }
                Ok(admitted) => {
                    way::received(&admitted.routed, input);
                    let barrier = admitted.routed.route == Route::Program;
                    waiting.push(Waiting { index, input, admitted });
                    if barrier {
                        self.forward(&mut waiting, mode, &mut answers);
                        self.wait_for_program(&mut answers[index]).await;
                    }
                }
            }
        }
        self.forward(&mut waiting, mode, &mut answers);
        answers.into_iter().flatten().collect()
    }

    /// Remembers what was bound and decided elsewhere since the last call.
    ///
    /// # Errors
    /// A sentence that says why bindings cannot be read.
    pub fn learn<'d>(
        &mut self,
        decisions: impl IntoIterator<Item = (PartitionId, &'d Decision)>,
    ) -> Result<(), String> {
        for (identifier, customer) in self.bindings.news()? {
            self.index.identity.bind(identifier, customer).map_err(|it| it.to_string())?;
        }
        let mut decisions = decisions.into_iter();
        let learnt = decisions.try_for_each(|(partition, decision)| self.index.decided(partition, decision));
        learnt.map_err(|it| it.to_string())
    }

    /// Whether a command was routed here, with this body: then its decision tells nothing new.
    #[must_use]
    pub fn knows(&self, asked: &AskedAs) -> bool {
        let known = self.index.known(&asked.source, asked.id);
        known.is_ok_and(|it| it.is_some_and(|it| it.digests.contains(&asked.digest)))
    }

    /// The newest program position known to be valid: it is stamped on what is routed from now on.
    pub fn stamp(&mut self, program: ProgramPosition) {
        if program.sequence > self.program.sequence {
            self.program = program;
        }
    }

    /// Asks the directory, all at once, about commands that are not known yet; what it said, by their place among them.
    async fn look_up(&self, asked: &[Read]) -> BTreeMap<usize, Result<Looked, Problem>> {
        let unknown = asked.iter().enumerate().filter_map(|(nth, asking)| {
            let asking = asking.as_ref().ok()?;
            let named = named_outside(&asking.command)?;
            // What cannot be known is told when it is admitted.
            let known = self.index.known(&asking.source, asking.id);
            matches!(known, Ok(None)).then_some((nth, asking, named))
        });
        let asking = unknown.map(|(nth, asking, named)| async move {
            (nth, look_up(&self.directory, named, asking.customer_email.as_ref()).await)
        });
        join_all(asking).await.into_iter().collect()
    }

    /// Waits for the outcome of a program command, and stamps its position on what follows.
    async fn wait_for_program(&mut self, answer: &mut Option<Pending>) {
        if let Some(pending) = answer.take() {
            let told = pending.settled().await;
            if let Some(program) = told.program() {
                self.program = program;
            }
            *answer = Some(told);
        }
    }
}

/// A command as far as it could be read.
type Read = Result<Box<Asking>, Problem>;

/// The identifiers that each command of a batch nominates its customer by, in the order in which they count.
fn nominations(asked: &[Read], looked: &BTreeMap<usize, Result<Looked, Problem>>) -> Vec<Vec<Identifier>> {
    let found = looked
        .iter()
        .filter_map(|(nth, looked)| Some((&**asked.get(*nth)?.as_ref().ok()?, looked.as_ref().ok()?)));
    let of = |(asking, looked): (&Asking, &Looked)| match asking.command.about() {
        About::Identifier(nominated) => {
            let found = looked.tenant.iter().chain(&looked.tpid);
            Some(std::iter::once(nominated).chain(found).cloned().collect())
        }
        About::Program | About::Claim(_) | About::Customer(_) => None,
    };
    found.filter_map(of).collect()
}
