//! What intake remembers of everything it routed: known ids, what references resolve to, which facts are fresh.
//!
//! It is a fold of journal and bindings, so it can always be made again (DESIGN §4, "Known ids"). Where a snapshot holds
//! the past, only what is newer is in memory.

use std::borrow::Cow;
use std::sync::Arc;

use claim_domain::asker::Source;
use claim_domain::command::Command;
use claim_domain::event::Event;
use claim_domain::identifier::{IdKind, Identifier};
use claim_domain::ids::{ClaimId, CommandId, CustomerId, EngagementId};
use claim_domain::time::Instant;
use claim_journal::{Content, Decision, Digest, PartitionId, Route};
use claim_snapshot::{Cut, Layers, Snapshot, Unreadable, free, route, takes};

use crate::asking::ClaimRef;
use crate::bindings::Progress;
use crate::identity::Identity;
use crate::turning::Turning;

/// Everything remembered.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) identity: Identity,
    ids: Layers<(Source, CommandId), Known>,
    creations: Layers<CommandId, Vec<Creation>>,
    claims: Layers<ClaimId, CustomerId>,
    observed: Layers<(CustomerId, Identifier), Instant>,
    /// What holds the rest, and when what is in memory may be forgotten.
    below: Option<(Arc<Snapshot>, Turning)>,
    /// The newest time that the log was given with a command (CONTRACT §1).
    pub(crate) given: Option<Instant>,
    /// The newest time that the log holds.
    pub(crate) newest: Instant,
}

/// A command that was routed.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) route: Route,
    /// The digests of the bodies seen under this id.
    pub(crate) digests: Vec<Digest>,
}

#[derive(Clone, Debug)]
struct Creation {
    source: Source,
    customer: CustomerId,
    engagements: Vec<EngagementId>,
}

/// The facts of an identifier are those of its tenant when it is a domain.
pub(crate) fn effective<'a>(identifier: &'a Identifier, tenant: Option<&'a Identifier>) -> &'a Identifier {
    tenant.filter(|_| identifier.kind() == IdKind::DomainName).unwrap_or(identifier)
}

impl Index {
    /// An index that goes on from a snapshot; `durable` tells the end of the log.
    pub(crate) fn over(
        snapshot: &Arc<Snapshot>,
        cut: &Cut,
        durable: Box<dyn Fn() -> u64 + Send + Sync>,
    ) -> Self {
        Self {
            identity: Identity::over(Arc::clone(snapshot)),
            below: Some((Arc::clone(snapshot), Turning::new(durable))),
            given: cut.given,
            newest: cut.newest,
            ..Self::default()
        }
    }

    fn snapshot(&self) -> Option<&Snapshot> {
        self.below.as_ref().map(|(snapshot, _)| &**snapshot)
    }

    /// Why nothing can be known any more.
    pub(crate) fn damage(&self) -> Option<&str> {
        self.snapshot().and_then(Snapshot::damage)
    }

    /// To be held by whoever waits for the outcome of what is remembered now: until all of them are dropped, a snapshot may
    /// not hold it.
    pub(crate) fn hold(&self) -> Option<Arc<()>> {
        self.below.as_ref().map(|(_, turning)| turning.hold())
    }

    /// Forgets what the snapshot holds by now.
    pub(crate) fn forget(&mut self, bound: Progress) {
        let Some((snapshot, turning)) = &mut self.below else { return };
        if turning.turns(snapshot.end(), bound) {
            let mut forgotten = Vec::from(self.identity.turn());
            forgotten.extend([self.ids.turn(), self.creations.turn()]);
            forgotten.extend([self.claims.turn(), self.observed.turn()]);
            free(forgotten);
        }
    }

    /// Folds a decision of the log.
    pub(crate) fn decided(&mut self, partition: PartitionId, decision: &Decision) -> Result<(), Unreadable> {
        self.newest = self.newest.max(decision.judged_at);
        let (Some(asked), Some(route)) = (decision.asked(), route(partition, decision)) else {
            return Ok(());
        };
        self.newest = self.newest.max(asked.received_at);
        self.given = self.given.max(Some(asked.received_at));
        self.note(&asked.source, asked.id, asked.digest, route)?;
        if let (Content::Command(command), Some(customer)) = (&asked.content, decision.customer) {
            self.note_creation(&asked.source, asked.id, customer, command);
        }
        for event in decision.events() {
            if let (Event::CustomerFactsRecorded(it), Some(customer)) = (event, decision.customer) {
                let whose = effective(&it.identifier, it.tenant.as_ref());
                self.note_observation(customer, whose, it.observed_at);
            }
        }
        Ok(())
    }

