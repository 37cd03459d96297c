//! The recorded folds: what folding each event came to, so that another program can be held against it.
//!
//! A row of the table `folds` is a run of decisions of one partition as one view folded them. Each decision is a line, each of
//! its events eight digits ([`Trace`](crate::trace::Trace)); the standing inputs add eight for the decision itself. So the
//! first event that another program folds otherwise is found without keeping what was written for it.

use std::collections::BTreeMap;

use claim_journal::{PartitionId, Position};

use crate::database::{column, integer};
use crate::error::StoreError;
use crate::params;
use crate::stored::read_text;
use crate::views::Views;

/// How many digits stand for an event.
const DIGITS: usize = 8;

/// The folds of one batch, on their way into the table.
#[derive(Debug, Default)]
pub(crate) struct Folds {
    runs: Vec<Run>,
    newest: BTreeMap<(&'static str, PartitionId), usize>,
}

#[derive(Debug)]
struct Run {
    view: &'static str,
    first: Position,
    next: u64,
    lines: String,
}

impl Folds {
    /// Adds the line of the next decision.
    pub(crate) fn add(&mut self, view: &'static str, position: Position, line: &str) {
        let newest = self.newest.entry((view, position.partition)).or_insert(usize::MAX);
        if let Some(run) = self.runs.get_mut(*newest)
            && run.next == position.sequence
        {
            run.lines.push('\n');
            run.lines.push_str(line);
            run.next += 1;
            return;
        }
        *newest = self.runs.len();
        self.runs.push(Run { view, first: position, next: position.sequence + 1, lines: line.to_owned() });
    }
}

/// The first event in which two folds of one partition differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parting {
    /// The position of its decision.
    pub(crate) position: Position,
    /// Which of its events; beyond the last: the decision itself.
    pub(crate) number: usize,
}

impl Views {
    pub(crate) fn write_folds(&self, folds: &Folds) -> Result<(), StoreError> {
        let sql = "INSERT INTO folds VALUES (?1, ?2, ?3, ?4)";
        for Run { view, first, lines, .. } in &folds.runs {
            let row = params![*view, first.partition.to_string(), integer(first.sequence), lines.as_str()];
            self.database().execute("recording the folds", sql, row)?;
        }
        Ok(())
    }

    /// Forgets how a view was folded.
    pub(crate) fn drop_folds(&self, view: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM folds WHERE view = ?1";
        self.database().execute("forgetting the folds of a view", sql, params![view]).map(drop)
    }

    /// Where the folds of a view that are recorded here first differ from those recorded in `fresh`, in each partition.
    pub(crate) fn partings(&self, fresh: &Self, view: &str) -> Result<Vec<Parting>, StoreError> {
        let sql = "SELECT DISTINCT partition FROM folds WHERE view = ?1";
        let partitions = fresh.database().query("reading the folds", sql, params![view], |row| {
            read_text("a partition", &column::<String>(row, "partition")?)
        })?;
        let mut partings = Vec::new();
        for partition in partitions {
            let (live, fresh) = (self.folds(view, partition)?, fresh.folds(view, partition)?);
            partings.extend(parting(partition, &live, &fresh));
        }
        Ok(partings)
    }

    fn folds(&self, view: &str, partition: PartitionId) -> Result<Vec<(u64, String)>, StoreError> {
        let sql = "SELECT sequence, digests FROM folds WHERE view = ?1 AND partition = ?2 ORDER BY sequence";
        self.database().query("reading the folds", sql, params![view, partition.to_string()], |row| {
            let sequence: i64 = column(row, "sequence")?;
            Ok((sequence.unsigned_abs(), column(row, "digests")?))
        })
    }
}

fn parting(partition: PartitionId, live: &[(u64, String)], fresh: &[(u64, String)]) -> Option<Parting> {
    let (mut live, mut fresh) = (decisions(live), decisions(fresh));
    loop {
        let (was, is) = match (live.next(), fresh.next()) {
            (None, None) => return None,
            (was, is) if was == is => continue,
            (was, is) => (was, is),
        };
        let sequence = was.iter().chain(&is).map(|(sequence, _)| *sequence).min()?;
        let (was, is) = (was.map_or("", |it| it.1), is.map_or("", |it| it.1));
        let same = was.bytes().zip(is.bytes()).take_while(|(was, is)| was == is).count();
        return Some(Parting { position: Position { partition, sequence }, number: same / DIGITS });
    }
}

fn decisions(runs: &[(u64, String)]) -> impl Iterator<Item = (u64, &str)> {
    runs.iter().flat_map(|(first, lines)| (*first..).zip(lines.split('\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: PartitionId = PartitionId::Program;

    fn runs(runs: &[(u64, &str)]) -> Vec<(u64, String)> {
        runs.iter().map(|(first, lines)| (*first, (*lines).to_owned())).collect()
    }

    #[test]
    fn how_decisions_lie_in_batches_does_not_count() {
        let one = runs(&[(1, "aaaaaaaa\n\nbbbbbbbbcccccccc")]);
        let two = runs(&[(1, "aaaaaaaa\n"), (3, "bbbbbbbbcccccccc")]);
        assert_eq!(parting(P, &one, &two), None);
    }

    #[test]
    fn the_first_event_that_differs_is_named() {
        let live = runs(&[(1, "aaaaaaaa\n\nbbbbbbbbcccccccc\ndddddddd")]);
        let fresh = runs(&[(1, "aaaaaaaa\n"), (3, "bbbbbbbbccccccc0\n00000000")]);
        let found = parting(P, &live, &fresh);
        assert_eq!(found, Some(Parting { position: Position { partition: P, sequence: 3 }, number: 1 }));
    }

    #[test]
    fn a_decision_that_one_of_them_lacks_is_named() {
        let live = runs(&[(1, "aaaaaaaa")]);
        let fresh = runs(&[(1, "aaaaaaaa\n")]);
        let found = parting(P, &live, &fresh);
        assert_eq!(found, Some(Parting { position: Position { partition: P, sequence: 2 }, number: 0 }));
    }

    #[test]
    fn a_batch_is_one_row_a_partition_as_long_as_nothing_is_missing() {
        let mut folds = Folds::default();
        for sequence in [1, 2, 4] {
            folds.add("v", Position { partition: P, sequence }, "aaaaaaaa");
        }
        let lines: Vec<_> = folds.runs.iter().map(|it| (it.first.sequence, it.lines.as_str())).collect();
        assert_eq!(lines, [(1, "aaaaaaaa\naaaaaaaa"), (4, "aaaaaaaa")]);
    }
}
