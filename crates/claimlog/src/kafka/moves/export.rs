//! From Kafka to a directory.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use claim_journal::{
    Binding, Chain, Entry, JournalId, Kind, Lead, LeaderId, Line, Offsets, PartitionId, Pen,
};
use claim_log::{Batch, Flight, Inbox, Log, Place, ReadLog, Receipt, Unclear, beginning};
use claim_log_embedded::{EmbeddedLog, Options};
use claim_log_kafka::{KafkaLog, KafkaTopics};
use uuid::Uuid;

use crate::exit::UsageError;
use crate::kafka::Cluster;
use crate::kafka::moves::report::Moved;
use crate::kafka::moves::stand::{Stands, walk};

/// How many lines are appended together.
const LINES_AT_ONCE: usize = 1_024;
/// How many batches may be on their way to the disk.
const BATCHES_AT_ONCE: usize = 8;
/// How long a disk may take for them, and a broker for the next binding.
const PATIENCE: Duration = Duration::from_secs(60);

/// Copies the journal into a new directory: the program, the identifiers, then one partition after the other.
///
/// # Errors
/// When the directory holds anything, the journal halts or has no beginning, the disk fails, or what was written is not
/// what was read.
pub(crate) fn export(cluster: &Cluster, to: &Path, mut progress: impl FnMut()) -> Result<Moved> {
    must_be_empty(to)?;
    let log = KafkaLog::open(&cluster.connection).context("opening the journal")?;
    if log.partitions() != cluster.partitions {
        let (found, said) = (log.partitions(), cluster.partitions);
        return Err(
            UsageError(format!("the journal has {found} partitions and --partitions says {said}")).into()
        );
    }
    let chains = beginning(&*log, cluster.partitions, &cluster.accept_void)?
        .ok_or_else(|| anyhow!("there is no journal in {}", cluster.topics.program()))?;
    let (target, _) = EmbeddedLog::open(to, &Options::default())?;
    let mut writing = Writing::to(&target);
    let mut first = None;
    let mut source = Stands::default();
    let mut bindings = 0;
    for chain in chains {
        let partition = chain.partition();
        let stands = walk(&*log, vec![chain], |stored| {
            if first.is_none() {
                first = Some(begun(&stored.line)?);
            }
            progress();
            writing.put(partition, &stored.line)
        })?;
        source.join(stands);
        writing.flush()?;
        if let (PartitionId::Program, Some((journal, lead))) = (partition, &first) {
            let client = cluster.client()?;
            let place = cluster.topics.place(PartitionId::Identity);
            bindings = identities(&client, &place, &mut writing, *journal, lead, &mut source)?;
        }
    }
    writing.settle()?;
    let (journal, _) = first.context("the program has no first lead")?;
    let numbered = (0..cluster.partitions).map(PartitionId::Number);
    let chains = std::iter::once(PartitionId::Program).chain(numbered);
    let chains = chains.map(|it| Chain::of_journal(it, Offsets::Positions, journal)).collect();
    let found = walk(&*target, chains, |_| Ok(()))?;
    let read_back = count_bindings(&*target, journal)?;
    target.close()?;
    Moved::compared(source, &found, bindings, read_back)
}

fn must_be_empty(to: &Path) -> Result<()> {
    let is_empty = match std::fs::read_dir(to) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(error).with_context(|| format!("looking into {}", to.display())),
    };
    if is_empty {
        return Ok(());
    }
    Err(UsageError(format!("{} is not empty; an export makes a new directory", to.display())).into())
}

/// The journal, and its first lead.
fn begun(line: &[u8]) -> Result<(JournalId, Lead)> {
    let first = "the program does not begin with its first lead";
    let line = Line::parse(line).context(first)?;
    let lead = Lead::decode(line.body).context(first)?;
    Ok((line.envelope.journal, lead))
}

