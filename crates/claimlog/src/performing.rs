//! Performing the effects that are due, and reporting what came of them (DESIGN rule 8).

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use claim_effects::{Due, LocalReferrals, Performed, Performer, Schedule, Sleep};
use claim_intake::{Answer, Door, FileTimes, Input, Mode};
use claim_log::Told;
use claim_projector_referral::{DueEffect, due_referral_effects};
use futures_util::StreamExt;
use indicatif::ProgressBar;
use serde_json::Value;

use crate::node::Node;
use crate::views::Folding;

/// Where the stand-in writes what it would send.
pub(crate) const EFFECTS: &str = "effects.ndjson";
/// How many are performed at a time.
pub(crate) const AT_ONCE: usize = 8;
/// How many results are reported together.
const RESULTS_AT_ONCE: usize = 256;

/// What was performed.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(crate) struct Done {
    /// Results that were recorded.
    pub(crate) performed: u64,
    /// Effects that could not be done now.
    pub(crate) still_due: u64,
}

/// Where effects are performed: what is due there, and where results go.
pub(crate) trait Site {
    /// The referral effects that are due, by views that hold every result reported before.
    async fn due(&mut self) -> Result<Vec<DueEffect>>;

    /// Reports results; yields how many were recorded.
    async fn report(&mut self, results: &[Value]) -> Result<u64>;
}

/// A process that does nothing else meanwhile.
pub(crate) struct Alone<'a> {
    pub(crate) node: &'a mut Node,
    pub(crate) folding: &'a mut Folding,
}

impl Site for Alone<'_> {
    async fn due(&mut self) -> Result<Vec<DueEffect>> {
        self.folding.catch_up(&*self.node.log, &ProgressBar::hidden())?;
        Ok(due_referral_effects(&self.folding.views().snapshot()?, None, None)?)
    }

    async fn report(&mut self, results: &[Value]) -> Result<u64> {
        send(self.node, results, Door::Effects).await
    }
}

/// Performs referral effects until nothing is due that can be done now. Mail waits: there is no mailer yet.
///
/// # Errors
/// When the ledger cannot be read, or a result cannot be recorded.
pub(crate) async fn perform(site: &mut impl Site, data: &Path) -> Result<Done> {
    let path = data.join(EFFECTS);
    let referrals = LocalReferrals::open(&path).with_context(|| format!("opening {}", path.display()))?;
    let performer = Performer::new(Arc::new(referrals), Arc::new(Sleep), Schedule::default(), AT_ONCE);
    let mut done = Done::default();
    let mut given_up = HashSet::new();
    loop {
        let due = site.due().await?;
        let due: Vec<Due> =
            due.into_iter().filter(|it| !given_up.contains(&it.entry.effect)).map(Due::from).collect();
        if due.is_empty() {
            return Ok(done);
        }
        let mut results = performer.perform(due).chunks(RESULTS_AT_ONCE);
        while let Some(chunk) = results.next().await {
            let mut commands = Vec::new();
            for it in chunk {
                match it {
                    Performed::Result { command, .. } => commands.push(command),
                    Performed::StillDue { effect, error } => {
                        tracing::warn!(%effect, %error, "an effect stays due");
                        given_up.insert(effect);
                        done.still_due += 1;
                    }
                }
            }
            done.performed += site.report(&commands).await?;
        }
    }
}

/// Sends commands of ours through intake; yields how many were accepted.
///
/// # Errors
/// When one of them is refused or never became a command: then something is wrong with us.
pub(crate) async fn send(node: &mut Node, commands: &[Value], door: Door<'_>) -> Result<u64> {
    let inputs: Vec<Input<'_>> =
        (1..).zip(commands).map(|(number, it)| Input::line(number, it.to_string().into_bytes())).collect();
    let mut accepted = 0;
    for pending in node.intake.take(&inputs, Mode::Live, door, &mut FileTimes::default()).await {
        must_hold(pending.answer().await)?;
        accepted += 1;
    }
    Ok(accepted)
}

/// What was told of a command of ours, which must be accepted.
///
/// # Errors
/// When it is refused or never became a command: then something is wrong with us.
pub(crate) fn must_hold(answer: Answer) -> Result<Told> {
    match answer {
        Answer::Told(told) if told.accepted => Ok(told),
        Answer::Told(told) => bail!("a command of ours was refused: {}", told.outcome),
        Answer::Problem(problem) => bail!("a command of ours has a problem: {}", problem.reason.message),
    }
}
