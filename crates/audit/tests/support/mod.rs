//! A small honest writer of logs, who lies on request.

#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use claim_audit::{Finding, Options, Report, verify};
use claim_domain::asker::Asker;
use claim_domain::catalog::Catalog;
use claim_domain::command::{About, Command, CommandType};
use claim_domain::customer::{Customer, Stamp};
use claim_domain::decide::{Context, decide, fire};
use claim_domain::event::Event;
use claim_domain::identifier::Identifier;
use claim_domain::ids::{ClaimId, CommandId, CustomerId};
use claim_domain::refusal::Refusal;
use claim_domain::time::Instant;
use claim_journal::{
    Asked, Binding, Cause, Chain, Content, Correlation, Decision, Digest, Head, JournalId, Kind, LeaderId,
    Named, Offsets, PartitionId, Pen, ProgramPosition, Route, Ruling, Settings, canonical,
};
use claim_log::{LogError, ReadLog, Records, Start, Stored};
use serde_json::{Value, json};
use uuid::Uuid;

/// Lines in memory; an offset is the byte at which a line begins, as on the embedded log.
///
/// The second field is damage behind the last of them: where, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(pub(crate) Vec<Stored>, pub(crate) Option<(String, String)>);

impl ReadLog for Lines {
    fn read(&self, _: &Start) -> Result<Box<dyn Records>, LogError> {
        Ok(Box::new(Reading(self.0.clone().into_iter(), self.1.clone())))
    }

    fn record(&self, partition: PartitionId, offset: u64) -> Result<Vec<u8>, LogError> {
        let found = self.0.iter().find(|it| it.partition == partition && it.offset == offset);
        found.map(|it| it.line.clone()).ok_or(LogError::NoRecord { partition, offset })
    }
}

struct Reading(std::vec::IntoIter<Stored>, Option<(String, String)>);

impl Records for Reading {
    fn next(&mut self) -> Result<Option<Stored>, LogError> {
        match (self.0.next(), self.1.take()) {
            (None, Some((at, why))) => Err(LogError::Damaged { at, why }),
            (next, damage) => {
                self.1 = damage;
                Ok(next)
            }
        }
    }
}

impl Lines {
    /// Takes the last line away, and yields it.
    pub(crate) fn take_last(&mut self) -> Vec<u8> {
        self.0.pop().unwrap().line
    }

    pub(crate) fn push(&mut self, partition: PartitionId, mut line: Vec<u8>) {
        assert_eq!(line.pop(), Some(b'\n'));
        let offset = self.0.last().map_or(0, |it| it.next);
        self.0.push(Stored { partition, offset, next: offset + line.len() as u64 + 1, line });
    }
}

#[derive(Clone, Debug, Default)]
struct Known {
    customer: Customer,
    judged_at: Instant,
    fired_at: Instant,
}

/// Changes a decision on its way to the log.
pub(crate) type Lie = Box<dyn FnOnce(&mut Decision)>;

/// Writes a log as an engine would. What a lie puts on the log is folded as it stands there.
pub(crate) struct Writer {
    pub(crate) lines: Lines,
    pens: BTreeMap<PartitionId, Pen>,
    catalog: Catalog,
    pub(crate) heads: Vec<Head>,
    known: BTreeMap<CustomerId, Known>,
    claims: BTreeMap<ClaimId, CustomerId>,
    program_judged_at: Instant,
    bound: BTreeMap<Identifier, CustomerId>,
    asked: u128,
    pub(crate) now: Instant,
    pub(crate) lie: Option<Lie>,
    /// Deadlines do not fire before commands while this is set.
    pub(crate) asleep: bool,
    pub(crate) last_claim: Option<ClaimId>,
}

pub(crate) fn settings() -> Settings {
    Settings { slots: 4096, partitions: 4, simulated: false }
}

pub(crate) fn journal() -> JournalId {
    JournalId(Uuid::from_u128(77))
}

pub(crate) fn operator() -> Asker {
    asker(json!({"kind": "program_operator", "user": "op"}))
}

pub(crate) fn partner() -> Asker {
    asker(json!({"kind": "partner_user", "partner": "p-contoso", "user": "u-1",
        "roles": ["incentives_admin"], "locations": "all"}))
}

