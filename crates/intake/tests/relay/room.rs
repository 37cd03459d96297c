//! A broker with an intake, an engine and a publisher on it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use claim_domain::decide::decide;
use claim_domain::time;
use claim_engine::{Instance, InstanceParts};
use claim_intake::Sources;
use claim_intake::directory::FileDirectory;
use claim_intake::keys::{Keys, SqliteKeys};
use claim_intake::ports::{PATIENCE as LOOK_UPS, WithTimeout};
use claim_intake::relay::{InboxTopic, Relay, RelayParts, RelayStatus, RelayTopics};
use claim_journal::Settings;
use claim_log::{Headers, Place, Received};
use claim_publisher::{PublisherParts, PublisherStatus, publish};
use claim_testkit::broker::MemoryBroker;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// How many numbered partitions the journal has.
pub(crate) const PARTITIONS: u16 = 2;
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything between an inbox and the outcomes.
pub(crate) struct Room {
    pub(crate) broker: MemoryBroker,
    folder: TempDir,
    directory: String,
    runtime: Runtime,
}

/// A role at work, until it is dropped.
pub(crate) struct Working {
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    pub(crate) status: Arc<Mutex<RelayStatus>>,
}

impl Drop for Working {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Waits until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come about");
        thread::sleep(Duration::from_millis(2));
    }
}

impl Room {
    pub(crate) fn new(directory: &str) -> Self {
        let p = u32::from(PARTITIONS);
        let topics = [
            ("inbox.portal", 1),
            ("inbox.crm", 2),
            ("commands", p),
            ("program.commands", 1),
            ("identity", 1),
            ("events", p + 1),
            ("outcomes", p + 2),
            ("quarantine", 1),
        ];
        Self {
            broker: MemoryBroker::new(PARTITIONS, &topics),
            folder: tempfile::tempdir().unwrap(),
            directory: directory.to_owned(),
            runtime: Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap(),
        }
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys.sqlite")
    }

    /// What an intake says that has another key store.
    pub(crate) fn try_intake_with_other_keys(&self) -> String {
        let other = tempfile::tempdir().unwrap();
        let keys = Arc::new(SqliteKeys::open(&other.path().join("keys.sqlite")).unwrap());
        let parts = RelayParts { keys, ..self.relay_parts(false, &Arc::default()) };
        Relay::start(parts).err().unwrap().to_string()
    }

    /// What tells the key store here from others.
    pub(crate) fn fingerprint(&self) -> String {
        SqliteKeys::open(&self.keys()).unwrap().secret().fingerprint()
    }

    fn relay_parts(&self, recorded: bool, closing: &Arc<AtomicBool>) -> RelayParts {
        let inbox = |topic: &str, sources: &str| InboxTopic {
            topic: topic.into(),
            sources: Some(sources.parse::<Sources>().unwrap()),
            recorded,
        };
        let directory = FileDirectory::parse(self.directory.as_bytes()).unwrap();
        let keys: Arc<dyn Keys> = Arc::new(SqliteKeys::open(&self.keys()).unwrap());
        let clock = self.broker.clone();
        RelayParts {
            log: Arc::new(self.broker.clone()),
            inbox: Arc::new(self.broker.clone()),
            outlet: Arc::new(self.broker.clone()),
            bindings: Arc::new(self.broker.clone()),
            group: "intake".into(),
            inboxes: vec![inbox("inbox.portal", "*"), inbox("inbox.crm", "partner:*")],
            topics: RelayTopics {
                commands: "commands".into(),
                program_commands: "program.commands".into(),
                problems: Place::new("outcomes", u32::from(PARTITIONS) + 1),
                quarantine: Place::new("quarantine", 0),
                identity: Place::new("identity", 0),
            },
            partitions: PARTITIONS,
            accept_void: BTreeMap::new(),
            directory: WithTimeout::new(Arc::new(directory), LOOK_UPS),
            keys,
            wall: Arc::new(move || time::Instant::from_ms(clock.time_ms())),
            margin: Duration::from_secs(60),
            tick_every: Duration::from_millis(20),
            runtime: self.runtime.handle().clone(),
            closing: Arc::clone(closing),
            status: Arc::default(),
        }
    }

    /// Intake, which begins anew whenever it has to.
    pub(crate) fn intake(&self, recorded: bool) -> Working {
        let closing = Arc::new(AtomicBool::new(false));
        let parts = self.relay_parts(recorded, &closing);
        let status = Arc::clone(&parts.status);
        let end = Arc::clone(&closing);
        let thread = thread::spawn(move || {
            while !end.load(Ordering::Acquire) {
                if Relay::start(parts.clone()).and_then(Relay::run).is_err() {
                    parts.status.lock().unwrap().restarts += 1;
                    thread::sleep(Duration::from_millis(10));
                }
            }
        });
        Working { closing, thread: Some(thread), status }
    }

    pub(crate) fn engine(&self) -> Instance {
        Instance::start(&InstanceParts {
            log: Arc::new(self.broker.clone()),
            inbox: Arc::new(self.broker.clone()),
            group: "engine".into(),
            commands: "commands".into(),
            program_commands: "program.commands".into(),
            settings: Settings { slots: 4096, partitions: PARTITIONS, simulated: false },
            release: "test".into(),
            accept_void: BTreeMap::new(),
            decide,
        })
        .unwrap()
    }

    pub(crate) fn publisher(&self) -> Working {
        let closing = Arc::new(AtomicBool::new(false));
        let parts = PublisherParts {
            log: Arc::new(self.broker.clone()),
            inbox: Arc::new(self.broker.clone()),
            outlet: Arc::new(self.broker.clone()),
            group: "publisher".into(),
            journal: "journal".into(),
            program: "program".into(),
            events: "events".into(),
            outcomes: "outcomes".into(),
            partitions: PARTITIONS,
            accept_void: BTreeMap::new(),
            closing: Arc::clone(&closing),
            status: Arc::new(Mutex::new(PublisherStatus::default())),
        };
        let thread = thread::spawn(move || publish(&parts).unwrap());
        Working { closing, thread: Some(thread), status: Arc::default() }
    }

    /// Sends a record to an inbox partition.
    pub(crate) fn send(&self, topic: &str, partition: u32, headers: Headers, value: Option<&[u8]>) -> u64 {
        self.broker.publish(&Place::new(topic, partition), None, headers, value.map(<[u8]>::to_vec))
    }

    /// Every outcome told, of commands and of what never became one.
    pub(crate) fn outcomes(&self) -> Vec<(Received, Value)> {
        let places = (0..u32::from(PARTITIONS) + 2).map(|it| Place::new("outcomes", it));
        let all = places.flat_map(|it| self.broker.read_all(&it));
        all.map(|it| {
            let value = serde_json::from_slice(it.value.as_deref().unwrap()).unwrap();
            (it, value)
        })
        .collect()
    }

    /// What stands in a topic of one partition.
    pub(crate) fn values(&self, topic: &str, partition: u32) -> Vec<Value> {
        let all = self.broker.read_all(&Place::new(topic, partition));
        all.iter().map(|it| serde_json::from_slice(it.value.as_deref().unwrap()).unwrap()).collect()
    }
}
