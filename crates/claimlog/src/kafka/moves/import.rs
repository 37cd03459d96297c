//! From a directory to Kafka.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use claim_journal::{Binding, Chain, Decision, Kind, Line, Offsets, PartitionId};
use claim_log::{Flight, Inbox, Outgoing, Outlet, Place, Stored, beginning};
use claim_log_embedded::EmbeddedReader;
use claim_log_kafka::{KafkaLog, KafkaTopics};

use crate::exit::UsageError;
use crate::kafka::Cluster;
use crate::kafka::moves::inputs::{Inputs, stand_for};
use crate::kafka::moves::report::Moved;
use crate::kafka::moves::stand::{Stands, walk};

/// How many records may be on their way.
const RECORDS_AT_ONCE: usize = 16_384;
/// How long brokers may take for them.
const DELIVERY: Duration = Duration::from_secs(120);

/// Copies the journal of a directory into empty topics, and makes the commands topics fit.
///
/// # Errors
/// When a topic is not empty or not as it must be, the directory is damaged or of other settings, a broker fails, or what
/// was written is not what was read.
pub(crate) fn import(cluster: &Cluster, from: &Path, mut progress: impl FnMut()) -> Result<Moved> {
    cluster.require()?;
    let client = cluster.client()?;
    must_be_empty(cluster, &client)?;
    let reader = EmbeddedReader::open(from)?;
    let scan = reader.scan(0)?;
    if let Some(damage) = scan.damage {
        bail!("{} is damaged at {}: {}", from.display(), damage.at, damage.cause);
    }
    let program = scan.chains.get(&PartitionId::Program);
    let journal = program.and_then(Chain::journal);
    let journal = journal.ok_or_else(|| anyhow!("there is no journal in {}", from.display()))?;
    must_fit(cluster, program)?;
    let chains =
        || scan.chains.keys().map(|it| Chain::of_journal(*it, Offsets::Positions, journal)).collect();
    let mut inputs = Inputs::default();
    walk(&reader, chains(), |stored| {
        inputs.see(stored);
        Ok(())
    })?;
    inputs.must_fit(cluster, &client)?;
    let mut sending = Sending { client: Arc::clone(&client), flight: Arc::default(), outstanding: 0 };
    let mut source = walk(&reader, chains(), |stored| {
        progress();
        match outgoing(cluster, stored)? {
            Some(it) => sending.send(it),
            None => Ok(()),
        }
    })?;
    sending.settle()?;
    stand_for(cluster, &client, &inputs)?;
    let identity = source.partitions.remove(&PartitionId::Identity);
    let found = read_back(cluster)?;
    let place = cluster.topics.place(PartitionId::Identity);
    let (first, end) = client.range(&place)?;
    Moved::compared(source, &found, identity.map_or(0, |it| it.sequence), end - first)
}

fn must_be_empty(cluster: &Cluster, client: &KafkaTopics) -> Result<()> {
    let numbered = (0..cluster.partitions).map(PartitionId::Number);
    for partition in [PartitionId::Program, PartitionId::Identity].into_iter().chain(numbered) {
        let place = cluster.topics.place(partition);
        if client.range(&place)? != (0, 0) {
            return Err(UsageError(format!(
                "{place} is not empty: import into new topics (another --kafka-prefix), or delete what an import that \
                 failed left"
            ))
            .into());
        }
    }
    Ok(())
}

/// The engine would refuse a journal of other settings; so does this, before anything is written.
fn must_fit(cluster: &Cluster, program: Option<&Chain>) -> Result<()> {
    let found = program.and_then(Chain::settings).context("the journal has no settings")?;
    let wanted = cluster.journal_settings();
    let why = if found.simulated {
        "a simulated directory stays where it is: its clock is the newest time given".to_owned()
    } else if found.partitions != wanted.partitions {
        format!("the journal has {} partitions: say --partitions {0}", found.partitions)
    } else if *found != wanted {
        "the journal was written by a build with other shapes".to_owned()
    } else {
        return Ok(());
    };
    Err(UsageError(why).into())
}

/// The record on Kafka; a lead of the identifiers has no place there.
fn outgoing(cluster: &Cluster, stored: &Stored) -> Result<Option<Outgoing>> {
    let place = cluster.topics.place(stored.partition);
    let plain = |place: Place, key, value| Outgoing { place, key, headers: Vec::new(), value };
    if stored.partition != PartitionId::Identity {
        return Ok(Some(plain(place, None, stored.line.clone())));
    }
    let line = Line::parse(&stored.line)?;
    if line.envelope.kind != Kind::Binding {
        return Ok(None);
    }
    let identifier = Binding::decode(line.body)?.identifier()?;
    let key = Some(identifier.to_string().into_bytes());
    Ok(Some(plain(place, key, line.body.as_bytes().to_vec())))
}

fn read_back(cluster: &Cluster) -> Result<Stands> {
    let log = KafkaLog::open(&cluster.connection).context("opening the journal")?;
    let chains = beginning(&*log, cluster.partitions, &BTreeMap::new())?;
    walk(&*log, chains.context("what was written has no beginning")?, |_| Ok(()))
}

/// The highest input that a decision names.
pub(super) fn input_of(stored: &Stored) -> Option<u64> {
    let line = Line::parse(&stored.line).ok().filter(|it| it.envelope.kind == Kind::Decision)?;
    Decision::decode(line.body).ok()?.asked()?.input
}

/// Records on their way to the brokers, a bounded number.
pub(super) struct Sending {
    pub(super) client: Arc<KafkaTopics>,
    pub(super) flight: Arc<Flight>,
    pub(super) outstanding: usize,
}

impl Sending {
    pub(super) fn send(&mut self, record: Outgoing) -> Result<()> {
        self.client.send(record, self.flight.begin());
        self.outstanding += 1;
        if self.outstanding >= RECORDS_AT_ONCE { self.settle() } else { Ok(()) }
    }

    pub(super) fn settle(&mut self) -> Result<()> {
        self.outstanding = 0;
        match self.flight.settle(DELIVERY) {
            Ok(()) => Ok(()),
            Err(why) => bail!("the topics could not be written: {why}; delete them before the next attempt"),
        }
    }
}
