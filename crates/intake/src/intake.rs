//! The flow: lines in, in order; routed commands out, in the same order; answers back.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use claim_domain::asker::{Asker, INTAKE, Source};
use claim_domain::command::{About, Command, Found, RecordCustomerFacts};
use claim_domain::identifier::Identifier;
use claim_domain::ids::{CommandId, CustomerId, NAMESPACE, ServiceName};
use claim_domain::text::Label;
use claim_domain::time::Instant;
use claim_journal::{
    Binding, Decision, Digest, Kind, Line, PartitionId, Pen, ProgramPosition, Route, Routed, Tick, canonical,
};
use claim_log::{Batch, Feed, Log, Receipt};
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::answer::{Pending, unavailable_problem};
use crate::asking::{self, Asking, Door, Seen};
use crate::clock::{Clock, Mode};
use crate::digest::body_digest;
use crate::index::{Index, effective};
use crate::keys::{Keys, PersonKey, PersonRef};
use crate::lookup::{Looked, facts_of_bound, look_up};
use crate::personal::slot;
use crate::ports::{Facts, WithTimeout};
use crate::problem::{Problem, ProblemCode};
use crate::seal::{Place, seal};

/// How old facts may be before they are looked up again: 24 hours, in milliseconds.
const FACTS_MAX_AGE_MS: i64 = 24 * 60 * 60 * 1_000;

/// The remembered past, on the way to the end of the log.
#[derive(Debug, Default)]
pub struct Remembered(Index);

impl Remembered {
    /// Folds a valid binding of the identity partition.
    pub fn bound(&mut self, line: &Line<'_>) {
        if let Ok(binding) = Binding::decode(line.body) {
            self.0.bound(&binding);
        }
    }

    /// The customer that identifiers mean, in the order in which they count.
    pub(crate) fn meant(&self, looked_at: &[&Identifier]) -> Option<CustomerId> {
        self.0.identity.meant(looked_at).map(|it| it.customer)
    }

    /// Folds a valid decision.
    pub fn decided(&mut self, partition: PartitionId, decision: &Decision) {
        self.0.decided(partition, decision);
    }
}

/// What intake is made of.
pub struct Parts {
    /// Outside systems.
    pub directory: WithTimeout,
    /// The keys of persons.
    pub keys: Arc<dyn Keys>,
    /// Where commands go.
    pub feed: Arc<dyn Feed>,
    /// Where bindings go: the log, and a pen that leads its identity partition.
    pub log: Arc<dyn Log>,
    /// A pen whose lead is durable.
    pub identity: Pen,
    /// The past.
    pub remembered: Remembered,
    /// The position of the program at the start.
    pub program: ProgramPosition,
    /// Whether the log's clock is the newest time given.
    pub simulated: bool,
    /// The wall clock.
    pub wall: Box<dyn Fn() -> Instant + Send + Sync>,
}

/// Intake of one process: one queue, first in, first out.
pub struct Intake {
    directory: WithTimeout,
    keys: Arc<dyn Keys>,
    feed: Arc<dyn Feed>,
    log: Arc<dyn Log>,
    identity: Pen,
    index: Index,
    clock: Clock,
    program: ProgramPosition,
    ours: ServiceName,
    /// Why nothing can be routed any more.
    stopped: Option<String>,
    /// Set when a binding did not become durable.
    unbound: Arc<AtomicBool>,
}

/// The times that one file brought so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileTimes {
    last_readable: Option<Instant>,
}

/// One line to be taken.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes, without the line feed.
    pub bytes: Vec<u8>,
}

/// A command that can be routed once its boxes are closed.
struct Admitted {
    /// Where its answer goes among the answers of the call.
    index: usize,
    input: u64,
    routed: Routed,
    personal: Vec<(&'static str, PersonRef, serde_json::Value)>,
    /// Our own commands that go ahead of it.
    ahead: Vec<Routed>,
}

impl Intake {
    /// An intake that goes on from what is remembered.
    ///
    /// # Errors
    /// When the name of our own service is not a service name, which it is.
    pub fn new(parts: Parts) -> Result<Self, claim_domain::ids::NotAnId> {
        let index = parts.remembered.0;
        Ok(Self {
            clock: Clock::new(parts.wall, parts.simulated, index.newest, index.given),
            directory: parts.directory,
            keys: parts.keys,
            feed: parts.feed,
            log: parts.log,
            identity: parts.identity,
            index,
            program: parts.program,
            ours: INTAKE.parse()?,
            stopped: None,
            unbound: Arc::new(AtomicBool::new(false)),
        })
    }

