//! Why a claim is what it is: every decision about it, what decided it, and what would have happened otherwise.

mod otherwise;
mod page;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use claim_domain::claim::{Claim, Deadline};
use claim_domain::command::Command;
use claim_domain::customer::Customer;
use claim_domain::event::Event;
use claim_domain::identifier::{IdKind, Identifier};
use claim_domain::ids::{ClaimId, EngagementId};
use claim_domain::refusal::Refusal;
use claim_domain::rule;
use claim_domain::terms::Terms;
use claim_journal::{Asked, Cause, Content, Decision, Offsets, PartitionId, Position, Ruling};
use claim_log::{ReadLog, Start};
use claim_projector::HistoryEntry;

use crate::again;
use crate::known::Customers;
use crate::program::Program;
use crate::records::{Body, Record};
use crate::sound::{AuditError, each_record};

pub use page::{CameTo, Explanation, FactsUsed, Otherwise, Running, Step, TermsUsed};

/// Explains a claim from the journal alone; none when no decision is about it.
///
/// # Errors
/// [`AuditError`] when the journal cannot be read to its end.
pub fn explain(
    log: &dyn ReadLog,
    offsets: Offsets,
    claim: ClaimId,
) -> Result<Option<Explanation>, AuditError> {
    let mut reading = Reading {
        claim,
        customers: Customers::default(),
        program: Program::default(),
        beaten_by: None,
        steps: Vec::new(),
    };
    each_record(log, offsets, &Start::beginning(), &mut |record| reading.record(&record))?;
    Ok((!reading.steps.is_empty()).then(|| reading.explained()))
}

struct Reading {
    claim: ClaimId,
    customers: Customers,
    program: Program,
    /// The last deadline of the claim that fired, and the customer as it was before it.
    beaten_by: Option<(Deadline, Customer)>,
    steps: Vec<Step>,
}

impl Reading {
    fn record(&mut self, record: &Record) {
        let Body::Decision(decision, ..) = &record.body else { return };
        if record.partition == PartitionId::Program {
            return self.program.apply(record.sequence, record.head, decision);
        }
        let position = Position { partition: record.partition, sequence: record.sequence };
        if let Some(entry) = HistoryEntry::of(decision, position, self.claim) {
            let step = self.step(entry.into_owned(), decision);
            self.steps.push(step);
        }
        let Some(id) = decision.customer.filter(|it| it.slot() == self.claim.slot()) else { return };
        if let (Cause::Deadline(deadline), Some(known)) = (&decision.cause, self.customers.get(id))
            && deadline.claim == self.claim
        {
            self.beaten_by = Some((*deadline, known.customer.clone()));
        }
        self.customers.apply(id, decision, |event, customer, stamp| customer.evolve(event, stamp));
        // The step was told before its decision was folded; what runs afterwards is known now.
        if let (Some(step), Some(known)) = (self.steps.last_mut(), self.customers.get(id))
            && step.entry.position == position
        {
            step.status_after = known.customer.claim(self.claim).map(|it| it.status);
            step.next_deadline = otherwise::running(&known.customer, self.claim);
        }
    }

    /// A decision about the claim, seen from before it.
    fn step(&self, entry: HistoryEntry<'static>, decision: &Decision) -> Step {
        let nobody = Customer::default();
        let known = decision.customer.and_then(|it| self.customers.get(it));
        let customer = known.map_or(&nobody, |it| &it.customer);
        let claim = customer.claim(self.claim);
        let terms = self.terms(decision, claim);
        let version = terms.as_ref().and_then(|it| {
            let catalog = self.program.catalog.at(it.program);
            catalog.version(&it.engagement, it.version).map(AsRef::as_ref)
        });
        let (facts, otherwise) = match &decision.cause {
            Cause::Deadline(deadline) => (Vec::new(), Some(otherwise::prevented(deadline.kind))),
            Cause::Asked(asked) => {
                (facts(decision, asked, customer, claim), self.otherwise(decision, asked, customer))
            }
        };
        Step {
            status_before: claim.map(|it| it.status),
            status_after: claim.map(|it| it.status),
            rules: deciding(decision, self.claim, version),
            next_deadline: otherwise::running(customer, self.claim),
            entry,
            terms,
            facts,
            otherwise,
        }
    }

