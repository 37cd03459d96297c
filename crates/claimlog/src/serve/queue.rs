//! The one queue in front of intake: first in, first out, bounded, emptied in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use claim_domain::time::Instant;
use claim_engine::Engine;
use claim_intake::problem::{Problem, ProblemCode};
use claim_intake::{Answer, Door, FileTimes, Input, Intake, Mode, Pending, ProblemLine, ProblemWord};
use claim_journal::Correlation;
use claim_server::{Answered, Bytes, Pulse, Until};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::serve::stop::Stop;

/// How many commands may wait to be taken.
const PLACES: usize = 4096;
/// How many are looked up together.
const AT_ONCE: usize = 256;
/// How long to wait for a place.
const PLACE_WITHIN: Duration = Duration::from_secs(5);
/// How often deadlines are let fire when nobody asks.
const TICK: Duration = Duration::from_millis(250);

/// A command that waits to be taken.
struct Waiting {
    input: Input<'static>,
    door: Door<'static>,
    tell: oneshot::Sender<Pending>,
}

/// Where commands are put.
#[derive(Clone)]
pub(crate) struct Queue(mpsc::Sender<Waiting>);

/// Where they are taken from.
pub(crate) struct Taken(mpsc::Receiver<Waiting>);

/// A new queue.
pub(crate) fn queue() -> (Queue, Taken) {
    let (put, take) = mpsc::channel(PLACES);
    (Queue(put), Taken(take))
}

impl Queue {
    /// Asks commands in this order, without others between them; yields one answer each.
    pub(crate) async fn ask(
        &self,
        commands: Vec<Vec<u8>>,
        trace: &Correlation,
        door: Door<'static>,
    ) -> Vec<Answer> {
        let places = timeout(PLACE_WITHIN, self.0.reserve_many(commands.len())).await;
        let Ok(Ok(places)) = places else {
            return (1..).zip(commands).map(|(number, _)| unavailable(number)).collect();
        };
        let mut told = Vec::with_capacity(commands.len());
        for ((place, bytes), number) in places.zip(commands).zip(1..) {
            let (tell, pending) = oneshot::channel();
            let input = Input { correlation: trace.clone(), ..Input::line(number, bytes) };
            place.send(Waiting { input, door, tell });
            told.push((number, pending));
        }
        let mut answers = Vec::with_capacity(told.len());
        for (number, pending) in told {
            answers.push(match pending.await {
                Ok(pending) => pending.answer().await,
                Err(_) => unavailable(number),
            });
        }
        answers
    }
}

#[async_trait]
impl claim_server::Door for Queue {
    /// On the embedded log a command is durable when it is decided.
    async fn ask(&self, commands: Vec<Bytes>, trace: &Correlation, _: Until) -> Vec<Answered> {
        let commands = commands.into_iter().map(|it| it.to_vec()).collect();
        let answers = Self::ask(self, commands, trace, Door::Outside).await;
        let answers = answers.into_iter().map(|it| match it {
            Answer::Told(told) => Answered::Told(told),
            Answer::Problem(problem) => Answered::Problem(problem),
        });
        answers.collect()
    }
}

/// A process that takes no commands.
pub(crate) struct Closed;

#[async_trait]
impl claim_server::Door for Closed {
    async fn ask(&self, commands: Vec<Bytes>, _: &Correlation, _: Until) -> Vec<Answered> {
        let message = "this process takes no commands: it has not the role intake; ask the one that has";
        let reason = Problem::new(ProblemCode::LogUnavailable, message);
        let problem = |input| ProblemLine {
            input,
            inbox: None,
            command_id: None,
            outcome: ProblemWord::Problem,
            reason: reason.clone(),
        };
        (1..).zip(commands).map(|(input, _)| Answered::Problem(problem(input))).collect()
    }
}

fn unavailable(input: u64) -> Answer {
    let message = "too much is waiting, or the process is stopping; ask again with the same id";
    let reason = Problem::new(ProblemCode::LogUnavailable, message);
    Answer::Problem(ProblemLine {
        input,
        inbox: None,
        command_id: None,
        outcome: ProblemWord::Problem,
        reason,
    })
}

/// Intake's clock, for readers: on a simulated log it is the newest time given.
pub(crate) type Clock = Arc<AtomicI64>;

/// What takes from the queue.
pub(crate) struct Taking {
    pub(crate) intake: Intake,
    pub(crate) engine: Arc<Engine>,
    pub(crate) clock: Clock,
    pub(crate) pulse: Pulse,
    pub(crate) stop: Stop,
    /// Told when nothing more is to be taken.
    pub(crate) close: Arc<Notify>,
}

impl Taking {
    /// Takes until it is told to take nothing more; what waits then is still taken, and intake handed back. Stops the process
    /// when nothing can be decided any more.
    pub(crate) async fn run(mut self, mut waiting: Taken) -> Intake {
        let _alarm = Alarm(self.stop.clone());
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(AT_ONCE);
        loop {
            tokio::select! {
                taken = waiting.0.recv_many(&mut batch, AT_ONCE) => {
                    if taken == 0 {
                        return self.intake;
                    }
                    self.take(&mut batch).await;
                }
                () = self.close.notified() => waiting.0.close(),
                _ = tick.tick() => self.intake.tick(Mode::Live),
            }
            self.clock.store(self.intake.now().as_ms(), Ordering::Release);
            self.look_after();
        }
    }

    /// Takes a batch in its order, what came by one door together.
    async fn take(&mut self, batch: &mut Vec<Waiting>) {
        let mut rest = batch.drain(..).peekable();
        while let Some(first) = rest.next() {
            let door = first.door;
            let (mut inputs, mut tells) = (vec![first.input], vec![first.tell]);
            while let Some(next) = rest.next_if(|it| it.door == door) {
                inputs.push(next.input);
                tells.push(next.tell);
            }
            let taken = self.intake.take(&inputs, Mode::Live, door, &mut FileTimes::default()).await;
            for (tell, pending) in tells.into_iter().zip(taken) {
                // Whoever hung up can ask for the outcome by its id (F-61).
                drop(tell.send(pending));
            }
        }
    }

    fn look_after(&self) {
        let engine = self.engine.failure().map(|it| format!("the engine stopped: {it}"));
        match engine.or_else(|| self.intake.stopped().map(|it| format!("intake stopped: {it}"))) {
            None => self.pulse.beat(),
            Some(why) => {
                self.pulse.fail(&why);
                self.stop.fail(why);
            }
        }
    }
}

/// Stops the process when the thread that has it panics: nobody would take any more.
struct Alarm(Stop);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("intake panicked".to_owned());
        }
    }
}

/// The time that this clock shows.
pub(crate) fn shown(clock: &Clock) -> Instant {
    Instant::from_ms(clock.load(Ordering::Acquire))
}
