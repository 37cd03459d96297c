//! A directory with a log, and the engine that runs on it, again and again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use claim_domain::decide::decide;
use claim_domain::ids::ClaimId;
use claim_engine::{Decide, Engine, EngineError, Replay};
use claim_journal::{Chain, Decision, JournalId, Line, PartitionId, ProgramPosition, Routed, Settings, Tick};
use claim_log::{Feed, ReadLog, Start, Told, Unavailable};
use claim_log_embedded::{EmbeddedLog, Options};
use claim_snapshot::{Keeper, Opened, Snapshot};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use crate::ask::{add, customer, program};
use crate::gate::Gate;

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A directory that vanishes.
pub(crate) struct Room {
    folder: TempDir,
}

/// The engine at work in a room.
pub(crate) struct Desk {
    pub(crate) gate: Arc<Gate>,
    log: Arc<EmbeddedLog>,
    engine: Engine,
    keeper: Keeper,
    program: ProgramPosition,
}

/// An outcome that may still come.
pub(crate) struct Waiting(Receiver<Result<Told, Unavailable>>);

impl Waiting {
    /// What was told.
    pub(crate) fn told(self) -> Result<String, Unavailable> {
        Ok(self.0.recv_timeout(PATIENCE).unwrap()?.outcome.to_string())
    }

    /// Whether nothing was told yet.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self.0.try_recv(), Err(TryRecvError::Empty))
    }
}

impl Room {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the engine, deciding as it does.
    pub(crate) fn open(&self) -> Desk {
        self.open_with(decide)
    }

    /// Starts the engine, deciding in another way.
    pub(crate) fn open_with(&self, decide: Decide) -> Desk {
        let (log, opened) = EmbeddedLog::open(&self.data(), &Options::default()).unwrap();
        let settings = Settings { slots: 4096, partitions: 8, simulated: false };
        let journal =
            opened.chains.values().find_map(Chain::journal).unwrap_or(JournalId(Uuid::from_u128(7)));
        let Opened { snapshot, cut, discarded } =
            Snapshot::open(&self.folder.path().join("snapshot")).unwrap();
        assert_eq!(discarded, None);
        let snapshot = Arc::new(snapshot);
        let mut replay = Replay::over(Arc::clone(&snapshot), &cut).unwrap();
        let mut records = log.read(&Start::others_at(cut.end)).unwrap();
        while let Some(stored) = records.next().unwrap() {
            replay.fold(stored.offset, &Line::parse(&stored.line).unwrap()).unwrap();
        }
        let gate = Arc::new(Gate::new(Arc::clone(&log)));
        let engine =
            Engine::start_with(decide, gate.clone(), journal, &settings, opened.chains, replay, "test")
                .unwrap();
        let program = engine.program();
        Desk { gate, log, engine, keeper: Keeper::new(snapshot, cut), program }
    }

    /// Starts the engine with a program and claims of as many customers, one each; their commands are 101, 102, …
    pub(crate) fn open_with_claims(&self, count: u128) -> (Desk, Vec<ClaimId>) {
        let mut desk = self.open();
        desk.set_up();
        let claims = (1..=count).map(|it| claim_of(&desk.ask(add(100 + it, customer(it))))).collect();
        (desk, claims)
    }
}

impl Desk {
    /// Decides the program.
    pub(crate) fn set_up(&mut self) {
        for it in program() {
            let (tell, told) = channel();
            self.engine.send(Routed { program: self.program, ..it }, Box::new(move |it| drop(tell.send(it))));
            let told = told.recv_timeout(PATIENCE).unwrap().unwrap();
            assert!(told.accepted, "{}", told.outcome);
            self.program = told.program.unwrap();
        }
    }

    /// Sends a command.
    pub(crate) fn send(&self, routed: Routed) -> Waiting {
        let (tell, told) = channel();
        let program = self.program;
        self.engine.send(Routed { program, ..routed }, Box::new(move |it| drop(tell.send(it))));
        Waiting(told)
    }

    /// Sends a command with the position of the program that it carries, and waits for nothing.
    pub(crate) fn forward(&self, routed: Routed) {
        self.engine.send(routed, Box::new(drop));
    }

    /// Sends a command and waits for its outcome.
    pub(crate) fn ask(&self, routed: Routed) -> String {
        self.send(routed).told().unwrap()
    }

    /// Promises that all received before was sent.
    pub(crate) fn tick(&self, at: claim_domain::time::Instant) {
        self.engine.tick(Tick { w: at, imported: false });
        self.engine.settle();
    }

    /// Brings the snapshot to what is durable by now: the engine forgets what it then holds.
    pub(crate) fn keep(&mut self) {
        self.keeper.catch_up(&*self.log, u64::MAX / 2, |_| true).unwrap();
    }

    /// The decisions on the log, in its order.
    pub(crate) fn decisions(&self) -> Vec<(PartitionId, Decision)> {
        let mut records = self.log.read(&Start::beginning()).unwrap();
        let mut found = Vec::new();
        while let Some(stored) = records.next().unwrap() {
            let line = Line::parse(&stored.line).unwrap();
            if let Ok(decision) = Decision::decode(line.body) {
                found.push((stored.partition, decision));
            }
        }
        found
    }

    /// Waits until so many receipts wait at the gate.
    pub(crate) fn wait_at_gate(&self, count: usize) {
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.gate.waiting() < count {
            assert!(std::time::Instant::now() < deadline, "nothing came to the gate");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Stops the engine.
    pub(crate) fn close(self) -> Result<(), EngineError> {
        let closed = self.engine.close();
        self.log.close().unwrap();
        closed
    }
}

/// What an outcome says: `accepted`, or the code of the refusal.
pub(crate) fn answer(outcome: &str) -> String {
    let outcome: Value = serde_json::from_str(outcome).unwrap();
    outcome["reason"]["code"].as_str().or(outcome["outcome"].as_str()).unwrap().to_owned()
}

/// The one claim of an outcome.
pub(crate) fn claim_of(outcome: &str) -> ClaimId {
    let value: Value = serde_json::from_str(outcome).unwrap();
    value["claims"][0].as_str().unwrap_or_else(|| panic!("no claim: {outcome}")).parse().unwrap()
}
