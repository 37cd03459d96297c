//! One process that serves: what it is made of, how it starts, and how it ends.
//!
//! Commands go through one [`mod@queue`] into intake and the engine; the views follow on a thread of their own
//! ([`projecting`]), effects on another ([`effects`]); [`stop`] says when all of it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use claim_intake::Intake;
use claim_log::ReadLog;
use claim_log_embedded::EmbeddedReader;
use claim_projector::Views;
use claim_server::{Door, Drained, Health, Listener, Meters, Now, Parts, Router, probes, router};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};

use crate::cli::Global;
use crate::keeping::Keeping;
use crate::node::{Begin, Node, wall};
use crate::reading;
use crate::serve::effects::Performing;
use crate::serve::queue::{Clock, Queue, Taking, queue, shown};
use crate::serve::roles::Roles;
use crate::views;

mod effects;
mod projecting;
mod queue;
pub(crate) mod roles;
mod stop;

pub(crate) use {
    projecting::Projecting,
    queue::Closed,
    roles::Role,
    stop::{Signals, Stop, Why},
};

/// How long requests and threads may take to end.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait for the views before commands are taken.
const FIRST_FOLD_WITHIN: Duration = Duration::from_secs(2);
/// How long intake and the views may be silent before the process is not ready.
pub(crate) const ALIVE_WITHIN: Duration = Duration::from_secs(10);

/// What is to be served.
pub(crate) struct Order<'a> {
    pub(crate) global: &'a Global,
    pub(crate) roles: &'a Roles,
    /// Where the process listens: for the API, and without that role to say how it is.
    pub(crate) listener: Option<Listener>,
    pub(crate) effects: bool,
}

/// The half that writes.
struct Deciding {
    node: Idle,
    queue: Queue,
    close: Arc<Notify>,
    taking: JoinHandle<Intake>,
    simulated: bool,
}

/// A node whose intake is at work elsewhere.
struct Idle {
    log: Arc<claim_log_embedded::EmbeddedLog>,
    engine: Arc<claim_engine::Engine>,
    keeping: Option<Keeping>,
}

