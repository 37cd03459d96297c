//! One instance among several: its roles, how they start, and how they end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use claim_engine::Instance;
use claim_intake::are_shared;
use claim_intake::keys::Keys;
use claim_intake::relay::{Relay, RelayError, RelayParts};
use claim_journal::PartitionId;
use claim_log::{Place, ReadLog};
use claim_log_kafka::KafkaLog;
use claim_projector::{Location, Views};
use claim_publisher::{PublisherParts, publish};
use claim_server::{Door, Health, Meters, Parts, probes};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::cli::Global;
use crate::kafka::Cluster;
use crate::kafka::answers::Answers;
use crate::kafka::door::KafkaDoor;
use crate::kafka::effects::Performing;
use crate::kafka::gauges::Standing;
use crate::kafka::problems::Problems;
use crate::kafka_options::KafkaOptions;
use crate::node::{directory, wall};
use crate::serve::{ALIVE_WITHIN, Order, Projecting, Role, Signals, Stop, Why, api, until_stopped};

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
    // Only those who take commands or open boxes have a use for keys.
    let keys = match order.roles.has(Role::Intake) || order.roles.has(Role::Api) {
        true => Some(order.global.keys()?.open().context("opening the keys of persons")?),
        false => None,
    };
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
        running.engine(&cluster, &log)?;
    }
    match &keys {
        Some(keys) if order.roles.has(Role::Intake) => {
            let (directory, closing) = (directory(order.global)?, Arc::clone(&running.closing));
            let runtime = runtime.handle().clone();
            running.intake(cluster.relay_parts(&log, directory, Arc::clone(keys), runtime, closing)?)?;
        }
        Some(keys) => running.check_keys(&cluster, &**keys)?,
        None => {}
    }
    if order.roles.has(Role::Publisher) {
        let closing = Arc::clone(&running.closing);
        running.publisher(cluster.publisher_parts(&log, closing)?)?;
    }
    if order.roles.has(Role::Projector) {
        running.projector(order.global, &cluster, &log, &health, &meters)?;
    }
    if order.effects {
        running.effects(&order, &cluster, runtime, &meters)?;
    }
    let router = match keys.filter(|_| order.roles.has(Role::Api)) {
        None => probes(health.clone(), meters.clone()),
        Some(keys) => api(Parts {
            door: running.door(&cluster, &log, &keys)?,
            log: log.clone(),
            views: {
                let place = order.global.views()?;
                Arc::new(move || Views::open_read_only(place.clone()))
            },
            keys,
            now: Arc::new(wall),
            health: health.clone(),
            meters: meters.clone(),
        }),
    };
    let standing = running.standing.clone();
    meters.also(Arc::new(move || standing.exposition()));
    running.watch(&health)?;
    runtime.block_on(until_stopped(order.listener.map(|it| (it, router)), &mut signals, &stop, &health));
    running.end();
    match stop.why() {
        Some(Why::Failed(why)) => bail!("{why}"),
        Some(Why::Asked) | None => Ok(()),
    }
}

impl Running {
    fn engine(&mut self, cluster: &Cluster, log: &Arc<KafkaLog>) -> Result<()> {
        self.standing.engine = Some(Arc::new(Instance::start(&cluster.engine_parts(log)?)?));
        Ok(())
    }

    fn intake(&mut self, parts: RelayParts) -> Result<()> {
        self.standing.intake = Some(Arc::clone(&parts.status));
        let stop = self.stop.clone();
        self.spawn("intake", move || relay(&parts, &stop))
    }

    /// Without an intake, which looks itself, makes sure that the keys are those that the intakes share; where none has said
    /// yet which these are, from when one has.
    fn check_keys(&mut self, cluster: &Cluster, keys: &dyn Keys) -> Result<()> {
        let (inbox, identity) = (cluster.client()?, cluster.topics.place(PartitionId::Identity));
        let fingerprint = keys.secret().fingerprint();
        if are_shared(&*inbox, &identity, &fingerprint)? {
            return Ok(());
        }
        let stop = self.stop.clone();
        self.spawn("keys", move || {
            while stop.why().is_none() {
                match are_shared(&*inbox, &identity, &fingerprint) {
                    Ok(true) => return,
                    Ok(false) => {}
                    Err(RelayError::OtherKeys) => return stop.fail(RelayError::OtherKeys.to_string()),
                    Err(error) => tracing::warn!(%error, "it is not known yet which keys are shared"),
                }
                thread::sleep(LOOK);
            }
        })
    }

    fn publisher(&mut self, parts: PublisherParts) -> Result<()> {
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
        cluster: &Cluster,
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
            accept_void: cluster.accept_void.clone(),
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

    /// Performs effects where an engine leads, by the ledger among the views.
    fn effects(
        &mut self,
        order: &Order<'_>,
        cluster: &Cluster,
        runtime: &Runtime,
        meters: &Meters,
    ) -> Result<()> {
        let Some(engine) = &self.standing.engine else { return Ok(()) };
        if !order.roles.has(Role::Projector) && matches!(order.global.views()?, Location::File(_)) {
            tracing::warn!(
                "effects of what is led here stay due: their ledger is among the views, and nobody folds those of this data \
                 directory; add the role projector, or name views that another process folds (--views postgres://…)"
            );
            return Ok(());
        }
        let performing = Performing {
            global: order.global.clone(),
            engine: Arc::clone(engine),
            outlet: cluster.client()?,
            inbox: Place::new(cluster.effects_inbox(), 0),
            meters: meters.clone(),
            stop: self.stop.clone(),
        };
        let (stop, runtime) = (self.stop.clone(), runtime.handle().clone());
        self.spawn("effects", move || {
            if let Err(error) = runtime.block_on(performing.run()) {
                stop.fail(format!("effects cannot be performed: {error:#}"));
            }
        })
    }

    /// The way in by HTTP: through the inbox.
    fn door(
        &mut self,
        cluster: &Cluster,
        log: &Arc<KafkaLog>,
        keys: &Arc<dyn Keys>,
    ) -> Result<Arc<dyn Door>> {
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
        let (partitions, accepted) = (cluster.partitions, cluster.accept_void.clone());
        self.spawn("answers", move || {
            if let Err(error) = answers.follow(&*log, partitions, &accepted, &stop) {
                stop.fail(format!("the journal cannot be read: {error}"));
            }
        })?;
        let (place, stop) = (cluster.problems(), self.stop.clone());
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
        if let Some(engine) = &self.standing.engine {
            engine.close();
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
            let error: &dyn std::error::Error = &error; // with its causes
            tracing::warn!(error, "intake begins anew from what is acknowledged");
            parts.status.lock().unwrap_or_else(PoisonError::into_inner).restarts += 1;
            thread::sleep(AGAIN);
        }
    }
}