pub(crate) fn reviewer() -> Asker {
    asker(json!({"kind": "reviewer", "user": "r-1"}))
}

pub(crate) fn customer() -> Asker {
    asker(json!({"kind": "customer", "evidence": {"kind": "consent_link", "reference": "l-1"}}))
}

pub(crate) fn service(name: &str) -> Asker {
    asker(json!({"kind": "service", "name": name}))
}

fn asker(json: Value) -> Asker {
    serde_json::from_value(json).unwrap()
}

fn sealed() -> Value {
    let key = "0a1b2c3d-0000-4000-8000-00000000000f";
    json!({"person": "someone", "key": key, "alg": "xchacha20poly1305", "nonce": "", "bytes": "b"})
}

fn contacts() -> Value {
    json!({"customer": sealed(), "partner": sealed(), "organisation": {"name": "Fabrikam", "country": "JP"}})
}

pub(crate) fn terms() -> Value {
    json!({
        "name": "Azure assessment", "pay": "fixed", "type": "assessment", "activity": "partner_activity",
        "solution_area": "infrastructure", "id_kinds": ["domain_name", "tpid"], "limit": 2,
        "days": {"consent": 30, "submit": 60, "review": 90, "dispute": 31, "dispute_review": 32},
        "reminders": {"interval_hours": 24, "max": 2},
        "disclaimer": {"version": "d1", "texts": {"en": "We ask for consent."}},
        "proof": ["poe_document"], "payout": {"fixed_cents": 500_000, "currency": "USD"},
        "referral": {"all": []}, "cosell": {"all": []},
    })
}

impl Writer {
    /// An honest log with a program: two engagements and a location.
    pub(crate) fn new() -> Self {
        let mut it = Self {
            lines: Lines::default(),
            pens: BTreeMap::new(),
            catalog: Catalog::default(),
            heads: Vec::new(),
            known: BTreeMap::new(),
            claims: BTreeMap::new(),
            program_judged_at: Instant::default(),
            bound: BTreeMap::new(),
            asked: 0,
            now: "2026-01-05T09:00:00Z".parse().unwrap(),
            lie: None,
            asleep: false,
            last_claim: None,
        };
        let named = [PartitionId::Program, PartitionId::Identity];
        for partition in (0..4).map(PartitionId::Number).chain(named) {
            it.lead(partition, &settings(), 1);
        }
        it.ask(CommandType::PublishEngagement, operator(), json!({"engagement": "e-1", "terms": terms()}));
        it.ask(CommandType::PublishEngagement, operator(), json!({"engagement": "e-2", "terms": terms()}));
        let location = json!({"partner": "p-contoso", "location": "loc-1"});
        it.ask(CommandType::EnrollLocation, operator(), location);
        it
    }

    pub(crate) fn lead(&mut self, partition: PartitionId, settings: &Settings, rules: u32) {
        let mut chain = Chain::new(partition, Offsets::Positions);
        for stored in self.lines.0.iter().filter(|it| it.partition == partition) {
            chain.read(stored.offset, &claim_journal::Line::parse(&stored.line));
        }
        let leader = LeaderId(Uuid::from_u128(1_000 + self.lines.0.len() as u128));
        let mut pen = Pen::new(&chain, journal(), leader);
        let first = (chain.epoch() == 0).then_some(settings);
        self.lines.push(partition, pen.lead("1.0.0", rules, first).unwrap().into_bytes());
        self.pens.insert(partition, pen);
    }

    /// Forgets what the pen of a partition wrote, and leads it from its beginning.
    pub(crate) fn lead_anew(&mut self, partition: PartitionId) {
        self.pens.remove(&partition);
        self.lead(partition, &settings(), 1);
    }

    /// The position of the last record: partition and sequence.
    pub(crate) fn last(&self) -> (PartitionId, u64) {
        let partition = self.lines.0.last().unwrap().partition;
        (partition, self.pens[&partition].sequence())
    }

    pub(crate) fn days(&mut self, days: u32) -> &mut Self {
        self.now = self.now.plus_days(days);
        self
    }

    /// The next decision is changed like this before it is written.
    pub(crate) fn lying(&mut self, lie: impl FnOnce(&mut Decision) + 'static) -> &mut Self {
        self.lie = Some(Box::new(lie));
        self
    }