    /// What is known of an id.
    pub(crate) fn known(&self, source: &Source, id: CommandId) -> Result<Option<Cow<'_, Known>>, Unreadable> {
        if let Some(known) = self.ids.get(&(source.clone(), id)) {
            return Ok(Some(Cow::Borrowed(known)));
        }
        let answers = self.snapshot().map(|it| it.answers(source, id)).transpose()?.flatten();
        Ok(answers.map(|it| {
            let digests = it.told.iter().map(|(digest, _)| *digest).collect();
            Cow::Owned(Known { route: it.route, digests })
        }))
    }

    /// Remembers a routed id; its first route stays.
    pub(crate) fn note(
        &mut self,
        source: &Source,
        id: CommandId,
        digest: Digest,
        route: Route,
    ) -> Result<(), Unreadable> {
        let key = (source.clone(), id);
        if self.ids.get(&key).is_none() {
            match self.known(source, id)?.map(Cow::into_owned) {
                Some(known) => self.ids.insert(key.clone(), known),
                None => {
                    self.note_first(source, id, digest, route);
                    return Ok(());
                }
            }
        }
        if let Some(known) = self.ids.get_mut(&key).filter(|it| !it.digests.contains(&digest)) {
            known.digests.push(digest);
        }
        Ok(())
    }

    /// Remembers an id that was not known.
    pub(crate) fn note_first(&mut self, source: &Source, id: CommandId, digest: Digest, route: Route) {
        self.ids.insert((source.clone(), id), Known { route, digests: vec![digest] });
    }

    /// Remembers what references to this command resolve to.
    pub(crate) fn note_creation(
        &mut self,
        source: &Source,
        id: CommandId,
        customer: CustomerId,
        command: &Command,
    ) {
        let Some(engagements) = takes(command) else { return };
        let mut creations = self.creations.get(&id).cloned().unwrap_or_default();
        if creations.iter().any(|it| it.source == *source) {
            return;
        }
        for engagement in engagements {
            self.claims.insert(ClaimId::derive(customer, &source.to_string(), id, engagement), customer);
        }
        // Hardly ever more than one, and a list would grow with room for four.
        creations.reserve_exact(1);
        creations.push(Creation { source: source.clone(), customer, engagements: engagements.to_vec() });
        self.creations.insert(id, creations);
    }

    /// The claim that a reference means: one's own source first, else the only other one; none when there is no such
    /// command, or several, or it does not name the engagement.
    pub(crate) fn claim(&self, asker: &Source, reference: &ClaimRef) -> Result<Option<ClaimId>, Unreadable> {
        let Some(it) = self.creation(asker, reference.command)? else { return Ok(None) };
        let source = it.source.to_string();
        let named = it.engagements.contains(&reference.engagement);
        Ok(named.then(|| ClaimId::derive(it.customer, &source, reference.command, &reference.engagement)))
    }

    /// The customer that a reference means.
    pub(crate) fn customer(
        &self,
        asker: &Source,
        command: CommandId,
    ) -> Result<Option<CustomerId>, Unreadable> {
        Ok(self.creation(asker, command)?.map(|it| it.customer))
    }

    fn creation(&self, asker: &Source, command: CommandId) -> Result<Option<Creation>, Unreadable> {
        let mut all = self.creations.get(&command).cloned().unwrap_or_default();
        if all.iter().all(|it| it.source != *asker)
            && let Some(snapshot) = self.snapshot()
        {
            for (source, answers) in snapshot.answers_of(command)? {
                if let Some((customer, engagements)) = answers.asks_for
                    && all.iter().all(|it| it.source != source)
                {
                    all.push(Creation { source, customer, engagements });
                }
            }
        }
        let own = all.iter().position(|it| it.source == *asker);
        let only = (all.len() == 1).then_some(0);
        Ok(own.or(only).map(|index| all.swap_remove(index)))
    }

    /// The customer of a claim, if a routed command creates it.
    pub(crate) fn customer_of(&self, claim: ClaimId) -> Result<Option<CustomerId>, Unreadable> {
        match (self.claims.get(&claim), self.snapshot()) {
            (Some(customer), _) => Ok(Some(*customer)),
            (None, Some(snapshot)) => snapshot.customer_of(claim),
            (None, None) => Ok(None),
        }
    }

    /// When the facts of an identifier, a domain's being its tenant's, were last observed as far as is known here.
    pub(crate) fn observed(
        &self,
        customer: CustomerId,
        effective: &Identifier,
    ) -> Result<Option<Instant>, Unreadable> {
        match (self.observed.get(&(customer, effective.clone())), self.snapshot()) {
            (Some(at), _) => Ok(Some(*at)),
            (None, Some(snapshot)) => {
                let known = snapshot.customer(customer)?;
                Ok(known.and_then(|it| Some(it.customer.facts.get(effective)?.observed_at)))
            }
            (None, None) => Ok(None),
        }
    }

    /// Remembers an observation that is newer than what [`Self::observed`] tells, or not.
    pub(crate) fn note_observation(&mut self, customer: CustomerId, effective: &Identifier, at: Instant) {
        let observed = self.observed.entry((customer, effective.clone()));
        *observed = at.max(*observed);
    }
}
