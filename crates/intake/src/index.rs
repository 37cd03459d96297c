//! What intake remembers of everything it routed: known ids, what references resolve to, which facts are fresh.
//!
//! It is a fold of journal and bindings, so it can always be made again (DESIGN §4, "Known ids").

use std::collections::HashMap;

use claim_domain::asker::Source;
use claim_domain::command::{About, Command};
use claim_domain::event::Event;
use claim_domain::identifier::{IdKind, Identifier};
use claim_domain::ids::{ClaimId, CommandId, CustomerId, EngagementId};
use claim_domain::time::Instant;
use claim_journal::{Content, Decision, Digest, PartitionId, Route};

use crate::asking::ClaimRef;
use crate::identity::Identity;

/// Everything remembered.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) identity: Identity,
    ids: HashMap<(Source, CommandId), Known>,
    creations: HashMap<CommandId, Vec<Creation>>,
    claims: HashMap<ClaimId, CustomerId>,
    observed: HashMap<(CustomerId, Identifier), Instant>,
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
    /// Folds a decision of the log.
    pub(crate) fn decided(&mut self, partition: PartitionId, decision: &Decision) {
        self.newest = self.newest.max(decision.judged_at);
        let Some(asked) = decision.asked() else { return };
        self.newest = self.newest.max(asked.received_at);
        self.given = self.given.max(Some(asked.received_at));
        let route = match (&asked.content, decision.customer) {
            _ if partition == PartitionId::Program => Route::Program,
            (_, Some(customer)) => Route::Customer(customer),
            (Content::Command(command), None) => match command.about() {
                About::Claim(claim) => Route::Claim(claim),
                About::Program | About::Identifier(_) | About::Customer(_) => Route::Program,
            },
            // The first command under this id told the route.
            (Content::Reused(_), None) => Route::Program,
        };
        let command = match &asked.content {
            Content::Command(command) => Some(command),
            Content::Reused(_) => None,
        };
        self.note(&asked.source, asked.id, asked.digest, route);
        if let (Some(command), Some(customer)) = (command, decision.customer) {
            self.note_creation(&asked.source, asked.id, customer, command);
        }
        for event in decision.events() {
            if let (Event::CustomerFactsRecorded(it), Some(customer)) = (event, decision.customer) {
                self.note_observation(
                    customer,
                    effective(&it.identifier, it.tenant.as_ref()),
                    it.observed_at,
                );
            }
        }
    }

    pub(crate) fn known(&self, source: &Source, id: CommandId) -> Option<&Known> {
        self.ids.get(&(source.clone(), id))
    }

    /// Remembers a routed id; its first route stays.
    pub(crate) fn note(&mut self, source: &Source, id: CommandId, digest: Digest, route: Route) {
        let known = self
            .ids
            .entry((source.clone(), id))
            .or_insert_with(|| Known { route, digests: Vec::with_capacity(1) });
        if !known.digests.contains(&digest) {
            known.digests.push(digest);
        }
    }

    /// Remembers what references to this command resolve to.
    pub(crate) fn note_creation(
        &mut self,
        source: &Source,
        id: CommandId,
        customer: CustomerId,
        command: &Command,
    ) {
        let engagements = match command {
            Command::AddCustomer(it) => &it.engagements,
            Command::ClaimCustomer(it) => &it.engagements,
            _ => return,
        };
        // Hardly ever more than one, and a list would begin with room for four.
        let creations = self.creations.entry(id).or_insert_with(|| Vec::with_capacity(1));
        if creations.iter().any(|it| it.source == *source) {
            return;
        }
        for engagement in engagements {
            self.claims.insert(ClaimId::derive(customer, &source.to_string(), id, engagement), customer);
        }
        creations.push(Creation { source: source.clone(), customer, engagements: engagements.clone() });
    }

    /// The claim that a reference means: one's own source first, else the only other one; none when there is no such
    /// command, or several, or it does not name the engagement.
    pub(crate) fn claim(&self, asker: &Source, reference: &ClaimRef) -> Option<ClaimId> {
        let it = self.creation(asker, reference.command)?;
        let source = it.source.to_string();
        let named = it.engagements.contains(&reference.engagement);
        named.then(|| ClaimId::derive(it.customer, &source, reference.command, &reference.engagement))
    }

    /// The customer that a reference means.
    pub(crate) fn customer(&self, asker: &Source, command: CommandId) -> Option<CustomerId> {
        self.creation(asker, command).map(|it| it.customer)
    }

    fn creation(&self, asker: &Source, command: CommandId) -> Option<&Creation> {
        let creations = self.creations.get(&command)?;
        creations.iter().find(|it| it.source == *asker).or(match creations.as_slice() {
            [only] => Some(only),
            _ => None,
        })
    }

    /// The customer of a claim, if a routed command creates it.
    pub(crate) fn customer_of(&self, claim: ClaimId) -> Option<CustomerId> {
        self.claims.get(&claim).copied()
    }

    /// When the facts of an identifier, a domain's being its tenant's, were last observed as far as is known here.
    pub(crate) fn observed(&self, customer: CustomerId, effective: &Identifier) -> Option<Instant> {
        self.observed.get(&(customer, effective.clone())).copied()
    }

    pub(crate) fn note_observation(&mut self, customer: CustomerId, effective: &Identifier, at: Instant) {
        let observed = self.observed.entry((customer, effective.clone())).or_insert(at);
        *observed = at.max(*observed);
    }
}
