//! Decides the commands of some partitions again: each customer in both worlds, side by side.

use std::collections::{BTreeSet, HashMap};

use claim_domain::claim::Deadline;
use claim_domain::command::{About, Command};
use claim_domain::customer::{Customer, Stamp};
use claim_domain::decide::Context;
use claim_domain::event::Event;
use claim_domain::ids::{ClaimId, CustomerId, EngagementId, PartnerId};
use claim_domain::time::Instant;
use claim_journal::{Asked, Cause, Content, Decision, Offsets, Position, Ruling};
use claim_log::Stored;
use uuid::Uuid;

use super::program::Programs;
use super::report::{OutcomeDiffers, Seen};
use super::worlds::{World, Worlds};
use crate::again;
use crate::records::{Body, Item, Record, Records};
use crate::report::{Finding, What};

/// The first decision about a claim that differs, and the first that comes to something else.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) customer: CustomerId,
    pub(super) partner: Option<PartnerId>,
    pub(super) engagement: Option<EngagementId>,
    pub(super) first: Seen,
    pub(super) outcome: Option<OutcomeDiffers>,
}

/// The customers of some partitions in both worlds.
pub(super) struct Worker<'p> {
    programs: &'p Programs,
    records: Records,
    pub(super) customers: HashMap<CustomerId, Worlds>,
    /// Claims that only the changed world has, and whose they are.
    only_now: HashMap<ClaimId, CustomerId>,
    pub(super) noted: HashMap<ClaimId, Noted>,
    pub(super) commands: u64,
    /// The newest time that the log told.
    pub(super) newest: Instant,
    /// What cannot be read on.
    pub(super) unsound: Option<Finding>,
}

impl<'p> Worker<'p> {
    pub(super) fn new(programs: &'p Programs, offsets: Offsets) -> Self {
        Self {
            programs,
            records: Records::new(offsets, BTreeSet::new()),
            customers: HashMap::new(),
            only_now: HashMap::new(),
            noted: HashMap::new(),
            commands: 0,
            newest: Instant::default(),
            unsound: None,
        }
    }

    /// Reads one line of a partition.
    pub(super) fn line(&mut self, stored: &Stored) {
        if self.unsound.is_some() {
            return;
        }
        let mut read = Vec::with_capacity(1);
        self.records.read(stored, &mut |item| read.push(item));
        for item in read {
            match item {
                Item::Record(record) => self.record(&record),
                Item::Finding(it) if it.what != What::UnknownRules => self.unsound = Some(it),
                Item::Finding(_) | Item::Void(_) | Item::Unread | Item::Begun(..) => {}
            }
        }
    }

    fn record(&mut self, record: &Record) {
        let Body::Decision(decision, ..) = &record.body else { return };
        self.newest = self.newest.max(decision.judged_at);
        match &decision.cause {
            Cause::Deadline(deadline) => self.fired(record, decision, *deadline),
            Cause::Asked(asked) => match &asked.content {
                Content::Command(command) if !again::is_exempt(&decision.outcome) => {
                    self.asked(record, decision, asked, command);
                }
                // Neither a reuse nor what failed says anything of terms; both leave no trace but their time.
                _ => self.follow(decision),
            },
        }
    }

    /// A deadline that fired: in the changed world what is due by then fires instead.
    fn fired(&mut self, record: &Record, decision: &Decision, deadline: Deadline) {
        let Some(worlds) = decision.customer.map(|it| self.customers.entry(it).or_default()) else { return };
        worlds.recorded.apply(decision.events(), stamp(decision));
        let Some(changed) = &mut worlds.changed else { return };
        changed.fire(decision.judged_at, decision.imported);
        let status = |world: &World| world.claim(deadline.claim).map(|it| it.status);
        let (then, now) = (status(&worlds.recorded), status(changed));
        if let (true, Some(now), Some(customer)) = (then != now, now, decision.customer) {
            let noted = self.noted.entry(deadline.claim).or_insert(Noted::of(record, decision, customer));
            noted.outcome(record, decision, &outcome(&decision.outcome), &now.to_string());
        }
    }

    /// A decision that is the same in both worlds.
    fn follow(&mut self, decision: &Decision) {
        let Some(worlds) = decision.customer.map(|it| self.customers.entry(it).or_default()) else { return };
        worlds.recorded.apply(decision.events(), stamp(decision));
        if let Some(changed) = &mut worlds.changed {
            changed.fire(decision.judged_at, decision.imported);
            changed.apply(&[], stamp(decision));
        }
    }