/// The half that folds.
struct Folding {
    folded: watch::Receiver<Option<claim_journal::Cursor>>,
    last: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Serves until a signal comes or something fails.
///
/// # Errors
/// When the directory cannot be opened, or the reason why it could not go on.
pub(crate) fn serve(runtime: &Runtime, order: Order<'_>) -> Result<()> {
    let Order { global, roles, listener, effects } = order;
    let _within = runtime.enter();
    let mut signals = Signals::listen()?;
    let (stop, health, meters) = (Stop::new(), Health::default(), Meters::default());
    let data = global.data();

    let clock: Clock = Arc::new(AtomicI64::new(0));
    let deciding = match roles.has(Role::Engine) {
        true => Some(Deciding::begin(runtime, global, &clock, &health, &stop)?),
        false => None,
    };
    let log: Arc<dyn ReadLog> = match &deciding {
        Some(it) => it.node.log.clone(),
        None => Arc::new(EmbeddedReader::open(data)?),
    };
    let folding = match roles.has(Role::Projector) {
        true => Some(Folding::begin(global, &log, deciding.as_ref(), &health, &meters)?),
        false => None,
    };
    let performing = match (&deciding, &folding) {
        (Some(deciding), Some(folding)) if effects && !deciding.simulated => {
            Some(perform(runtime, global, deciding, folding, &meters, &stop)?)
        }
        _ => None,
    };
    if roles.has(Role::Publisher) {
        tracing::info!("the embedded log has no topics to publish to; `claimlog events` prints events");
    }

    let router = match roles.has(Role::Api) {
        false => probes(health.clone(), meters),
        true => api(Parts {
            door: match &deciding {
                Some(it) => Arc::new(it.queue.clone()) as Arc<dyn Door>,
                None => Arc::new(Closed),
            },
            log: log.clone(),
            views: {
                let place = global.views()?;
                Arc::new(move || Views::open_read_only(place.clone()))
            },
            keys: global.keys()?.open_read_only().context("opening the keys of persons")?,
            now: now(&*log, deciding.as_ref(), clock)?,
            health: health.clone(),
            meters,
        }),
    };
    if let Some(folding) = &folding {
        runtime.block_on(folding.first());
    }
    runtime.block_on(until_stopped(listener.map(|it| (it, router)), &mut signals, &stop, &health));
    end(deciding, folding, performing)?;
    match stop.why() {
        Some(Why::Failed(why)) => bail!("{why}"),
        Some(Why::Asked) | None => Ok(()),
    }
}

/// The API, which says what it believes.
pub(crate) fn api(parts: Parts) -> Router {
    tracing::info!("there is no sign-in yet: whoever asks by HTTP is believed");
    router(parts)
}

/// Answers by HTTP until the process stops, then as long as it takes to answer what was asked, within a limit.
pub(crate) async fn until_stopped(
    served: Option<(Listener, Router)>,
    signals: &mut Signals,
    stop: &Stop,
    health: &Health,
) {
    let stopping = async {
        tokio::select! {
            () = signals.next() => stop.ask(),
            () = stop.stopped() => {}
        }
        health.stop();
        tracing::info!("stopping: what was taken is answered first");
    };
    let Some((listener, router)) = served else {
        tracing::info!(
            "nothing listens here: without the role api, --listen says where to ask how this process is"
        );
        return stopping.await;
    };
    let address = listener.address();
    tracing::info!(%address, "listening on http://{address}; only this machine can ask");
    if listener.serve(router, stopping, DRAIN_WITHIN).await == Drained::NotAll {
        tracing::warn!("some connections were still open after {} s", DRAIN_WITHIN.as_secs());
    }
}

/// Ends what is left, in the order in which things depend on each other.
fn end(
    deciding: Option<Deciding>,
    folding: Option<Folding>,
    performing: Option<JoinHandle<()>>,
) -> Result<()> {
    if let Some(thread) = performing {
        joined(thread, "effects")?;
    }
    let Some(Deciding { node: Idle { log, engine, keeping }, close, taking, simulated, .. }) = deciding
    else {
        return folding.map_or(Ok(()), Folding::end);
    };
    // Whoever asks from now on is told to ask again: intake takes what waits, and ends.
    close.notify_one();
    let intake = joined(taking, "intake")?;
    engine.settle();
    let folded = folding.map_or(Ok(()), Folding::end);
    Node { log, engine, intake, simulated, keeping }.close()?;
    folded
}

fn joined<T>(thread: JoinHandle<T>, name: &str) -> Result<T> {
    thread.join().map_err(|_| anyhow::anyhow!("the thread of {name} panicked"))
}

impl Deciding {
    fn begin(
        runtime: &Runtime,
        global: &Global,
        clock: &Clock,
        health: &Health,
        stop: &Stop,
    ) -> Result<Self> {
        let pulse = health.part("engine", ALIVE_WITHIN);
        let node = Node::open(global, Begin::Real, views::before_deciding(global)?)?;
        let Node { log, engine, mut intake, simulated, keeping } = node;
        clock.store(intake.now().as_ms(), Ordering::Release);
        let (queue, taken) = queue();
        let close = Arc::new(Notify::new());
        let taking = Taking {
            intake,
            engine: engine.clone(),
            clock: clock.clone(),
            pulse,
            stop: stop.clone(),
            close: close.clone(),
        };
        let handle = runtime.handle().clone();
        let taking = thread::Builder::new()
            .name("intake".into())
            .spawn(move || handle.block_on(taking.run(taken)))
            .context("starting the thread of intake")?;
        Ok(Self { node: Idle { log, engine, keeping }, queue, close, taking, simulated })
    }
}

impl Folding {
    fn begin(
        global: &Global,
        log: &Arc<dyn ReadLog>,
        deciding: Option<&Deciding>,
        health: &Health,
        meters: &Meters,
    ) -> Result<Self> {
        let (tell, folded) = watch::channel(None);
        let last = Arc::new(AtomicBool::new(false));
        let writer = deciding.map(|it| it.node.log.clone());
        let projecting = Projecting {
            global: global.clone(),
            log: log.clone(),
            offsets: claim_journal::Offsets::Positions,
            accept_void: claim_projector::AcceptVoid::new(),
            end: Box::new(move || writer.as_ref().map(|it| it.end())),
            pulse: health.part("projector", ALIVE_WITHIN),
            meters: meters.clone(),
            folded: tell,
            last: last.clone(),
        };
        let thread = thread::Builder::new()
            .name("projector".into())
            .spawn(move || projecting.run())
            .context("starting the thread of the projector")?;
        Ok(Self { folded, last, thread })
    }

    /// Waits a moment for the first fold, so that whoever asks early is not turned away. Commands do not wait for views longer
    /// than that (F-35).
    async fn first(&self) {
        let mut folded = self.folded.clone();
        if tokio::time::timeout(FIRST_FOLD_WITHIN, folded.wait_for(Option::is_some)).await.is_err() {
            tracing::warn!("the views are not folded yet; commands are taken all the same");
        }
    }

    /// Folds what was written last, and ends.
    fn end(self) -> Result<()> {
        self.last.store(true, Ordering::Release);
        joined(self.thread, "the projector")
    }
}

fn perform(
    runtime: &Runtime,
    global: &Global,
    deciding: &Deciding,
    folding: &Folding,
    meters: &Meters,
    stop: &Stop,
) -> Result<JoinHandle<()>> {
    let performing = Performing {
        global: global.clone(),
        queue: deciding.queue.clone(),
        folded: folding.folded.clone(),
        meters: meters.clone(),
        stop: stop.clone(),
    };
    let handle = runtime.handle().clone();
    let thread = thread::Builder::new().name("effects".into());
    thread.spawn(move || handle.block_on(performing.run())).context("starting the thread of effects")
}

/// The time for whoever looks at a page.
fn now(log: &dyn ReadLog, deciding: Option<&Deciding>, clock: Clock) -> Result<Now> {
    if !reading::settings(log)?.is_some_and(|it| it.simulated) {
        return Ok(Arc::new(wall));
    }
    tracing::warn!("this directory is simulated: its clock is the newest time it was given");
    if deciding.is_none() {
        clock.store(reading::newest_given(log)?.as_ms(), Ordering::Release);
    }
    Ok(Arc::new(move || shown(&clock)))
}
