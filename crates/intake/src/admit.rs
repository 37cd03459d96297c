//! What depends on order: time, known ids, references, bindings, facts.

use claim_domain::asker::{Asker, Source};
use claim_domain::command::{About, Command, Found, Opportunity, RecordCustomerFacts};
use claim_domain::identifier::Identifier;
use claim_domain::ids::{CommandId, CustomerId, NAMESPACE};
use claim_domain::text::Label;
use claim_domain::time::Instant;
use claim_journal::{Binding, Route, Routed};
use claim_snapshot::Unreadable;
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::answer::unavailable_problem;
use crate::asking::Asking;
use crate::clock::Mode;
use crate::digest::body_digest;
use crate::forward::{Admitted, persons};
use crate::index::effective;
use crate::intake::Intake;
use crate::lookup::{Looked, facts_of_bound};
use crate::ports::Facts;
use crate::problem::{Problem, ProblemCode};

/// How old facts may be before they are looked up again: 24 hours, in milliseconds.
const FACTS_MAX_AGE_MS: i64 = 24 * 60 * 60 * 1_000;

/// When a command was received, and whose word that is.
#[derive(Clone, Copy)]
struct Received {
    at: Instant,
    mode: Mode,
}

/// What the directory knows of an identifier of a customer.
struct Observed {
    customer: CustomerId,
    identifier: Identifier,
    /// The tenant derived from a domain.
    tenant: Option<Identifier>,
    facts: Option<Facts>,
}

impl Intake {
    /// Makes a readable command a routed one; `before` is the time that the last readable line before it brought.
    pub(crate) async fn admit(
        &mut self,
        mut asking: Asking,
        looked: Result<Option<Looked>, Problem>,
        mode: Mode,
        before: Option<Instant>,
    ) -> Result<Admitted, Problem> {
        if let Some(why) = self.stopped.as_deref().or(self.index.damage()) {
            return Err(unavailable_problem(why));
        }
        if let Some(known) = self.index.known(&asking.source, asking.id)? {
            let (route, repeat) = (known.route, known.digests.contains(&asking.digest));
            return self.admit_known(asking, route, repeat, mode, before);
        }
        let looked = looked?;
        self.resolve(&mut asking)?;
        let received =
            Received { at: self.clock.receive(mode, asking.received_at, asking.stamped_at, before)?, mode };

        let mut ahead = Vec::new();
        let (route, binding) = match asking.command.about() {
            About::Program => (Route::Program, None),
            About::Claim(claim) => (Route::Claim(claim), None),
            About::Identifier(nominated) => {
                let nominated = nominated.clone();
                let customer =
                    self.meet(&mut asking, &nominated, looked.unwrap_or_default(), received, &mut ahead)?;
                (Route::Customer(customer), self.index.identity.binding(&nominated)?)
            }
            About::Customer(customer) => {
                self.meet_again(&mut asking, customer, looked, received, &mut ahead).await?;
                (Route::Customer(customer), None)
            }
        };
        self.clock.give(received.at);
        self.index.note_first(&asking.source, asking.id, asking.digest, route);
        let customer = match route {
            Route::Customer(customer) => customer,
            Route::Claim(claim) => self.index.customer_of(claim)?.unwrap_or(CustomerId(Uuid::nil())),
            Route::Program => CustomerId(Uuid::nil()),
        };
        self.index.note_creation(&asking.source, asking.id, customer, &asking.command);
        let personal = persons(&mut asking, customer);
        Ok(Admitted { routed: Box::new(self.route(asking, route, received, binding)), personal, ahead })
    }

    /// A known id goes to where it was answered; a repeat is answered first, whatever its time (CONTRACT §1).
    fn admit_known(
        &mut self,
        asking: Asking,
        route: Route,
        repeat: bool,
        mode: Mode,
        before: Option<Instant>,
    ) -> Result<Admitted, Problem> {
        let at = if repeat {
            asking.stamped_at.or(self.clock.given()).unwrap_or_default()
        } else {
            let at = self.clock.receive(mode, asking.received_at, asking.stamped_at, before)?;
            self.clock.give(at);
            at
        };
        self.index.note(&asking.source, asking.id, asking.digest, route)?;
        let routed = Box::new(self.route(asking, route, Received { at, mode }, None));
        Ok(Admitted { routed, personal: Vec::new(), ahead: Vec::new() })
    }

    fn route(&self, asking: Asking, route: Route, received: Received, binding: Option<Binding>) -> Routed {
        Routed {
            route,
            source: asking.source,
            id: asking.id,
            asker: asking.asker,
            digest: asking.digest,
            received_at: received.at,
            imported: received.mode == Mode::AsRecorded,
            correlation: asking.correlation,
            binding,
            program: self.program,
            command: asking.command,
        }
    }

    /// Puts what references resolve to in their places (CONTRACT §1).
    fn resolve(&self, asking: &mut Asking) -> Result<(), Problem> {
        let not_found = |reference: String| {
            let message = "no routed Add or Claim of this id creates what is referred to, or several do";
            Problem::new(ProblemCode::ReferenceNotFound, message).with("reference", reference)
        };
        if let Some(reference) = &asking.claim_ref {
            let claim = self.index.claim(&asking.source, reference)?;
            let claim =
                claim.ok_or_else(|| not_found(format!("@{}/{}", reference.command, reference.engagement)))?;
            if let Some(slot) = asking.command.claim_mut() {
                *slot = claim;
            }
        }
        if let (Some(command), Command::ClaimCustomer(it)) = (asking.customer_ref, &mut asking.command) {
            let customer = self.index.customer(&asking.source, command)?;
            it.customer = customer.ok_or_else(|| not_found(format!("@{command}")))?;
        }
        Ok(())
    }