    /// Intake's clock now; on a simulated log the newest time given.
    pub fn now(&mut self) -> Instant {
        self.clock.now()
    }

    /// Lets every deadline fire that is due by now; imported history only up to the newest time given.
    pub fn tick(&mut self, mode: Mode) {
        match mode {
            Mode::Live => self.feed.tick(Tick { w: self.clock.now(), imported: false }),
            Mode::AsRecorded => {
                if let Some(given) = self.clock.given() {
                    self.feed.tick(Tick { w: given, imported: true });
                }
            }
        }
    }

    /// Takes lines in order; each gets one answer, in the same order.
    ///
    /// Look-ups of all of them run in parallel; commands are forwarded in order. A program command is a barrier: what
    /// follows it waits for its outcome (DESIGN §4).
    pub async fn take(
        &mut self,
        inputs: &[Input],
        mode: Mode,
        door: Door,
        times: &mut FileTimes,
    ) -> Vec<Pending> {
        let mut seen = vec![Seen::default(); inputs.len()];
        let secret = self.keys.secret();
        let asked: Vec<_> = inputs
            .iter()
            .zip(&mut seen)
            .map(|(input, seen)| asking::read(&input.bytes, input.number, door, secret, seen))
            .collect();
        let looked = join_all(asked.iter().map(|asking| self.look_up(asking.as_ref().ok()))).await;

        let mut answers: Vec<Option<Pending>> = (0..inputs.len()).map(|_| None).collect();
        let mut waiting = Vec::new();
        for (index, ((asking, looked), seen)) in asked.into_iter().zip(looked).zip(&seen).enumerate() {
            let input = inputs[index].number;
            let before = times.last_readable;
            times.last_readable = seen.received_at.or(before);
            let admitted = match asking {
                Ok(asking) => self.admit(asking, looked, mode, before).await,
                Err(problem) => Err(problem),
            };
            match admitted {
                Err(problem) => answers[index] = Some(Pending::problem(input, seen.command_id, problem)),
                Ok((routed, personal, ahead)) => {
                    let barrier = routed.route == Route::Program;
                    waiting.push(Admitted { index, input, routed, personal, ahead });
                    if barrier {
                        self.forward(&mut waiting, mode, &mut answers);
                        self.wait_for_program(&mut answers[index]).await;
                    }
                }
            }
        }
        self.forward(&mut waiting, mode, &mut answers);
        answers.into_iter().flatten().collect()
    }

    /// Asks the directory about a command that is not known yet.
    async fn look_up(&self, asking: Option<&Asking>) -> Result<Option<Looked>, Problem> {
        match asking {
            Some(it) if self.index.known(&it.source, it.id).is_none() => {
                look_up(&self.directory, &it.command, it.customer_email.as_ref()).await
            }
            _ => Ok(None),
        }
    }