    pub(crate) fn bind(&mut self, identifier: &str, customer: CustomerId) {
        let identifier: Identifier = identifier.parse().unwrap();
        let body = canonical::to_string(&Binding::of(&identifier, customer)).unwrap();
        self.put(PartitionId::Identity, Kind::Binding, &body);
        self.bound.entry(identifier).or_insert(customer);
    }

    pub(crate) fn put(&mut self, partition: PartitionId, kind: Kind, body: &str) {
        let pen = self.pens.get_mut(&partition).unwrap();
        let line = pen.write(kind, 1, body, 0).unwrap();
        self.lines.push(partition, line.into_bytes());
    }

    pub(crate) fn ask(&mut self, kind: CommandType, asker: Asker, body: Value) {
        self.asked += 1;
        let id = CommandId(Uuid::from_u128(self.asked));
        self.ask_as(id, kind, asker, body);
    }

    pub(crate) fn of_claim(&mut self, kind: CommandType, asker: Asker, mut body: Value) {
        body["claim"] = json!(self.last_claim.unwrap());
        self.ask(kind, asker, body);
    }

    pub(crate) fn ask_as(&mut self, id: CommandId, kind: CommandType, asker: Asker, body: Value) {
        let digest = Digest::of(body.to_string().as_bytes());
        let command = Command::body(kind, body).unwrap();
        let (route, binding) = match command.about() {
            About::Program => (Route::Program, None),
            About::Customer(it) => (Route::Customer(it), None),
            About::Claim(it) => {
                (self.claims.get(&it).map_or(Route::Claim(it), |it| Route::Customer(*it)), None)
            }
            About::Identifier(it) => {
                let customer = self.bound[it];
                (Route::Customer(customer), Some(Binding::of(it, customer)))
            }
        };
        let customer = match route {
            Route::Customer(it) => Some(it),
            Route::Program | Route::Claim(_) => None,
        };
        let before = match (customer, route) {
            (Some(it), _) => self.known.get(&it).map_or(Instant::default(), |it| it.judged_at),
            (None, Route::Program) => self.program_judged_at,
            (None, _) => Instant::default(),
        };
        let judged_at = self.now.max(before);
        if let Some(it) = customer.filter(|_| !self.asleep) {
            self.fire(it, judged_at);
        }
        let sequence = self.heads.len() as u64;
        let nobody = Customer::default();
        let known = customer.and_then(|it| self.known.get(&it));
        let context = Context {
            catalog: self.catalog.at(sequence),
            customer_id: customer.unwrap_or(CustomerId(Uuid::nil())),
            asker: &asker,
            id,
            at: judged_at,
            imported: false,
        };
        let outcome = match decide(known.map_or(&nobody, |it| &it.customer), &command, &context) {
            Ok(events) => Ruling::Accepted(events),
            Err(reason) => Ruling::Refused(reason),
        };
        let decision = Decision {
            customer,
            judged_at,
            imported: false,
            late: known.is_some_and(|it| it.fired_at > self.now),
            program: Some(ProgramPosition { sequence, head: self.heads.last().copied() }),
            outcome,
            cause: Cause::Asked(Asked {
                source: asker.source(),
                id,
                asker,
                digest,
                received_at: self.now,
                input: None,
                correlation: Correlation::default(),
                binding,
                content: Content::Command(command),
            }),
        };
        self.write(route.partition(4), decision);
    }

    /// The deadlines of a customer due at or before `at` fire.
    pub(crate) fn fire(&mut self, id: CustomerId, at: Instant) {
        for deadline in self.known.get(&id).map(|it| it.customer.due(at)).unwrap_or_default() {
            let events = fire(&self.known[&id].customer, deadline);
            let decision = Decision {
                cause: Cause::Deadline(deadline),
                customer: Some(id),
                judged_at: deadline.due_at,
                imported: false,
                late: false,
                program: None,
                outcome: Ruling::Accepted(events),
            };
            self.write(Route::Customer(id).partition(4), decision);
        }
    }

