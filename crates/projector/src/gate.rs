//! Another program is let in only if it folds what is on the journal as it was folded before (I-20).

use claim_log::ReadLog;

use crate::error::ProjectError;
use crate::folds::Parting;
use crate::projector::Schema;
use crate::reader::Reader;
use crate::runner::{Progress, Runner, schemas};
use crate::views::{Checkpoints, Views};

impl Runner {
    /// Holds this program against the one that folded the views, when it is another: folds the journal afresh beside, up to
    /// where the views stand, and compares event by event. A view whose version was raised is left out, since it is folded
    /// afresh anyway; so are all when the number of the rules was raised. Nothing but the program's name is written.
    ///
    /// Call it before anything is decided; [`Self::catch_up`] and [`Self::follow`] do so too. Costs one question while the
    /// program is the same. The fold of the catalog is not compared, which the readers of the views make of its events.
    ///
    /// # Errors
    /// [`ProjectError::OtherFold`] with the first event that is folded otherwise, else as [`Self::catch_up`].
    pub fn admit(&self, log: &dyn ReadLog, progress: &mut dyn FnMut(Progress)) -> Result<(), ProjectError> {
        self.folds_alike(log, progress).map(drop)
    }

    /// The same; answers whether what is folded may stay: not, where nothing is or the number of the rules differs.
    pub(crate) fn folds_alike(
        &self,
        log: &dyn ReadLog,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<bool, ProjectError> {
        let before = match self.views().program()? {
            Some(before) if before.rules == self.program().rules => before,
            Some(_) | None => return Ok(false),
        };
        if before == *self.program() {
            return Ok(true);
        }
        let mut compared = Vec::new();
        for schema in schemas(self.definitions()) {
            if self.views().version(schema.name)? == Some(schema.version) {
                compared.push(schema);
            }
        }
        let fresh = self.fold_afresh(Views::private()?, &compared, log, progress)?;
        for schema in compared {
            let partings = self.views().partings(&fresh, schema.name)?;
            if !partings.is_empty() {
                return Err(self.other_fold(log, schema, &partings)?);
            }
        }
        self.sign()?;
        Ok(true)
    }

    /// Records that this program folds now.
    pub(crate) fn sign(&self) -> Result<(), ProjectError> {
        let begin = self.views().begin()?;
        self.require_generation()?;
        self.views().write_program(self.program())?;
        Ok(begin.commit("recording which program folds")?)
    }

    /// Which of these comes first on the log, and what stands there.
    fn other_fold(
        &self,
        log: &dyn ReadLog,
        schema: Schema,
        partings: &[Parting],
    ) -> Result<ProjectError, ProjectError> {
        let until = self.views().checkpoints()?;
        let beginning = Checkpoints::new();
        let mut reader = Reader::resume(log, self.offsets(), self.accept_void(), &beginning, Some(until))?;
        loop {
            let batch = reader.batch();
            for read in &batch.decisions {
                if let Some(parting) = partings.iter().find(|it| it.position == read.position) {
                    let event = read.decision.events().get(parting.number);
                    let event = event.map_or("how it is told", |it| it.event_type());
                    return Ok(ProjectError::OtherFold {
                        view: schema.name,
                        version: schema.version,
                        rules: self.program().rules,
                        position: read.position,
                        event,
                    });
                }
            }
            match batch.end {
                None => {}
                Some(Err(stop)) => return Err(stop),
                // The checkpoints are on the log, or folding afresh had failed.
                Some(Ok(())) => return Err(ProjectError::Fenced),
            }
        }
    }
}
