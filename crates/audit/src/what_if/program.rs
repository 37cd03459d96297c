//! The program in both worlds: as it was published, and as it would have been.

use claim_domain::catalog::{Catalog, CatalogAt};
use claim_domain::command::PublishEngagement;
use claim_domain::event::{EngagementPublished, EngagementRetired, Event};
use claim_domain::ids::EngagementId;
use claim_domain::time::Instant;
use claim_domain::version::V;
use claim_journal::Decision;

/// The catalog of both worlds.
#[derive(Debug)]
pub(super) struct Programs {
    recorded: Catalog,
    changed: Catalog,
    changes: Vec<PublishEngagement>,
    /// Decisions judged from here on are of the changed world.
    from: Option<Instant>,
    /// The newest sequence.
    sequence: u64,
    /// Whether the changes begin in the past, as if published at `from`, and that was done.
    begun: bool,
}

impl Programs {
    pub(super) fn new(changes: Vec<PublishEngagement>, from: Option<Instant>) -> Self {
        let (recorded, changed) = Default::default();
        Self { recorded, changed, changes, from, sequence: 0, begun: from.is_none() }
    }

    /// Folds a decision of the program.
    pub(super) fn apply(&mut self, sequence: u64, decision: &Decision) {
        let is_changed = self.from.is_none_or(|from| decision.judged_at >= from);
        if is_changed {
            self.begin();
        }
        for event in decision.events() {
            self.recorded.evolve(sequence, event);
            match event {
                Event::EngagementPublished(it) if is_changed => match self.change(&it.engagement) {
                    Some(changed) => self.changed.evolve(sequence, &published(changed)),
                    None => self.changed.evolve(sequence, event),
                },
                _ => self.changed.evolve(sequence, event),
            }
        }
        self.sequence = sequence;
    }

    /// Ends the program; yields an engagement that is to be changed and was never published.
    pub(super) fn end(&mut self) -> Option<EngagementId> {
        self.begin();
        let newest = self.recorded.at(self.sequence);
        self.changes.iter().map(|it| &it.engagement).find(|it| newest.newest(it).is_none()).cloned()
    }

    /// Publishes the changed terms of what is published already, as if at `from`: behind all that was decided before it.
    fn begin(&mut self) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        for change in &self.changes {
            let Some(before) = self.recorded.at(self.sequence).newest(&change.engagement) else { continue };
            let retired = before.retired;
            self.changed.evolve(self.sequence, &published(change));
            if retired {
                let engagement = change.engagement.clone();
                self.changed.evolve(self.sequence, &EngagementRetired { version: V, engagement }.into());
            }
        }
    }

    fn change(&self, engagement: &EngagementId) -> Option<&PublishEngagement> {
        self.changes.iter().find(|it| it.engagement == *engagement)
    }

    /// The engagements that are changed.
    pub(super) fn engagements(&self) -> impl Iterator<Item = &EngagementId> {
        self.changes.iter().map(|it| &it.engagement)
    }

    /// The catalog as it was published, at a position of the program.
    pub(super) fn recorded(&self, sequence: u64) -> CatalogAt<'_> {
        self.recorded.at(sequence)
    }

    /// The catalog that a decision judged then is made with in the changed world.
    pub(super) fn changed(&self, sequence: u64, judged_at: Instant) -> CatalogAt<'_> {
        match self.from {
            Some(from) if judged_at < from => self.recorded.at(sequence),
            _ => self.changed.at(sequence),
        }
    }

    /// The newest position.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// The event that publishes these terms; the catalog counts versions by itself.
fn published(change: &PublishEngagement) -> Event {
    let (engagement, terms) = (change.engagement.clone(), change.terms.clone());
    EngagementPublished { version: V, engagement, terms_version: 0, terms }.into()
}
