//! Reading with the readers' rule: every record comes with its verdict.

use std::collections::BTreeMap;
use std::time::Duration;

use claim_journal::{Chain, HaltCause, Line, Offsets, PartitionId, Verdict, VoidCause};

use crate::read::{LogError, ReadLog, Records, Start, Stored};

/// How long one wait for more of the log lasts.
const PAUSE: Duration = Duration::from_millis(50);

/// A record that counts, or one that never will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It extends the chain.
    Valid(Stored),
    /// It has no effect, for ever.
    Void(Stored, VoidCause),
}

/// Reading must stop.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The journal must not be read on: an operator has to look (DESIGN §5).
    #[error("partition {partition} halts at offset {offset} ({})", cause.code())]
    Halted {
        /// The partition.
        partition: PartitionId,
        /// The offset on the log.
        offset: u64,
        /// Why.
        #[source]
        cause: HaltCause,
    },
}

/// The records of some partitions with their verdicts, and the chains that judge them.
pub struct Judging {
    records: Box<dyn Records>,
    chains: BTreeMap<PartitionId, Chain>,
}

impl Judging {
    /// Reads on from these chains, one a partition: the last record that a chain knows is read again and compared, and is
    /// not given (DESIGN §5, "re-verify"); one that knows none goes from the beginning.
    ///
    /// # Errors
    /// [`JudgeError::Log`] when the log cannot be read there.
    pub fn resume(log: &dyn ReadLog, chains: impl IntoIterator<Item = Chain>) -> Result<Self, JudgeError> {
        let chains: BTreeMap<_, _> = chains.into_iter().map(|it| (it.partition(), it.again())).collect();
        let start =
            chains.values().fold(Start::nowhere(), |it, chain| it.at(chain.partition(), chain.next_offset()));
        Ok(Self { records: log.read(&start)?, chains })
    }

    /// As [`Self::resume`], but without the partitions that cannot be read any more, such as one whose beginning was deleted;
    /// tells which those are, and why.
    ///
    /// # Errors
    /// [`JudgeError::Log`] when no broker answers.
    pub fn resume_readable(
        log: &dyn ReadLog,
        chains: &[Chain],
    ) -> Result<(Self, Vec<(PartitionId, LogError)>), JudgeError> {
        match Self::resume(log, chains.iter().cloned()) {
            Err(JudgeError::Log(error)) if is_of_the_partition(&error) => {}
            all => return all.map(|it| (it, Vec::new())),
        }
        let (mut readable, mut left) = (Vec::new(), Vec::new());
        for chain in chains {
            match Self::resume(log, [chain.clone()]) {
                Ok(_) => readable.push(chain.clone()),
                Err(JudgeError::Log(error)) if is_of_the_partition(&error) => {
                    left.push((chain.partition(), error));
                }
                Err(error) => return Err(error),
            }
        }
        Ok((Self::resume(log, readable)?, left))
    }

    /// The next record that the chain had not seen, or none at the end as it is now.
    ///
    /// # Errors
    /// [`JudgeError`]. After a halt nothing more is to be read, or [`Judging::leave`] its partition.
    #[allow(clippy::should_implement_trait, reason = "none is not the end: more may come")]
    pub fn next(&mut self) -> Result<Option<Judged>, JudgeError> {
        while let Some(stored) = self.records.next()? {
            let Stored { partition, offset, .. } = stored;
            let Some(chain) = self.chains.get_mut(&partition) else { continue };
            match chain.read(offset, &Line::parse(&stored.line)) {
                Verdict::Valid => return Ok(Some(Judged::Valid(stored))),
                Verdict::Void(cause) => return Ok(Some(Judged::Void(stored, cause))),
                Verdict::Known => {}
                Verdict::Halt(cause) => return Err(JudgeError::Halted { partition, offset, cause }),
            }
        }
        Ok(None)
    }

    /// Passes over a partition from now on: after its halt, for whoever can go on with the others.
    pub fn leave(&mut self, partition: PartitionId) {
        self.chains.remove(&partition);
    }

    /// Waits for a record that came meanwhile, at most so long; yields whether it is worth asking for the next.
    ///
    /// # Errors
    /// [`JudgeError::Log`] when the log cannot be read.
    pub fn ready(&mut self, wait: Duration) -> Result<bool, JudgeError> {
        Ok(self.records.ready(wait)?)
    }

    /// Waits for a record that came meanwhile, until `ends` says that nobody wants it any more.
    ///
    /// # Errors
    /// [`JudgeError::Log`] when the log cannot be read.
    pub fn wait(&mut self, ends: impl Fn() -> bool) -> Result<(), JudgeError> {
        while !ends() {
            if self.records.ready(PAUSE)? {
                break;
            }
        }
        Ok(())
    }

    /// The chain of a partition as far as it was read.
    #[must_use]
    pub fn chain(&self, partition: PartitionId) -> Option<&Chain> {
        self.chains.get(&partition)
    }
}

/// Whether a partition is not what it was, which no waiting mends.
fn is_of_the_partition(error: &LogError) -> bool {
    matches!(error, LogError::Damaged { .. } | LogError::BeyondEnd { .. } | LogError::NoRecord { .. })
}

/// The chains of a journal with this many numbered partitions, on a log whose offsets count, before their first records:
/// the program's first lead tells the journal, which all others must be of. None while there is no such lead.
///
/// # Errors
/// [`JudgeError`] when the program cannot be read.
pub fn beginning(
    log: &dyn ReadLog,
    partitions: u16,
    accept_void: &BTreeMap<PartitionId, Vec<u64>>,
) -> Result<Option<Vec<Chain>>, JudgeError> {
    let accepting = |mut chain: Chain| {
        let accepted = accept_void.get(&chain.partition());
        accepted.into_iter().flatten().for_each(|offset| chain.accept_void(*offset));
        chain
    };
    let program = accepting(Chain::new(PartitionId::Program, Offsets::Count));
    let mut judging = Judging::resume(log, [program.clone()])?;
    let journal = loop {
        if let Some(journal) = judging.chain(PartitionId::Program).and_then(Chain::journal) {
            break journal;
        }
        if judging.next()?.is_none() {
            return Ok(None);
        }
    };
    let numbered = (0..partitions).map(PartitionId::Number);
    let numbered = numbered.map(|it| accepting(Chain::of_journal(it, Offsets::Count, journal)));
    Ok(Some(std::iter::once(program).chain(numbered).collect()))
}
