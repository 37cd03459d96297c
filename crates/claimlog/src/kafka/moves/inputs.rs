//! The commands topics of an imported journal.
//!
//! A decision names the offset of its command, and an engine goes on behind the highest. A journal that was decided from
//! other topics therefore needs commands topics that begin there: as many records as were decided are written and deleted
//! again, so that the next command gets the next offset.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use claim_journal::PartitionId;
use claim_log::{Inbox, Outgoing, Place, Stored};
use claim_log_kafka::{KafkaTopics, discard};

use crate::exit::UsageError;
use crate::kafka::Cluster;
use crate::kafka::moves::import::{Sending, input_of};

/// The highest input of each partition.
#[derive(Debug, Default)]
pub(super) struct Inputs(BTreeMap<PartitionId, u64>);

impl Inputs {
    /// Takes note of a valid record.
    pub(super) fn see(&mut self, stored: &Stored) {
        if let Some(input) = input_of(stored) {
            let highest = self.0.entry(stored.partition).or_default();
            *highest = input.max(*highest);
        }
    }

    /// Commands topics are either empty, or those that the journal was decided from.
    ///
    /// # Errors
    /// [`UsageError`] when they are others.
    pub(super) fn must_fit(&self, cluster: &Cluster, client: &KafkaTopics) -> Result<()> {
        for (partition, input) in &self.0 {
            let place = place(cluster, *partition);
            let (_, end) = client.range(&place)?;
            if end > 0 && end <= *input {
                return Err(UsageError(format!(
                    "{place} ends at {end}, and {input} was decided: it must be empty, or hold the commands that the \
                     journal was decided from"
                ))
                .into());
            }
        }
        Ok(())
    }
}

fn place(cluster: &Cluster, partition: PartitionId) -> Place {
    match partition {
        PartitionId::Number(number) => Place::new(cluster.topics.commands(), number.into()),
        PartitionId::Program | PartitionId::Identity => Place::new(cluster.topics.program_commands(), 0),
    }
}

/// Lets empty commands topics begin behind what was decided.
///
/// # Errors
/// When a broker fails.
pub(super) fn stand_for(cluster: &Cluster, client: &Arc<KafkaTopics>, inputs: &Inputs) -> Result<()> {
    for (partition, input) in &inputs.0 {
        let place = place(cluster, *partition);
        if client.range(&place)?.1 > 0 {
            continue;
        }
        let mut sending = Sending { client: Arc::clone(client), flight: Arc::default(), outstanding: 0 };
        for _ in 0..=*input {
            let (key, headers, value) = (None, Vec::new(), b"{}".to_vec());
            sending.send(Outgoing { place: place.clone(), key, headers, value })?;
        }
        sending.settle()?;
        discard(&cluster.connection, &place, input + 1).context("making the commands topics fit")?;
    }
    Ok(())
}
