//! A broker, engines that share its partitions, and what stands on their journal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claim_domain::decide::decide;
use claim_engine::{Instance, InstanceParts, Planted, Status};
use claim_journal::{
    Cause, Decision, Digest, Forwarded, InboxTick, Kind, Line, PartitionId, Routed, Settings,
};
use claim_log::{Judged, Judging, Place, beginning};
use claim_testkit::broker::MemoryBroker;

use crate::ask::{at, program};

/// How many numbered partitions there are.
pub(crate) const PARTITIONS: u16 = 2;
/// How long to wait for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The broker, and what is asked of it.
pub(crate) struct Room {
    pub(crate) broker: MemoryBroker,
}

/// Waits until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn settings() -> Settings {
    Settings { slots: 4096, partitions: PARTITIONS, simulated: false }
}

impl Room {
    /// A room in which the program was asked for.
    pub(crate) fn new() -> Self {
        let room = Self::empty();
        program().into_iter().for_each(|it| _ = room.ask(it));
        room
    }

    /// A room in which nothing was asked for.
    pub(crate) fn empty() -> Self {
        let topics = [("commands", u32::from(PARTITIONS)), ("program.commands", 1)];
        Self { broker: MemoryBroker::new(PARTITIONS, &topics) }
    }

    /// Another engine.
    pub(crate) fn instance(&self) -> Instance {
        Instance::start(&self.parts()).unwrap()
    }

    /// Another engine, with a fault in it.
    pub(crate) fn instance_with(&self, planted: Planted) -> Instance {
        Instance::start_with(&self.parts(), planted).unwrap()
    }

    pub(crate) fn parts(&self) -> InstanceParts {
        InstanceParts {
            log: Arc::new(self.broker.clone()),
            inbox: Arc::new(self.broker.clone()),
            group: "engine".into(),
            commands: "commands".into(),
            program_commands: "program.commands".into(),
            settings: settings(),
            release: "test".into(),
            accept_void: BTreeMap::new(),
            decide,
        }
    }

    /// Forwards a command, as intake does once it has seen the program.
    pub(crate) fn ask(&self, routed: Routed) -> u64 {
        let place = match routed.route.partition(PARTITIONS) {
            PartitionId::Number(number) => Place::new("commands", u32::from(number)),
            PartitionId::Program | PartitionId::Identity => Place::new("program.commands", 0),
        };
        let value = Forwarded::Command(Box::new(routed)).to_json().unwrap();
        self.broker.publish(&place, None, Vec::new(), Some(value))
    }

    /// Promises, of the only inbox partition, that nothing received before is still to come.
    pub(crate) fn tick(&self, ms: i64) {
        self.promise(at(ms));
    }

    /// The same, of this moment.
    pub(crate) fn promise(&self, w: claim_domain::time::Instant) {
        let tick = InboxTick { topic: "inbox".into(), partition: 0, of: 1, list: Digest::of(b"one"), w };
        for partition in 0..u32::from(PARTITIONS) {
            let value = Forwarded::Tick(tick.clone()).to_json().unwrap();
            self.broker.publish(&Place::new("commands", partition), None, Vec::new(), Some(value));
        }
    }

    /// Every valid decision of a partition, and how many records are void.
    pub(crate) fn journal(&self, partition: PartitionId) -> (Vec<Decision>, usize) {
        let Some(chains) = beginning(&self.broker, PARTITIONS, &BTreeMap::new()).unwrap() else {
            return (Vec::new(), 0);
        };
        let chain = chains.into_iter().find(|it| it.partition() == partition).unwrap();
        let mut judging = Judging::resume(&self.broker, [chain]).unwrap();
        let (mut decisions, mut voids) = (Vec::new(), 0);
        while let Some(judged) = judging.next().unwrap() {
            match judged {
                Judged::Void(..) => voids += 1,
                Judged::Valid(stored) => {
                    let line = Line::parse(&stored.line).unwrap();
                    if line.envelope.kind == Kind::Decision {
                        decisions.push(Decision::decode(line.body).unwrap());
                    }
                }
            }
        }
        (decisions, voids)
    }

    /// The numbers of the commands decided, of all partitions, in order of number; deadlines are left out.
    pub(crate) fn decided(&self) -> Vec<u128> {
        let numbered = (0..PARTITIONS).map(PartitionId::Number);
        let decisions = numbered.flat_map(|it| self.journal(it).0);
        let mut all: Vec<u128> =
            decisions.filter_map(|it| it.asked().map(|asked| asked.id.0.as_u128())).collect();
        all.sort_unstable();
        all
    }

    /// Every decision, of all partitions.
    pub(crate) fn decisions(&self) -> Vec<Decision> {
        let numbered = (0..PARTITIONS).map(PartitionId::Number);
        numbered.chain([PartitionId::Program]).flat_map(|it| self.journal(it).0).collect()
    }

    /// How many deadlines fired.
    pub(crate) fn fired(&self) -> usize {
        let numbered = (0..PARTITIONS).map(PartitionId::Number);
        numbered.flat_map(|it| self.journal(it).0).filter(|it| matches!(it.cause, Cause::Deadline(_))).count()
    }
}

/// Whether every partition is led by one of these.
pub(crate) fn all_led(instances: &[&Instance]) -> bool {
    let all: Vec<BTreeMap<PartitionId, Status>> = instances.iter().map(|it| it.status()).collect();
    let numbered = (0..PARTITIONS).map(PartitionId::Number).chain([PartitionId::Program]);
    numbered.into_iter().all(|it| all.iter().any(|statuses| statuses[&it].leading))
}

/// Why a partition halts in an instance.
pub(crate) fn halted(instance: &Instance, partition: PartitionId) -> Option<String> {
    instance.status()[&partition].halted.clone()
}
