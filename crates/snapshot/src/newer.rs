//! A journal that a newer program wrote: this one leads nothing on it, and names the release that is needed (F-81).

use std::collections::BTreeMap;

use claim_domain::decide::RULES;
use claim_journal::canonical::BodyError;
use claim_journal::{Decision, Kind, Lead, Line, PartitionId};
use serde::{Deserialize, Serialize};

/// What a newer program wrote, which this one must not go on from.
#[derive(Debug, thiserror::Error)]
pub enum Newer {
    /// It was led by rules that this program does not know.
    #[error(
        "partition {partition} was led by claimlog {release} with the rules number {rules}, and this program knows them up to \
         {RULES}: use that release or a newer one; nothing was written"
    )]
    Rules {
        /// The partition.
        partition: PartitionId,
        /// The release that led it.
        release: String,
        /// The number of its rules.
        rules: u32,
    },
    /// A valid decision is of a shape that this program does not know.
    #[error(
        "the decision {sequence} of partition {partition} cannot be read: use claimlog {release}, which wrote it, or a newer \
         release; nothing was written"
    )]
    Decision {
        /// The partition.
        partition: PartitionId,
        /// The sequence.
        sequence: u64,
        /// The release that led the partition then.
        release: String,
        /// What is wrong with the body.
        #[source]
        source: BodyError,
    },
}

/// The release that leads each partition, as far as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Releases(BTreeMap<PartitionId, String>);

impl Releases {
    /// Reads a valid record; yields the decision, if it is one.
    ///
    /// # Errors
    /// [`Newer`].
    pub fn read(&mut self, line: &Line<'_>) -> Result<Option<Decision>, Newer> {
        let (partition, sequence) = (line.envelope.partition, line.envelope.sequence);
        match line.envelope.kind {
            Kind::Binding => Ok(None),
            Kind::Lead => {
                // One that cannot be read is not valid.
                let Ok(Lead { release, rules, .. }) = Lead::decode(line.body) else { return Ok(None) };
                if rules > RULES {
                    return Err(Newer::Rules { partition, release, rules });
                }
                self.0.insert(partition, release);
                Ok(None)
            }
            Kind::Decision => Decision::decode(line.body).map(Some).map_err(|source| {
                let release =
                    self.0.get(&partition).cloned().unwrap_or_else(|| "of an unknown release".into());
                Newer::Decision { partition, sequence, release, source }
            }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "all of this is test code")]
mod tests {
    use claim_journal::{Chain, JournalId, LeaderId, Offsets, Pen, Settings};
    use uuid::Uuid;

    use super::*;

    fn lead(rules: u32) -> Vec<u8> {
        let chain = Chain::new(PartitionId::Number(3), Offsets::Positions);
        let mut pen = Pen::new(&chain, JournalId(Uuid::nil()), LeaderId(Uuid::nil()));
        let settings = Settings { slots: 1, partitions: 8, simulated: false };
        let mut line = pen.lead("7.8.9", rules, Some(&settings)).unwrap().into_bytes();
        line.pop(); // a line is read without its line feed
        line
    }

    #[test] // F-81
    fn newer_rules_are_not_gone_on_from_and_the_release_is_named() {
        let line = lead(RULES + 1);
        let newer = Releases::default().read(&Line::parse(&line).unwrap()).unwrap_err();
        let said = newer.to_string();
        assert!(said.contains("claimlog 7.8.9") && said.contains("partition 3"), "{said}");
        assert!(matches!(newer, Newer::Rules { rules, .. } if rules == RULES + 1));
    }

    #[test] // F-81
    fn a_decision_of_a_newer_shape_names_the_release_of_its_lead() {
        let line = lead(RULES);
        let line = Line::parse(&line).unwrap();
        let mut releases = Releases::default();
        assert!(releases.read(&line).unwrap().is_none());
        let mut decision = line;
        decision.envelope.kind = Kind::Decision;
        let said = releases.read(&decision).unwrap_err().to_string();
        assert!(said.contains("use claimlog 7.8.9, which wrote it"), "{said}");
    }
}
