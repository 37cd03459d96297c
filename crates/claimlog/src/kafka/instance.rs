//! One instance among several: its roles, how they start, and how they end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use claim_domain::decide::decide;
use claim_engine::{Instance, InstanceParts};
use claim_intake::keys::Keys;
use claim_intake::relay::{Relay, RelayError, RelayParts, RelayTopics};
use claim_log::{Log, Place, ReadLog};
use claim_log_kafka::KafkaLog;
use claim_projector::Views;
use claim_publisher::{PublisherParts, publish};
use claim_server::{Door, Health, Meters, Parts};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::cli::Global;
use crate::kafka::Cluster;
use crate::kafka::answers::Answers;
use crate::kafka::door::KafkaDoor;
use crate::kafka::gauges::Standing;
use crate::kafka::problems::Problems;
use crate::kafka_options::KafkaOptions;
use crate::node::{RELEASE, directory, wall};
use crate::serve::{ALIVE_WITHIN, Closed, Order, Projecting, Role, Signals, Stop, Why, until_stopped};

/// How often every inbox partition is promised something.
const TICK: Duration = Duration::from_millis(500);
/// How long intake waits before it begins anew.
const AGAIN: Duration = Duration::from_millis(300);
/// How often the roles are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What runs, in the order in which it ends.
struct Running {
    stop: Stop,
    closing: Arc<AtomicBool>,
    threads: Vec<(&'static str, JoinHandle<()>)>,
    last: Arc<AtomicBool>,
    projector: Option<JoinHandle<()>>,
    standing: Standing,
}

/// Serves on Kafka until a signal comes or something fails for good.
///
/// # Errors
/// When the topics are not as they must be, no broker answers, or the reason why it could not go on.
pub(crate) fn serve(runtime: &Runtime, order: Order<'_>, options: &KafkaOptions) -> Result<()> {
    let _within = runtime.enter();
    let mut signals = Signals::listen()?;
    let cluster = Cluster::of(options)?;
    cluster.require()?;
    let (stop, health, meters) = (Stop::new(), Health::default(), Meters::default());
    let data = order.global.data();
    std::fs::create_dir_all(data).with_context(|| format!("making {}", data.display()))?;
    let keys = order.global.keys()?.open().context("opening the keys of persons")?;
    let log = KafkaLog::open(&cluster.connection).context("opening the journal")?;
    let mut running = Running {
        stop: stop.clone(),
        closing: Arc::default(),
        threads: Vec::new(),
        last: Arc::default(),
        projector: None,
        standing: Standing::default(),
    };
    if order.roles.has(Role::Engine) {
        if order.effects {
            tracing::warn!("effects stay due: on Kafka this release performs none");
        }
        running.engine(&cluster, options, &log)?;
    }
    if order.roles.has(Role::Intake) {
        running.intake(runtime, &cluster, options, &log, &keys, order.global)?;
    }
    if order.roles.has(Role::Publisher) {
        running.publisher(&cluster, options, &log)?;
    }
    if order.roles.has(Role::Projector) {
        running.projector(order.global, options, &log, &health, &meters)?;
    }
    let door = running.door(&order, &cluster, options, &log, &keys)?;
    let standing = running.standing.clone();
    meters.also(Arc::new(move || standing.exposition()));
    running.watch(&health)?;
    let parts = Parts {
        door,
        log: log.clone(),
        views: {
            let place = order.global.views()?;
            Arc::new(move || Views::open_read_only(place.clone()))
        },
        keys,
        now: Arc::new(wall),
        health: health.clone(),
        meters,
    };
    runtime.block_on(until_stopped(order.listener, parts, &mut signals, &stop, &health));
    running.end();
    match stop.why() {
        Some(Why::Failed(why)) => bail!("{why}"),
        Some(Why::Asked) | None => Ok(()),
    }
}

impl Running {
    fn engine(&mut self, cluster: &Cluster, options: &KafkaOptions, log: &Arc<KafkaLog>) -> Result<()> {
        let log: Arc<dyn Log> = log.clone();
        let instance = Instance::start(&InstanceParts {
            log,
            inbox: cluster.client()?,
            group: cluster.group("engine"),
            commands: cluster.topics.commands().into(),
            program_commands: cluster.topics.program_commands().into(),
            settings: cluster.journal_settings()?,
            release: RELEASE.to_owned(),
            accept_void: options.accepted(),
            decide,
        })?;
        self.standing.engine = Some(Arc::new(instance));
        Ok(())
    }

    fn intake(
        &mut self,
        runtime: &Runtime,
        cluster: &Cluster,
        options: &KafkaOptions,
        log: &Arc<KafkaLog>,
        keys: &Arc<dyn Keys>,
        global: &Global,
    ) -> Result<()> {
        let client = cluster.client()?;
        let p = u32::from(cluster.partitions);
        let parts = RelayParts {
            log: log.clone(),
            inbox: client.clone(),
            outlet: client,
            group: cluster.group("intake"),
            inboxes: cluster.inboxes.clone(),
            topics: RelayTopics {
                commands: cluster.topics.commands().into(),
                program_commands: cluster.topics.program_commands().into(),
                problems: Place::new(cluster.topics.outcomes(), p + 1),
                quarantine: Place::new(cluster.topics.quarantine(), 0),
                identity: Place::new(cluster.topics.identity(), 0),
            },
            partitions: cluster.partitions,
            accept_void: options.accepted(),
            directory: directory(global)?,
            keys: Arc::clone(keys),
            wall: Arc::new(wall),
            margin: Duration::from_secs(options.clock_margin),
            tick_every: TICK,
            runtime: runtime.handle().clone(),
            closing: Arc::clone(&self.closing),
            status: Arc::default(),
        };
        self.standing.intake = Some(Arc::clone(&parts.status));
        let stop = self.stop.clone();
        self.spawn("intake", move || relay(&parts, &stop))
    }