    /// The customer that a nomination means; binds what is not bound yet, and sees to fresh facts.
    fn meet(
        &mut self,
        asking: &mut Asking,
        nominated: &Identifier,
        looked: Looked,
        received: Received,
        ahead: &mut Vec<Routed>,
    ) -> Result<CustomerId, Problem> {
        let looked_at: Vec<&Identifier> =
            std::iter::once(nominated).chain(&looked.tenant).chain(&looked.tpid).collect();
        let nobody = || unavailable_problem("a nomination without an identifier");
        let meant = self.index.identity.meant(&looked_at)?.ok_or_else(nobody)?;
        self.bind(meant.unbound, meant.customer)?;
        // Whoever bound one of them first wins.
        let meant = self.index.identity.meant(&looked_at)?.ok_or_else(nobody)?;
        let customer = meant.customer;
        let tenant = looked.tenant.clone();
        let found = Found {
            tenant: looked.tenant,
            tpid: looked.tpid,
            email_matches: looked.email_matches,
            opportunity: looked.opportunity,
            conflict: meant.conflict,
        };
        match &mut asking.command {
            Command::AddCustomer(it) => {
                it.found = found;
                let identifier = nominated.clone();
                let observed = Observed { customer, identifier, tenant, facts: looked.facts };
                ahead.extend(self.fresh_facts(asking, observed, received)?);
            }
            Command::RecordCustomerFacts(it) => {
                it.found = found;
                // What the engine will record, so that a restart remembers the same.
                let observed_at = it.observed_at;
                let recorded = matches!(asking.asker, Asker::Service { .. }) && observed_at <= received.at;
                if recorded {
                    self.index.note_observation(customer, effective(nominated, tenant.as_ref()), observed_at);
                }
            }
            _ => {}
        }
        Ok(customer)
    }

    /// For Claim: whose the opportunity is, and fresh facts of every identifier bound to the customer.
    async fn meet_again(
        &mut self,
        asking: &mut Asking,
        customer: CustomerId,
        looked: Option<Looked>,
        received: Received,
        ahead: &mut Vec<Routed>,
    ) -> Result<(), Problem> {
        let Command::ClaimCustomer(it) = &mut asking.command else { return Ok(()) };
        if let (Some(opportunity), Some(looked)) = (it.msx_opportunity_id.clone(), looked) {
            let looked_at: Vec<&Identifier> = std::iter::once(&opportunity).chain(&looked.tpid).collect();
            let meant = self.index.identity.meant(&looked_at)?;
            let of_customer = meant.as_ref().is_some_and(|it| it.customer == customer);
            it.found.opportunity = looked.opportunity.map(|found| Opportunity { of_customer, ..found });
            it.found.tpid = looked.tpid;
            if let Some(meant) = meant.filter(|_| of_customer) {
                self.bind(meant.unbound, customer)?;
            }
        }
        let bound = self.index.identity.identifiers(customer)?;
        let found = join_all(bound.iter().map(|it| facts_of_bound(&self.directory, it))).await;
        for (identifier, found) in bound.into_iter().zip(found) {
            let (tenant, facts) = found?;
            let observed = Observed { customer, identifier, tenant, facts };
            ahead.extend(self.fresh_facts(asking, observed, received)?);
        }
        Ok(())
    }

    /// Our own `RecordCustomerFacts` ahead of Add and Claim, when what is known is missing or too old.
    fn fresh_facts(
        &mut self,
        asking: &Asking,
        observed: Observed,
        received: Received,
    ) -> Result<Option<Routed>, Unreadable> {
        let Observed { customer, identifier, tenant, facts } = observed;
        let Some(facts) = facts else { return Ok(None) };
        let observed_at = facts.observed_at.unwrap_or(received.at);
        let whose = effective(&identifier, tenant.as_ref()).clone();
        let last = self.index.observed(customer, &whose)?;
        let oldest = received.at.plus_ms(-FACTS_MAX_AGE_MS);
        if last.is_some_and(|last| last >= oldest || last >= observed_at) {
            return Ok(None);
        }
        let asker = Asker::Service { name: self.ours.clone() };
        let source = asker.source();
        let id = own_id(&asking.source, asking.id, &identifier);
        if self.index.known(&source, id)?.is_some() {
            return Ok(None);
        }
        let said_by = Label::from_code("directory");
        let body = json!({
            "identifier": identifier, "values": facts.values, "observed_at": observed_at, "source": said_by
        });
        let digest = body_digest(self.keys.secret(), "RecordCustomerFacts", 1, &body);
        let route = Route::Customer(customer);
        self.index.note_first(&source, id, digest, route);
        if observed_at <= received.at {
            self.index.note_observation(customer, &whose, observed_at);
        }
        let binding = self.index.identity.binding(&identifier)?;
        let found = Found { tenant, ..Found::default() };
        let command =
            RecordCustomerFacts { identifier, values: facts.values, observed_at, source: said_by, found };
        Ok(Some(Routed {
            route,
            source,
            id,
            asker,
            digest,
            received_at: received.at,
            imported: received.mode == Mode::AsRecorded,
            correlation: asking.correlation.clone(),
            binding,
            program: self.program,
            command: Command::RecordCustomerFacts(command),
        }))
    }
}

/// The id of our own facts: UUIDv5 of asking source `/` asking id `/` identifier.
fn own_id(source: &Source, id: CommandId, identifier: &Identifier) -> CommandId {
    CommandId(Uuid::new_v5(&NAMESPACE, format!("{source}/{id}/{identifier}").as_bytes()))
}