    /// The version that the claim was made under, or the newest one of the engagement that it would have been for.
    fn terms(&self, decision: &Decision, claim: Option<&Claim>) -> Option<TermsUsed> {
        let program = decision.program?.sequence;
        let created = decision.events().iter().find(|it| it.claim() == Some(self.claim)).and_then(created);
        let (engagement, version) = match (claim, created) {
            (Some(claim), _) => (claim.engagement.clone(), claim.terms_version),
            (None, Some((engagement, version))) => (engagement.clone(), version),
            (None, None) => return None,
        };
        Some(TermsUsed { engagement, version, program })
    }

    fn otherwise(&self, decision: &Decision, asked: &Asked, customer: &Customer) -> Option<Otherwise> {
        let Content::Command(command) = &asked.content else { return None };
        let context = again::context(&self.program.catalog, decision, asked);
        match &decision.outcome {
            Ruling::Accepted(_) => otherwise::later(customer, self.claim, command, &context),
            Ruling::Refused(reason) => match (&reason.refusal, &self.beaten_by) {
                (Refusal::DeadlineReached { due_at, .. }, Some((deadline, before)))
                    if deadline.due_at == *due_at =>
                {
                    otherwise::earlier(before, *deadline, command, &context)
                }
                _ => None,
            },
        }
    }

    fn explained(self) -> Explanation {
        let id = self.customers.of_claim(self.claim);
        let known = id.and_then(|it| self.customers.get(it));
        let claim = known.and_then(|it| it.customer.claim(self.claim));
        let named = self.steps.iter().flat_map(|it| it.rules.iter().copied());
        let rules: BTreeMap<_, _> = named.filter_map(|it| Some((it, rule::text(it)?))).collect();
        Explanation {
            claim: self.claim,
            customer: id,
            partner: claim.map(|it| it.partner.clone()),
            engagement: claim.map(|it| it.engagement.clone()),
            status: claim.map(|it| it.status),
            steps: self.steps,
            rules,
        }
    }
}

/// The engagement and the version of its terms that a claim was made under.
fn created(event: &Event) -> Option<(&EngagementId, u32)> {
    match event {
        Event::CustomerAdded(it) => Some((&it.engagement, it.terms_version)),
        Event::CustomerClaimed(it) => Some((&it.engagement, it.terms_version)),
        _ => None,
    }
}

/// The rules that decided, each once, in the order in which they are named.
fn deciding(decision: &Decision, claim: ClaimId, terms: Option<&Terms>) -> Vec<&'static str> {
    let mut rules = match &decision.outcome {
        Ruling::Refused(reason) => rules::of_refusal(&reason.refusal),
        Ruling::Accepted(events) => {
            let about = events.iter().filter(|it| it.claim() == Some(claim));
            let mut rules: Vec<_> = about.flat_map(|it| rules::of_event(it, terms)).collect();
            if let Some(asked) = decision.asked().filter(|_| events.is_empty()) {
                rules.push(rules::of_nothing_new(asked.content.command_type()));
            }
            rules
        }
    };
    let mut seen = BTreeSet::new();
    rules.retain(|it| seen.insert(*it));
    rules
}

/// The facts that the decision looked at: of the identifier of a new claim, and of a claim whose policies were judged.
fn facts(decision: &Decision, asked: &Asked, customer: &Customer, claim: Option<&Claim>) -> Vec<FactsUsed> {
    let Content::Command(command) = &asked.content else { return Vec::new() };
    let judged = decision.events().iter().any(|it| {
        matches!(
            it,
            Event::ReferralConditionsMet(_)
                | Event::ReferralConditionsNotMet(_)
                | Event::CoSellConditionsNotMet(_)
                | Event::CoSellUpgradeIntended(_)
        )
    });
    let whose: Vec<Identifier> = match (command, claim) {
        (Command::AddCustomer(it), _) => {
            let domain = it.customer.kind() == IdKind::DomainName;
            vec![it.found.tenant.clone().filter(|_| domain).unwrap_or_else(|| it.customer.clone())]
        }
        (Command::ClaimCustomer(it), _) => {
            let partner = asked.asker.partner();
            let known = partner.and_then(|it| customer.known.get(it)).into_iter().flatten();
            let named = known.rev().chain(&it.msx_opportunity_id);
            named.map(|it| customer.tenants.get(it).unwrap_or(it).clone()).collect()
        }
        (_, Some(claim)) if judged => {
            vec![claim.tenant.clone().unwrap_or_else(|| claim.identifier.clone())]
        }
        _ => Vec::new(),
    };
    let used = whose.into_iter().map(|identifier| {
        let observation = customer.facts.get(&identifier).cloned();
        FactsUsed { identifier, observation }
    });
    used.collect()
}