    fn asked(&mut self, record: &Record, decision: &Decision, asked: &Asked, command: &Command) {
        self.commands += 1;
        let by_claim = || match command.about() {
            About::Claim(claim) => self.only_now.get(&claim).copied(),
            About::Program | About::Identifier(_) | About::Customer(_) => None,
        };
        let Some(id) = decision.customer.or_else(by_claim) else {
            return self.asked_of_nobody(record, decision, asked, command);
        };
        let worlds = self.customers.entry(id).or_default();
        let at = match &mut worlds.changed {
            Some(changed) => {
                let at = asked.received_at.max(changed.judged_at);
                changed.fire(at, decision.imported);
                at
            }
            None => decision.judged_at,
        };
        let context = context(self.programs, decision, asked, id, at);
        let Some(ruling) = again::ruling(&worlds.now().customer, command, &context) else {
            return self.follow(decision);
        };
        let is_same = decision.customer.is_some() && ruling == decision.outcome;
        if is_same && worlds.changed.is_none() {
            return worlds.recorded.apply(decision.events(), stamp(decision));
        }
        let events = accepted(&ruling);
        worlds.part().apply(events, Stamp { at, imported: decision.imported });
        if decision.customer.is_some() {
            worlds.recorded.apply(decision.events(), stamp(decision));
        }
        for event in events {
            if let (Event::CustomerAdded(_) | Event::CustomerClaimed(_), Some(claim)) = (event, event.claim())
            {
                self.only_now.insert(claim, id);
            }
        }
        if !is_same {
            self.compare(record, decision, asked, command, id, &ruling);
        }
    }

    /// A command about a claim that neither world has.
    fn asked_of_nobody(&mut self, record: &Record, decision: &Decision, asked: &Asked, command: &Command) {
        let nil = CustomerId(Uuid::nil());
        let context = context(self.programs, decision, asked, nil, decision.judged_at);
        let ruling = again::ruling(&Customer::default(), command, &context);
        if let Some(ruling) = ruling.filter(|it| *it != decision.outcome) {
            self.compare(record, decision, asked, command, nil, &ruling);
        }
    }

    /// Notes what a command came to, for every claim that it is about, if that reads otherwise.
    fn compare(
        &mut self,
        record: &Record,
        decision: &Decision,
        asked: &Asked,
        command: &Command,
        customer: CustomerId,
        ruling: &Ruling,
    ) {
        let (then, now) = (outcome(&decision.outcome), outcome(ruling));
        let source = asked.source.to_string();
        let made = |engagements: &[EngagementId]| -> Vec<_> {
            let claim = |it: &EngagementId| ClaimId::derive(customer, &source, asked.id, it);
            engagements.iter().map(|it| (claim(it), Some(it.clone()))).collect()
        };
        let claims = match command {
            Command::AddCustomer(it) => made(&it.engagements),
            Command::ClaimCustomer(it) => made(&it.engagements),
            _ => match command.about() {
                About::Claim(claim) => vec![(claim, None)],
                About::Program | About::Identifier(_) | About::Customer(_) => Vec::new(),
            },
        };
        for (claim, engagement) in claims {
            let of_claim = || Noted { engagement, ..Noted::of(record, decision, customer) };
            let noted = self.noted.entry(claim).or_insert_with(of_claim);
            if then != now {
                noted.outcome(record, decision, &then, &now);
            }
        }
    }
}

impl Noted {
    fn of(record: &Record, decision: &Decision, customer: CustomerId) -> Self {
        let partner = decision.asked().and_then(|it| it.asker.partner()).cloned();
        Self { customer, partner, engagement: None, first: seen(record, decision), outcome: None }
    }

    fn outcome(&mut self, record: &Record, decision: &Decision, then: &str, now: &str) {
        let differs =
            || OutcomeDiffers { seen: seen(record, decision), then: then.to_owned(), now: now.to_owned() };
        self.outcome.get_or_insert_with(differs);
    }
}

fn seen(record: &Record, decision: &Decision) -> Seen {
    let position = Position { partition: record.partition, sequence: record.sequence };
    Seen { judged_at: decision.judged_at, position }
}

/// What a command is decided with in the changed world.
fn context<'a>(
    programs: &'a Programs,
    decision: &Decision,
    asked: &'a Asked,
    customer_id: CustomerId,
    at: Instant,
) -> Context<'a> {
    let catalog = programs.changed(decision.program.map_or(0, |it| it.sequence), at);
    Context { catalog, customer_id, asker: &asked.asker, id: asked.id, at, imported: decision.imported }
}

fn stamp(decision: &Decision) -> Stamp {
    Stamp { at: decision.judged_at, imported: decision.imported }
}

fn accepted(ruling: &Ruling) -> &[Event] {
    match ruling {
        Ruling::Accepted(events) => events,
        Ruling::Refused(_) => &[],
    }
}

/// What was decided, in a few words that many decisions have in common.
fn outcome(ruling: &Ruling) -> String {
    match ruling {
        Ruling::Accepted(events) if events.is_empty() => "nothing new".to_owned(),
        Ruling::Accepted(events) => events.iter().map(Event::event_type).collect::<Vec<_>>().join(", "),
        Ruling::Refused(reason) => format!("refused: {}", reason.refusal.code()),
    }
}
