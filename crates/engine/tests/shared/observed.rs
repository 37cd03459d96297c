//! What an observer who shares no code with the engine says of the topics of a broker.

use claim_journal::PartitionId;
use claim_log::{Place, Received};
use claim_testkit::broker::MemoryBroker;
use claim_tests::observer::chain::Offsets;
use claim_tests::observer::order::decided_in_two_partitions;
use claim_tests::observer::{Commands, Complaint, History, Partition, complaints_with};

/// Everything that it complains about, once all was decided.
pub(crate) fn observed(broker: &MemoryBroker, partitions: u16) -> Vec<Complaint> {
    let program = (Partition::Program, PartitionId::Program, Place::new("program.commands", 0));
    let numbered = (0..partitions)
        .map(|it| (Partition::Number(it), PartitionId::Number(it), Place::new("commands", u32::from(it))));
    let (mut all, mut histories) = (Vec::new(), Vec::new());
    for (partition, journal, commands) in numbered.chain([program]) {
        let records = broker.read_all(&MemoryBroker::place(journal));
        let history = History::read(partition, Offsets::Count, lines(&records));
        let records = broker.read_all(&commands);
        all.extend(complaints_with(&history, &Commands::read(lines(&records))));
        histories.push(history);
    }
    all.extend(decided_in_two_partitions(&histories));
    all
}

fn lines(records: &[Received]) -> impl Iterator<Item = (u64, &[u8])> {
    records.iter().map(|it| (it.offset, it.value.as_deref().unwrap_or_default()))
}
