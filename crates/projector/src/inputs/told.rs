//! What a decision adds to `history` and `outcomes`: rows that follow from the decision alone, so whoever reads makes them
//! while the decisions before it are folded.

use claim_journal::{Decision, Position};

use super::{answers, history};
use crate::database::Database;
use crate::error::StoreError;
use crate::trace::Trace;

/// The rows of one decision.
#[derive(Debug)]
pub(crate) struct Told {
    history: Vec<history::Row>,
    outcome: Option<answers::Row>,
    /// Their [`Trace`].
    pub(crate) digits: String,
}

impl Told {
    /// What is told of a decision; `offset` is where the log holds its record, and nothing else is in the trace.
    pub(crate) fn of(
        decision: &Decision,
        position: Position,
        offset: u64,
        trace: &mut Trace,
    ) -> Result<Self, StoreError> {
        let history = history::rows(decision, position)?;
        let outcome = answers::row(decision, position, offset);
        let mut digits = String::new();
        history.iter().for_each(|row| trace.statement(history::WRITE, row));
        outcome.iter().for_each(|row| trace.statement(answers::WRITE, row));
        trace.end(&mut digits);
        Ok(Self { history, outcome, digits })
    }
}

/// Writes what is told of the decisions of a batch, table by table and in the order of their keys, so that neighbours are
/// written together.
pub(crate) fn write<'t>(
    database: &Database,
    told: impl Iterator<Item = &'t Told> + Clone,
) -> Result<(), StoreError> {
    let mut history: Vec<_> = told.clone().flat_map(|it| &it.history).collect();
    history.sort_unstable();
    database.execute_each("writing a history", history::WRITE, &history)?;
    let mut outcomes: Vec<_> = told.filter_map(|it| it.outcome.as_ref()).collect();
    outcomes.sort_unstable();
    database.execute_each("writing where an answer stands", answers::WRITE, &outcomes)
}
