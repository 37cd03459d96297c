//! Given a history, when a command comes, then it yields events, is refused, or stays quiet.
//!
//! A history is made of commands that are decided one after the other under a small standard program
//! ([`program`]); each must be accepted. Before a command of a customer is decided, the deadlines due by then fire,
//! as the engine does it (DESIGN rule 7). Time stands still at [`START`] until a step moves it.

use std::fmt::Debug;

use proptest::sample::Index;
use serde_json::Value;
use uuid::Uuid;

use super::{Context, decide, fire};
use crate::catalog::Catalog;
use crate::claim::{Claim, Status};
use crate::command::{About, Command};
use crate::customer::{Customer, Stamp};
use crate::event::Event;
use crate::ids::{ClaimId, CommandId, CustomerId};
use crate::refusal::{Reason, Refusal};
use crate::time::Instant;

mod ask;
mod asks;
mod each;
mod faults;
mod history;
mod program;

pub(crate) use ask::Ask;
pub(crate) use asks::*;
pub(crate) use each::one;
pub(crate) use faults::{fault, in_order, past_fault};
pub(crate) use history::{Shape, known, until};
pub(crate) use program::*;

/// The moment at which every history begins: 2026-01-05T09:00:00.000Z.
pub(crate) fn start() -> Instant {
    Instant::from_ms(1_767_603_600_000)
}

/// The customer that every history is about: that of `tpid=1234567`.
pub(crate) fn customer_id() -> CustomerId {
    CustomerId::of(&"tpid=1234567".parse().unwrap())
}

/// What stands after a history: the program, the customer, the time.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) catalog: Catalog,
    pub(crate) sequence: u64,
    pub(crate) customer: Customer,
    pub(crate) now: Instant,
    imported: bool,
    asked: u32,
    /// The claims in the order in which they were created.
    claims: Vec<ClaimId>,
}

/// A history under the standard program.
#[track_caller]
pub(crate) fn given(steps: impl IntoIterator<Item = Ask>) -> Given {
    Given::new(false).and_all(steps)
}

/// A history that was imported, so that what it intends is held.
#[track_caller]
pub(crate) fn given_imported(steps: impl IntoIterator<Item = Ask>) -> Given {
    Given::new(true).and_all(steps)
}

impl Given {
    #[track_caller]
    fn new(imported: bool) -> Self {
        let nothing = Self {
            catalog: Catalog::default(),
            sequence: 0,
            customer: Customer::default(),
            now: start(),
            imported,
            asked: 0,
            claims: Vec::new(),
        };
        nothing.and_all(standard_program())
    }

    /// And then these, each accepted.
    #[track_caller]
    pub(crate) fn and_all(mut self, steps: impl IntoIterator<Item = Ask>) -> Self {
        for step in steps {
            if let Err(reason) = self.tell(&step) {
                panic!("a step of the history is refused: {step:?}: {reason:?}");
            }
        }
        self
    }

    /// And then the history ended and the present began.
    pub(crate) fn live(self) -> Self {
        Self { imported: false, ..self }
    }

    /// When this comes.
    #[track_caller]
    pub(crate) fn when(mut self, ask: Ask) -> Outcome {
        let before = self.customer.clone();
        let answer = self.tell(&ask);
        Outcome { before, after: self, answer }
    }

    /// The claim created last.
    #[track_caller]
    pub(crate) fn claim(&self) -> &Claim {
        &self.customer.claims[self.claims.last().expect("the history has a claim")]
    }

    /// The number of one of the claims, the last more often than not; nothing if there is none.
    pub(crate) fn one_claim(&self, which: &Index) -> Option<usize> {
        let last = self.claims.len().checked_sub(1)?;
        Some(if which.index(5) < 3 { last } else { which.index(self.claims.len()) })
    }

    /// The `number`-th claim, from 0.
    pub(crate) fn nth_claim(&self, number: usize) -> &Claim {
        &self.customer.claims[&self.claims[number]]
    }

    /// Fires what is due, decides, and applies; the answer is what the decision says.
    #[track_caller]
    pub(crate) fn tell(&mut self, ask: &Ask) -> Result<Vec<Event>, Reason> {
        self.now = ask.moment(self.now);
        let Some(command) = ask.command(&self.claims) else { return Ok(self.touch()) };
        let of_program = command.about() == About::Program;
        if !of_program {
            self.touch();
        }
        let events = self.decide(&command, ask)?;
        if of_program {
            self.sequence += 1;
            events.iter().for_each(|event| self.catalog.evolve(self.sequence, event));
        } else {
            self.apply(&events, self.now);
        }
        Ok(events)
    }