    pub(crate) fn write(&mut self, partition: PartitionId, mut decision: Decision) {
        if let Some(lie) = self.lie.take() {
            lie(&mut decision);
        }
        self.put(partition, Kind::Decision, &canonical::to_string(&decision).unwrap());
        if partition == PartitionId::Program {
            let sequence = self.pens[&partition].sequence();
            decision.events().iter().for_each(|event| self.catalog.evolve(sequence, event));
            self.heads.push(self.pens[&partition].head());
            self.program_judged_at = self.program_judged_at.max(decision.judged_at);
            return;
        }
        let Some(id) = decision.customer else { return };
        let known = self.known.entry(id).or_default();
        known.judged_at = known.judged_at.max(decision.judged_at);
        if let Cause::Deadline(deadline) = &decision.cause {
            known.fired_at = known.fired_at.max(deadline.due_at);
        }
        let stamp = Stamp { at: decision.judged_at, imported: decision.imported };
        for event in decision.events() {
            known.customer.evolve(event, stamp);
            if let Event::CustomerAdded(it) = event {
                self.claims.insert(it.claim, id);
                self.last_claim = Some(it.claim);
            }
        }
    }

    /// Binds the customer of this domain and adds it for the engagement.
    pub(crate) fn add(&mut self, domain: &str, engagement: &str) {
        let identifier: Identifier = format!("domain_name={domain}").parse().unwrap();
        if !self.bound.contains_key(&identifier) {
            self.bind(&identifier.to_string(), CustomerId::of(&identifier));
        }
        self.add_again(domain, engagement);
    }

    pub(crate) fn add_again(&mut self, domain: &str, engagement: &str) {
        self.ask(CommandType::AddCustomer, partner(), add_body(domain, engagement));
    }

    pub(crate) fn send_consent(&mut self) {
        let body = json!({"deal_size_usd_cents": 5_000_000, "disclaimer_version": "d1"});
        self.of_claim(CommandType::SendConsent, partner(), body);
    }

    /// A claim from its beginning to approval.
    pub(crate) fn whole_claim(&mut self, domain: &str) {
        self.add(domain, "e-1");
        self.send_consent();
        let result = json!({"effect": {"kind": "PartnerLedReferralIntended", "number": 0}, "attempt": 1,
            "referral": "r", "link": "https://referrals.example/r"});
        self.of_claim(CommandType::RecordReferralCreated, service("effects"), result);
        self.days(1).of_claim(CommandType::CustomerAccepted, customer(), json!({"contact_revision": 1}));
        let proof = json!({"proof": {"kind": "poe_document", "name": "poe.pdf", "media_type": "application/pdf",
            "bytes": 10, "sha256": "0".repeat(64), "uri": "https://proof.example/poe.pdf"}});
        self.of_claim(CommandType::UploadProof, partner(), proof);
        self.of_claim(CommandType::SubmitClaim, partner(), json!({}));
        self.of_claim(CommandType::SubmitClaim, partner(), json!({}));
        self.of_claim(CommandType::StartReview, reviewer(), json!({}));
        self.days(1).of_claim(CommandType::ApproveClaim, reviewer(), json!({}));
    }

    pub(crate) fn report(&self) -> Report {
        report(&self.lines)
    }

    /// The only finding.
    #[track_caller]
    pub(crate) fn only_finding(&self) -> Finding {
        let report = self.report();
        assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
        assert!(!report.holds);
        report.findings[0].clone()
    }
}

pub(crate) fn report(lines: &Lines) -> Report {
    verify(lines, &Options::default(), &mut |_| {}).unwrap()
}

pub(crate) fn add_body(domain: &str, engagement: &str) -> Value {
    json!({"engagements": [engagement], "friendly_name": sealed(), "location": "loc-1",
        "customer": {"id_type": "domain_name", "value": domain}, "contacts": contacts(), "found": {}})
}

/// A decision of a reused id.
pub(crate) fn as_reuse(decision: &mut Decision) {
    let Cause::Asked(asked) = &mut decision.cause else { panic!("a deadline") };
    let command_type = asked.content.command_type();
    asked.content = Content::Reused(Named { command_type, version: command_type.version() });
    asked.digest = Digest::of(b"another body");
    decision.outcome = Ruling::Refused(Refusal::CommandIdReused.into());
}