/// Writes a chain of the bindings, the first of each identifier, in their order. Its lead says what the journal's first one says,
/// and its leader is no other than in any export of this journal: so what one export holds is the beginning of what a later one
/// does, and checkpoints that were signed of it extend each other.
fn identities(
    client: &KafkaTopics,
    place: &Place,
    writing: &mut Writing,
    journal: JournalId,
    lead: &Lead,
    source: &mut Stands,
) -> Result<u64> {
    let partition = PartitionId::Identity;
    let chain = Chain::of_journal(partition, Offsets::Positions, journal);
    let mut pen = Pen::new(&chain, journal, LeaderId(Uuid::new_v5(&journal.0, b"export")));
    writing.put_line(partition, pen.lead(&lead.release, lead.rules, lead.settings.as_ref())?)?;
    let mut known = HashSet::new();
    let mut bindings = 0;
    let (first, end) = client.range(place)?;
    let mut arrivals = client.read(&BTreeMap::from([(place.clone(), first)]))?;
    let mut next = first;
    while next < end {
        let received = arrivals.next(PATIENCE)?.with_context(|| format!("no broker gives {place}"))?;
        next = received.offset + 1;
        let text = received.value.as_deref().and_then(|it| std::str::from_utf8(it).ok());
        let read = text.and_then(|it| Some((it, Binding::decode(it).ok()?.identifier().ok()?)));
        match read {
            Some((body, identifier)) if known.insert(identifier.clone()) => {
                let kind = Kind::Binding;
                writing.put_line(partition, pen.write(kind, kind.newest_body_version(), body, 0)?)?;
                bindings += 1;
            }
            Some(_) => *source.void.entry("bound_before").or_default() += 1,
            None => *source.void.entry("no_binding").or_default() += 1,
        }
    }
    writing.flush()?;
    Ok(bindings)
}

fn count_bindings(log: &dyn ReadLog, journal: JournalId) -> Result<u64> {
    let chain = Chain::of_journal(PartitionId::Identity, Offsets::Positions, journal);
    let found = walk(log, vec![chain], |_| Ok(()))?;
    Ok(found.partitions.get(&PartitionId::Identity).map_or(0, |it| it.sequence))
}

/// Lines on their way to the directory.
struct Writing {
    log: Arc<EmbeddedLog>,
    flight: Arc<Flight>,
    partition: PartitionId,
    lines: Vec<Entry>,
    batches: usize,
}

impl Writing {
    fn to(log: &Arc<EmbeddedLog>) -> Self {
        Self {
            log: Arc::clone(log),
            flight: Arc::default(),
            partition: PartitionId::Program,
            lines: Vec::new(),
            batches: 0,
        }
    }

    /// A line as it was read, without its line feed.
    fn put(&mut self, partition: PartitionId, line: &[u8]) -> Result<()> {
        let mut line = line.to_vec();
        line.push(b'\n');
        self.put_line(partition, line.into())
    }

    fn put_line(&mut self, partition: PartitionId, line: Entry) -> Result<()> {
        if partition != self.partition || self.lines.len() >= LINES_AT_ONCE {
            self.flush()?;
            self.partition = partition;
        }
        self.lines.push(line);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let tell = self.flight.begin();
        let batch = Batch { partition: self.partition, lines: std::mem::take(&mut self.lines) };
        let told = move |receipt| {
            tell(match receipt {
                Receipt::Appended { .. } => Ok(0),
                Receipt::Unclear(why) => Err(why),
                Receipt::Fenced => Err(Unclear::Io("a record does not extend its chain".to_owned())),
            });
        };
        self.log.append(batch, Box::new(told));
        self.batches += 1;
        if self.batches >= BATCHES_AT_ONCE { self.wait() } else { Ok(()) }
    }

    /// Writes what is left and waits until all of it is durable.
    fn settle(&mut self) -> Result<()> {
        self.flush()?;
        self.wait()
    }

    fn wait(&mut self) -> Result<()> {
        self.batches = 0;
        match self.flight.settle(PATIENCE) {
            Ok(()) => Ok(()),
            Err(why) => bail!("the directory could not be written: {why}"),
        }
    }
}