    /// Everything that depends on order: time, known ids, references, bindings, facts.
    #[allow(clippy::type_complexity)]
    async fn admit(
        &mut self,
        mut asking: Asking,
        looked: Result<Option<Looked>, Problem>,
        mode: Mode,
        before: Option<Instant>,
    ) -> Result<(Routed, Vec<(&'static str, PersonRef, serde_json::Value)>, Vec<Routed>), Problem> {
        if let Some(why) = &self.stopped {
            return Err(unavailable_problem(why));
        }
        let own = asking.received_at;
        if let Some(known) = self.index.known(&asking.source, asking.id) {
            let (route, repeat) = (known.route, known.digests.contains(&asking.digest));
            // A repeat is answered first, whatever its time.
            let received_at = if repeat {
                self.clock.given().unwrap_or_default()
            } else {
                self.clock.receive(mode, own, before)?
            };
            if !repeat {
                self.clock.give(received_at);
            }
            self.index.note(&asking.source, asking.id, asking.digest, route);
            return Ok((self.route(asking, route, received_at, mode, None), Vec::new(), Vec::new()));
        }
        let looked = looked?;
        self.resolve(&mut asking)?;
        let received_at = self.clock.receive(mode, own, before)?;

        let mut ahead = Vec::new();
        let (route, binding) = match asking.command.about() {
            About::Program => (Route::Program, None),
            About::Claim(claim) => (Route::Claim(claim), None),
            About::Identifier(nominated) => {
                let nominated = nominated.clone();
                let looked = looked.unwrap_or_default();
                let customer = self.meet(&mut asking.command, &nominated, &looked)?;
                if matches!(asking.command, Command::AddCustomer(_)) {
                    let tenant = looked.tenant.clone();
                    let fresh = self.fresh_facts(
                        &asking,
                        customer,
                        nominated.clone(),
                        tenant,
                        looked.facts,
                        received_at,
                        mode,
                    );
                    ahead.extend(fresh);
                }
                (Route::Customer(customer), self.index.identity.binding(&nominated))
            }
            About::Customer(customer) => {
                self.claim_facts(&mut asking, customer, looked, received_at, mode, &mut ahead).await?;
                (Route::Customer(customer), None)
            }
        };
        self.clock.give(received_at);
        self.index.note(&asking.source, asking.id, asking.digest, route);
        let customer = match route {
            Route::Customer(customer) => customer,
            Route::Claim(claim) => self.index.customer_of(claim).unwrap_or(CustomerId(Uuid::nil())),
            Route::Program => CustomerId(Uuid::nil()),
        };
        self.index.note_creation(&asking.source, asking.id, customer, &asking.command);
        let personal = persons(&mut asking, customer);
        Ok((self.route(asking, route, received_at, mode, binding), personal, ahead))
    }

    fn route(
        &self,
        asking: Asking,
        route: Route,
        received_at: Instant,
        mode: Mode,
        binding: Option<Binding>,
    ) -> Routed {
        Routed {
            route,
            source: asking.source,
            id: asking.id,
            asker: asking.asker,
            digest: asking.digest,
            received_at,
            imported: mode == Mode::AsRecorded,
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
            let claim = self.index.claim(&asking.source, reference);
            let claim =
                claim.ok_or_else(|| not_found(format!("@{}/{}", reference.command, reference.engagement)))?;
            if let Some(slot) = asking.command.claim_mut() {
                *slot = claim;
            }
        }
        if let (Some(command), Command::ClaimCustomer(it)) = (asking.customer_ref, &mut asking.command) {
            let customer = self.index.customer(&asking.source, command);
            it.customer = customer.ok_or_else(|| not_found(format!("@{command}")))?;
        }
        Ok(())
    }

    /// The customer that a nomination means; binds what is not bound yet.
    fn meet(
        &mut self,
        command: &mut Command,
        nominated: &Identifier,
        looked: &Looked,
    ) -> Result<CustomerId, Problem> {
        let looked_at: Vec<&Identifier> =
            std::iter::once(nominated).chain(&looked.tenant).chain(&looked.tpid).collect();
        let Some(meant) = self.index.identity.meant(&looked_at) else {
            return Err(unavailable_problem("a nomination without an identifier"));
        };
        self.bind(meant.unbound, meant.customer)?;
        let found = match command {
            Command::AddCustomer(it) => &mut it.found,
            Command::RecordCustomerFacts(it) => &mut it.found,
            _ => return Ok(meant.customer),
        };
        *found = Found {
            tenant: looked.tenant.clone(),
            tpid: looked.tpid.clone(),
            email_matches: looked.email_matches,
            opportunity: looked.opportunity.clone(),
            conflict: meant.conflict,
        };
        Ok(meant.customer)
    }

    /// For Claim: whose the opportunity is, and fresh facts of every identifier bound to the customer.
    async fn claim_facts(
        &mut self,
        asking: &mut Asking,
        customer: CustomerId,
        looked: Option<Looked>,
        received_at: Instant,
        mode: Mode,
        ahead: &mut Vec<Routed>,
    ) -> Result<(), Problem> {
        let Command::ClaimCustomer(it) = &mut asking.command else { return Ok(()) };
        if let (Some(opportunity), Some(looked)) = (it.msx_opportunity_id.clone(), looked) {
            let looked_at: Vec<&Identifier> = std::iter::once(&opportunity).chain(&looked.tpid).collect();
            let meant = self.index.identity.meant(&looked_at);
            let of_customer = meant.as_ref().is_some_and(|it| it.customer == customer);
            it.found.opportunity =
                looked.opportunity.map(|found| claim_domain::command::Opportunity { of_customer, ..found });
            it.found.tpid = looked.tpid;
            if let Some(meant) = meant.filter(|_| of_customer) {
                self.bind(meant.unbound, customer)?;
            }
        }
        let bound: Vec<Identifier> = self.index.identity.identifiers(customer).to_vec();
        let found = join_all(bound.iter().map(|it| facts_of_bound(&self.directory, it))).await;
        for (identifier, found) in bound.into_iter().zip(found) {
            let (tenant, facts) = found?;
            ahead.extend(self.fresh_facts(asking, customer, identifier, tenant, facts, received_at, mode));
        }
        Ok(())
    }

    /// Our own `RecordCustomerFacts` ahead of Add and Claim, when what is known is missing or too old.
    #[allow(clippy::too_many_arguments)]
    fn fresh_facts(
        &mut self,
        asking: &Asking,
        customer: CustomerId,
        identifier: Identifier,
        tenant: Option<Identifier>,
        facts: Option<Facts>,
        received_at: Instant,
        mode: Mode,
    ) -> Option<Routed> {
        let facts = facts?;
        let observed_at = facts.observed_at.unwrap_or(received_at);
        let whose = effective(&identifier, tenant.as_ref()).clone();
        let last = self.index.observed(customer, &whose);
        if last.is_some_and(|last| last >= received_at.plus_ms(-FACTS_MAX_AGE_MS) || last >= observed_at) {
            return None;
        }
        let asker = Asker::Service { name: self.ours.clone() };
        let source = asker.source();
        let name = format!("{}/{}/{identifier}", asking.source, asking.id);
        let id = CommandId(Uuid::new_v5(&NAMESPACE, name.as_bytes()));
        if self.index.known(&source, id).is_some() {
            return None;
        }
        let said_by = Label::from_code("directory");
        let body = json!({
            "identifier": identifier, "values": facts.values, "observed_at": observed_at, "source": said_by
        });
        let digest: Digest = body_digest(self.keys.secret(), "RecordCustomerFacts", 1, &body);
        let route = Route::Customer(customer);
        self.index.note(&source, id, digest, route);
        self.index.note_observation(customer, &whose, observed_at);
        let binding = self.index.identity.binding(&identifier);
        let found = Found { tenant, ..Found::default() };
        let command =
            RecordCustomerFacts { identifier, values: facts.values, observed_at, source: said_by, found };
        Some(Routed {
            route,
            source,
            id,
            asker,
            digest,
            received_at,
            imported: mode == Mode::AsRecorded,
            binding,
            program: self.program,
            command: Command::RecordCustomerFacts(command),
        })
    }

    /// Binds identifiers to a customer for ever; the log syncs them together with what follows.
    fn bind(&mut self, unbound: Vec<Identifier>, customer: CustomerId) -> Result<(), Problem> {
        if self.unbound.load(Ordering::Acquire) {
            return Err(unavailable_problem("an identity binding did not become durable"));
        }
        let mut lines = Vec::with_capacity(unbound.len());
        for identifier in unbound {
            let body = canonical::to_string(&Binding::of(&identifier, customer)).map_err(|it| it.to_string());
            let proved = self.identity.sequence();
            let line = body.and_then(|body| {
                self.identity
                    .write(Kind::Binding, Kind::Binding.newest_body_version(), &body, proved)
                    .map_err(|it| it.to_string())
            });
            match line {
                Ok(line) => lines.push(line),
                Err(why) => {
                    self.stopped = Some(why.clone());
                    return Err(unavailable_problem(&why));
                }
            }
            self.index.identity.bind(identifier, customer);
        }
        if !lines.is_empty() {
            let unbound = Arc::clone(&self.unbound);
            let tell = Box::new(move |receipt: Receipt| {
                if !matches!(receipt, Receipt::Appended { .. }) {
                    unbound.store(true, Ordering::Release);
                }
            });
            self.log.append(Batch { partition: PartitionId::Identity, lines }, tell);
        }
        Ok(())
    }

    /// Closes the boxes of what waits, all keys in one durable step, and forwards it in order.
    fn forward(&mut self, waiting: &mut Vec<Admitted>, mode: Mode, answers: &mut [Option<Pending>]) {
        let keys = match self.ensure(waiting) {
            Ok(keys) => keys,
            Err(why) => {
                for it in waiting.drain(..) {
                    answers[it.index] =
                        Some(Pending::problem(it.input, Some(it.routed.id), unavailable_problem(&why)));
                }
                self.stopped = Some(why);
                return;
            }
        };
        for Admitted { index, input, mut routed, personal, ahead } in waiting.drain(..) {
            if let Err(why) = close(&mut routed, &personal, &keys) {
                self.stopped = Some(why.clone());
                answers[index] = Some(Pending::problem(input, Some(routed.id), unavailable_problem(&why)));
                continue;
            }
            self.feed.tick(Tick { w: routed.received_at, imported: mode == Mode::AsRecorded });
            ahead.into_iter().for_each(|it| self.feed.send(it, Box::new(|_| {})));
            let (tell, told) = oneshot::channel();
            let id = routed.id;
            self.feed.send(routed, Box::new(move |it| drop(tell.send(it))));
            answers[index] = Some(Pending::asked(input, id, told));
        }
    }

    fn ensure(&self, waiting: &[Admitted]) -> Result<HashMap<PersonRef, PersonKey>, String> {
        let mut persons: Vec<PersonRef> = Vec::new();
        let mut known = std::collections::HashSet::new();
        for (_, person, _) in waiting.iter().flat_map(|it| &it.personal) {
            if known.insert(person.clone()) {
                persons.push(person.clone());
            }
        }
        if persons.is_empty() {
            return Ok(HashMap::new());
        }
        let keys = tokio::task::block_in_place(|| self.keys.ensure(&persons));
        let keys = keys.map_err(|error| format!("the key store failed: {error}"))?;
        Ok(persons.into_iter().zip(keys).collect())
    }

    /// Waits for the outcome of a program command, and stamps its position on what follows.
    async fn wait_for_program(&mut self, answer: &mut Option<Pending>) {
        if let Some(pending) = answer.take() {
            let told = pending.settled().await;
            if let Some(program) = told.program() {
                self.program = program;
            }
            *answer = Some(told);
        }
    }
}

/// Whose each personal text is: a contact's own, or the customer's that it is about.
fn persons(asking: &mut Asking, customer: CustomerId) -> Vec<(&'static str, PersonRef, serde_json::Value)> {
    let partner = match &asking.source {
        Source::Partner(partner) => Some(partner.clone()),
        Source::Service(_) | Source::Customer | Source::Reviewer | Source::ProgramOperator => None,
    };
    let whose = |email| match (&partner, email) {
        (Some(partner), Some(email)) => PersonRef::Contact { partner: partner.clone(), email },
        _ => PersonRef::Customer(customer),
    };
    asking.personal.drain(..).map(|it| (it.path, whose(it.email), it.value)).collect()
}

fn close(
    routed: &mut Routed,
    personal: &[(&'static str, PersonRef, serde_json::Value)],
    keys: &HashMap<PersonRef, PersonKey>,
) -> Result<(), String> {
    let source = routed.source.to_string();
    for (field, person, value) in personal {
        let place = Place { source: &source, command: routed.id, field };
        let key = keys.get(person).ok_or("a person without a key")?;
        let sealed = seal(key, place, value).map_err(|error| error.to_string())?;
        if let Some(slot) = slot(&mut routed.command, field) {
            *slot = Some(sealed);
        }
    }
    Ok(())
}
