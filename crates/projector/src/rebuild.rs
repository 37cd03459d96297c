//! A view folded afresh beside the live one, and exchanged for it in one transaction (F-37).

use claim_log::ReadLog;
use rusqlite::params;

use crate::error::{ProjectError, StoreError};
use crate::projector::Schema;
use crate::runner::{Progress, Runner, named};
use crate::views::Views;

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
    /// Folds these afresh in a file beside, up to the live checkpoints, and exchanges their tables.
    pub(crate) fn replace(
        &mut self,
        chosen: &[Schema],
        log: &dyn ReadLog,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ProjectError> {
        let mut scratch = Views::scratch(self.views().path(), "rebuild")?;
        let Some(beside) = scratch.take() else { return Ok(()) };
        let folded = self.definitions().iter().filter(|it| chosen.contains(&it.schema)).copied().collect();
        let mut fresh = Self::new(beside, self.offsets(), folded)?;
        fresh.fold(log, Some(self.views().checkpoints()?), progress)?;
        attach(self.views(), scratch.path())?;
        let exchanged = self.exchange(chosen, fresh.views());
        let detached = detach(self.views());
        self.forget();
        exchanged?;
        Ok(detached?)
    }

    /// Exchanges the tables. The live views still stand where the fresh ones do: only a newer runner could have moved them,
    /// and that fences this one.
    fn exchange(&self, chosen: &[Schema], fresh: &Views) -> Result<(), ProjectError> {
        let views = self.views();
        let begin = views.begin()?;
        self.require_generation()?;
        if views.checkpoints()? != fresh.checkpoints()? {
            return Err(ProjectError::Fenced);
        }
        for schema in chosen {
            views.drop_tables(schema)?;
            views.create(schema)?;
            for table in schema.tables {
                let copy = format!("INSERT INTO main.{table} SELECT * FROM fresh.{table}");
                let doing = format!("exchanging table {table}");
                views.connection().execute_batch(&copy).map_err(StoreError::sql(doing))?;
            }
        }
        begin.commit().map_err(StoreError::sql("exchanging the views"))?;
        Ok(())
    }
}

fn attach(views: &Views, path: &std::path::Path) -> Result<(), StoreError> {
    let path = path.to_string_lossy();
    let run = views.connection().execute("ATTACH ?1 AS fresh", params![path]);
    run.map(drop).map_err(StoreError::sql("opening the fresh views"))
}

fn detach(views: &Views) -> Result<(), StoreError> {
    views.connection().execute_batch("DETACH fresh").map_err(StoreError::sql("closing the fresh views"))
}
