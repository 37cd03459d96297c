//! Performing the effects that are due, and reporting what came of them (DESIGN rule 8).

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use claim_effects::{Due, LocalReferrals, Performed, Performer, Schedule, Sleep};
use claim_intake::{Answer, Door, FileTimes, Input, Mode};
use claim_projector_referral::due_referral_effects;
use futures_util::StreamExt;
use serde_json::Value;

use crate::node::Node;
use crate::output;
use crate::views::Folding;

/// Where the stand-in writes what it would send.
pub(crate) const EFFECTS: &str = "effects.ndjson";
/// How many are performed at a time.
const AT_ONCE: usize = 8;
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

/// Performs referral effects until nothing is due that can be done now. Mail waits: there is no mailer yet.
///
/// # Errors
/// When the ledger cannot be read, or a result cannot be recorded.
pub(crate) async fn perform(node: &mut Node, folding: &mut Folding, data: &std::path::Path) -> Result<Done> {
    let path = data.join(EFFECTS);
    let referrals = LocalReferrals::open(&path).with_context(|| format!("opening {}", path.display()))?;
    let performer = Performer::new(Arc::new(referrals), Arc::new(Sleep), Schedule::default(), AT_ONCE);
    let mut done = Done::default();
    let mut given_up = HashSet::new();
    let bar = output::progress("performing effects", None);
    loop {
        folding.catch_up(&*node.log, &bar)?;
        let due = due_referral_effects(&folding.views().snapshot()?, None)?;
        let due: Vec<Due> =
            due.into_iter().filter(|it| !given_up.contains(&it.entry.effect)).map(Due::from).collect();
        if due.is_empty() {
            bar.finish_and_clear();
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
            done.performed += send(node, &commands, Door::Effects).await?;
        }
    }
}

/// Sends commands of ours through intake; yields how many were accepted.
///
/// # Errors
/// When one of them is refused or never became a command: then something is wrong with us.
pub(crate) async fn send(node: &mut Node, commands: &[Value], door: Door<'_>) -> Result<u64> {
    let inputs: Vec<Input> =
        (1..).zip(commands).map(|(number, it)| Input::line(number, it.to_string().into_bytes())).collect();
    let mut accepted = 0;
    for pending in node.intake.take(&inputs, Mode::Live, door, &mut FileTimes::default()).await {
        match pending.answer().await {
            Answer::Told(told) if told.accepted => accepted += 1,
            Answer::Told(told) => bail!("a command of ours was refused: {}", told.outcome),
            Answer::Problem(problem) => bail!("a command of ours has a problem: {}", problem.reason.message),
        }
    }
    Ok(accepted)
}
