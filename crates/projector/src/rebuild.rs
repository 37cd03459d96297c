//! A view folded afresh beside the live one, and exchanged for it in one transaction (F-37).

use claim_log::ReadLog;

use crate::error::ProjectError;
use crate::projector::Schema;
use crate::runner::{Progress, Runner, named};
use crate::views::{Scratch, Views};

/// Folds a view afresh from the whole journal, or all views when none is named, up to where the live ones stand, and
/// exchanges the tables at once. Readers see the old view or the new one; a kill leaves the old one. No effect is
/// performed: nothing here can.
///
/// # Errors
/// [`ProjectError`]; the live views are then as they were.
pub fn rebuild(
    runner: &mut Runner,
    log: &dyn ReadLog,
    name: Option<&str>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), ProjectError> {
    let chosen = named(runner.definitions(), name)?;
    runner.replace(&chosen, log, progress)
}

impl Runner {
    /// Folds these afresh beside, up to the live checkpoints, and exchanges their tables.
    pub(crate) fn replace(
        &mut self,
        chosen: &[Schema],
        log: &dyn ReadLog,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ProjectError> {
        let replaced = self.fold_beside(chosen, log, progress);
        self.forget();
        replaced
    }

    fn fold_beside(
        &self,
        chosen: &[Schema],
        log: &dyn ReadLog,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ProjectError> {
        let (scratch, beside) = Scratch::beside(self.views())?;
        let fresh = self.fold_afresh(beside, chosen, log, progress)?;
        scratch.within_reach(|| self.exchange(chosen, &fresh, &scratch))
    }

    /// Folds these into other views, as this one would, up to the live checkpoints.
    pub(crate) fn fold_afresh(
        &self,
        into: Views,
        chosen: &[Schema],
        log: &dyn ReadLog,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Views, ProjectError> {
        let folded = self.definitions().iter().filter(|it| chosen.contains(&it.schema)).copied().collect();
        let mut fresh = self.twin(into, folded)?;
        fresh.fold(log, Some(self.views().checkpoints()?), progress)?;
        Ok(fresh.into_views())
    }

    /// Exchanges the tables. The live views still stand where the fresh ones do: only a newer runner could have moved them,
    /// and that fences this one.
    fn exchange(&self, chosen: &[Schema], fresh: &Views, scratch: &Scratch<'_>) -> Result<(), ProjectError> {
        let doing = "exchanging the views";
        let views = self.views();
        let begin = views.begin()?;
        views.database().keep_readers_out(doing)?;
        self.require_generation()?;
        if views.checkpoints()? != fresh.checkpoints()? {
            return Err(ProjectError::Fenced);
        }
        for schema in chosen {
            views.drop_tables(schema)?;
            scratch.hand_over(schema)?;
            views.own(schema)?;
        }
        Ok(begin.commit(doing)?)
    }
}
