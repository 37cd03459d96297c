//! The names of the topics (DESIGN §6).

use std::sync::Arc;

use claim_journal::PartitionId;
use claim_log::Place;

/// The topics of one installation: all have one prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    prefix: Arc<str>,
}

impl Topics {
    /// The topics whose names begin with `prefix` and a dot.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    fn name(&self, rest: &str) -> String {
        format!("{}.{rest}", self.prefix)
    }

    /// The journal of claims: a partition for each of P.
    #[must_use]
    pub fn journal(&self) -> String {
        self.name("journal")
    }

    /// The journal of the program: one partition.
    #[must_use]
    pub fn program(&self) -> String {
        self.name("program")
    }

    /// The bindings of identifiers: one partition.
    #[must_use]
    pub fn identity(&self) -> String {
        self.name("identity")
    }

    /// Routed commands and ticks: a partition for each of P.
    #[must_use]
    pub fn commands(&self) -> String {
        self.name("commands")
    }

    /// Commands of the program: one partition.
    #[must_use]
    pub fn program_commands(&self) -> String {
        self.name("program.commands")
    }

    /// Events for others: P partitions, and one for the program.
    #[must_use]
    pub fn events(&self) -> String {
        self.name("events")
    }

    /// Outcomes for the askers: as events, and one for problems of intake.
    #[must_use]
    pub fn outcomes(&self) -> String {
        self.name("outcomes")
    }

    /// What could not be read: one partition.
    #[must_use]
    pub fn quarantine(&self) -> String {
        self.name("quarantine")
    }

    /// The inbox of an upstream.
    #[must_use]
    pub fn inbox(&self, name: &str) -> String {
        self.name(&format!("inbox.{name}"))
    }

    /// Where a partition of the journal stands.
    #[must_use]
    pub fn place(&self, partition: PartitionId) -> Place {
        match partition {
            PartitionId::Number(number) => Place::new(self.journal(), number.into()),
            PartitionId::Program => Place::new(self.program(), 0),
            PartitionId::Identity => Place::new(self.identity(), 0),
        }
    }
}

#[test]
fn partitions_of_the_journal_stand_where_the_design_says() {
    let topics = Topics::new("claimlog");
    for (partition, place) in [
        (PartitionId::Number(7), "claimlog.journal[7]"),
        (PartitionId::Program, "claimlog.program[0]"),
        (PartitionId::Identity, "claimlog.identity[0]"),
    ] {
        assert_eq!(topics.place(partition).to_string(), place);
    }
    assert_eq!(topics.inbox("crm"), "claimlog.inbox.crm");
}