    fn publisher(&mut self, cluster: &Cluster, options: &KafkaOptions, log: &Arc<KafkaLog>) -> Result<()> {
        let client = cluster.client()?;
        let parts = PublisherParts {
            log: log.clone(),
            inbox: client.clone(),
            outlet: client,
            group: cluster.group("publisher"),
            journal: cluster.topics.journal().into(),
            program: cluster.topics.program().into(),
            events: cluster.topics.events().into(),
            outcomes: cluster.topics.outcomes().into(),
            partitions: cluster.partitions,
            accept_void: options.accepted(),
            closing: Arc::clone(&self.closing),
            status: Arc::default(),
        };
        self.standing.publisher = Some(Arc::clone(&parts.status));
        let stop = self.stop.clone();
        self.spawn("publisher", move || {
            if let Err(error) = publish(&parts) {
                stop.fail(format!("the publisher stopped: {error}"));
            }
        })
    }

    fn projector(
        &mut self,
        global: &Global,
        options: &KafkaOptions,
        log: &Arc<KafkaLog>,
        health: &Health,
        meters: &Meters,
    ) -> Result<()> {
        let (tell, _) = watch::channel(None);
        let log: Arc<dyn ReadLog> = log.clone();
        let projecting = Projecting {
            global: global.clone(),
            log,
            offsets: claim_journal::Offsets::Count,
            accept_void: options.accepted(),
            end: Box::new(|| None),
            pulse: health.part("projector", ALIVE_WITHIN),
            meters: meters.clone(),
            folded: tell,
            last: Arc::clone(&self.last),
        };
        let thread = thread::Builder::new().name("projector".into()).spawn(move || projecting.run());
        self.projector = Some(thread.context("starting the thread of the projector")?);
        Ok(())
    }

    /// The way in by HTTP: through the inbox.
    fn door(
        &mut self,
        order: &Order<'_>,
        cluster: &Cluster,
        options: &KafkaOptions,
        log: &Arc<KafkaLog>,
        keys: &Arc<dyn Keys>,
    ) -> Result<Arc<dyn Door>> {
        if !order.roles.has(Role::Api) {
            return Ok(Arc::new(Closed));
        }
        let client = cluster.client()?;
        let (answers, problems) = (Answers::default(), Problems::default());
        let door = KafkaDoor {
            outlet: client.clone(),
            inbox: Place::new(cluster.api_inbox(), 0),
            log: log.clone(),
            keys: Arc::clone(keys),
            answers: answers.clone(),
            problems: problems.clone(),
        };
        let (stop, log) = (self.stop.clone(), log.clone());
        let (partitions, accepted) = (cluster.partitions, options.accepted());
        self.spawn("answers", move || {
            if let Err(error) = answers.follow(&*log, partitions, &accepted, &stop) {
                stop.fail(format!("the journal cannot be read: {error}"));
            }
        })?;
        let place = Place::new(cluster.topics.outcomes(), u32::from(cluster.partitions) + 1);
        let stop = self.stop.clone();
        self.spawn("problems", move || problems.follow(&*client, &place, &stop))?;
        Ok(Arc::new(door))
    }

    /// Says every while how the roles are.
    fn watch(&mut self, health: &Health) -> Result<()> {
        let (standing, stop) = (self.standing.clone(), self.stop.clone());
        let pulse = health.part("roles", ALIVE_WITHIN);
        self.spawn("watch", move || {
            while stop.why().is_none() {
                match standing.reasons().first() {
                    None => pulse.beat(),
                    Some(why) => pulse.fail(why.clone()),
                }
                thread::sleep(LOOK);
            }
        })
    }

    fn spawn(&mut self, name: &'static str, run: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = thread::Builder::new().name(name.into()).spawn(run);
        self.threads.push((name, thread.with_context(|| format!("starting the thread of {name}"))?));
        Ok(())
    }

    /// Ends every role: intake first, so that nothing new is asked; then the engine hands over what it leads.
    fn end(mut self) {
        if self.stop.why().is_none() {
            self.stop.ask();
        }
        self.closing.store(true, Ordering::Release);
        for (name, thread) in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!(thread = name, "it panicked");
            }
        }
        if let Some(engine) = self.standing.engine.take() {
            // The gauges are gone with their threads, so this is the last handle.
            drop(engine);
        }
        self.last.store(true, Ordering::Release);
        if let Some(projector) = self.projector.take() {
            drop(projector.join());
        }
    }
}

/// Takes from the inboxes, beginning anew whenever something was not acknowledged.
fn relay(parts: &RelayParts, stop: &Stop) {
    while !parts.closing.load(Ordering::Acquire) {
        if let Err(error) = Relay::start(parts.clone()).and_then(Relay::run) {
            if let RelayError::OtherKeys = error {
                return stop.fail(error.to_string());
            }
            tracing::warn!(error = %error, "intake begins anew from what is acknowledged");
            parts.status.lock().unwrap_or_else(PoisonError::into_inner).restarts += 1;
            thread::sleep(AGAIN);
        }
    }
}