    fn decide(&mut self, command: &Command, ask: &Ask) -> Result<Vec<Event>, Reason> {
        self.asked += 1;
        let context = Context {
            catalog: self.catalog.at(self.sequence),
            customer_id: customer_id(),
            asker: &ask.asker,
            id: CommandId(Uuid::from_u128(u128::from(self.asked))),
            at: self.now,
            imported: self.imported,
        };
        let answer = decide(&self.customer, command, &context);
        assert_eq!(answer, decide(&self.customer, command, &context), "the same inputs, two answers");
        answer
    }

    /// Fires the deadlines due by now, each judged at its due time.
    fn touch(&mut self) -> Vec<Event> {
        let mut fired = Vec::new();
        while let Some(deadline) = self.customer.due(self.now).first().copied() {
            let events = fire(&self.customer, deadline);
            assert!(!events.is_empty(), "a deadline that is due comes to nothing: {deadline:?}");
            self.apply(&events, deadline.due_at);
            fired.extend(events);
        }
        fired
    }

    fn apply(&mut self, events: &[Event], at: Instant) {
        for event in events {
            if let Event::CustomerAdded(_) | Event::CustomerClaimed(_) = event {
                self.claims.extend(event.claim());
            }
            self.customer.evolve(event, Stamp { at, imported: self.imported });
        }
    }
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    before: Customer,
    after: Given,
    answer: Result<Vec<Event>, Reason>,
}

impl Outcome {
    /// Then these events come, in this order.
    #[track_caller]
    pub(crate) fn yields<const N: usize>(self, types: [&str; N]) -> Yielded {
        let events = self.accepted();
        let found: Vec<_> = events.iter().map(Event::event_type).collect();
        assert_eq!(found, types, "other events: {events:#?}");
        Yielded { after: self.after, events }
    }

    /// Then it is refused for this.
    #[track_caller]
    pub(crate) fn refused(self, refusal: Refusal) {
        assert_eq!(self.reason().refusal, refusal);
    }

    /// Then it is refused with this code.
    #[track_caller]
    pub(crate) fn refused_as(self, code: &str) {
        assert_eq!(self.reason().refusal.code(), code);
    }

    /// Then it is refused; why.
    #[track_caller]
    pub(crate) fn reason(self) -> Reason {
        match self.answer {
            Err(reason) => reason,
            Ok(events) => panic!("accepted: {events:#?}"),
        }
    }

    /// Then it is accepted, and nothing happens.
    #[track_caller]
    pub(crate) fn stays_quiet(self) -> Given {
        let events = self.accepted();
        assert!(events.is_empty(), "not quiet: {events:#?}");
        assert_eq!(self.before, self.after.customer);
        self.after
    }

    /// What stands now.
    pub(crate) fn after(&self) -> &Given {
        &self.after
    }

    /// Its events as JSON.
    #[track_caller]
    pub(crate) fn events_as_json(&self) -> Vec<Value> {
        self.accepted().iter().map(|it| serde_json::to_value(it).unwrap()).collect()
    }

    /// The code of its refusal, or the types of its events.
    pub(crate) fn in_short(&self) -> String {
        match &self.answer {
            Ok(events) => events.iter().map(Event::event_type).collect::<Vec<_>>().join(" "),
            Err(reason) => reason.refusal.code().to_owned(),
        }
    }

    #[track_caller]
    fn accepted(&self) -> Vec<Event> {
        match &self.answer {
            Ok(events) => events.clone(),
            Err(reason) => panic!("refused: {reason:#?}"),
        }
    }
}

/// What an accepted command yielded.
pub(crate) struct Yielded {
    after: Given,
    pub(crate) events: Vec<Event>,
}

impl Yielded {
    /// One of the events has this field with this value; `path` is a JSON pointer without its first slash.
    #[track_caller]
    pub(crate) fn with(self, path: &str, value: impl Into<Value>) -> Self {
        let pointer = format!("/{path}");
        let json: Vec<_> = self.events.iter().map(|it| serde_json::to_value(it).unwrap()).collect();
        let found: Vec<_> = json.iter().filter_map(|it| it.pointer(&pointer)).collect();
        let value = value.into();
        assert!(found.contains(&&value), "no {path} is {value}, but {found:?} in {json:#?}");
        self
    }

    /// None of the events has this field.
    #[track_caller]
    pub(crate) fn without(self, path: &str) -> Self {
        let pointer = format!("/{path}");
        for event in &self.events {
            let json = serde_json::to_value(event).unwrap();
            assert_eq!(json.pointer(&pointer), None, "{json:#}");
        }
        self
    }

    /// The claim created last is in this status now.
    #[track_caller]
    pub(crate) fn to(self, status: Status) -> Self {
        assert_eq!(self.after.claim().status, status);
        self
    }

    /// What stands now.
    pub(crate) fn then(self) -> Given {
        self.after
    }
}

/// As JSON, with a message that says what could not be written.
#[track_caller]
pub(crate) fn read<T: serde::de::DeserializeOwned + Debug>(value: Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}
