//! The crate itself, asked the same: the program's fold, the customers' folds, deadlines fired before each command.

use std::rc::Rc;

use claim_domain::catalog::Catalog;
use claim_domain::command::{Command, CommandType};
use claim_domain::customer::{Customer, Stamp};
use claim_domain::decide::{Context, decide, fire};
use claim_domain::event::Event;
use claim_domain::ids::{CommandId, CustomerId};
use claim_domain::refusal::Reason;
use claim_domain::time::Instant;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::model::{Asked, Fired, Told};
use crate::said::{answer, as_json, kind_of};
use crate::story::CUSTOMERS;

/// All folds, and what they are folded from.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) catalog: Catalog,
    pub(crate) customers: [Customer; CUSTOMERS],
    decisions: u64,
    log: Vec<Rc<Record>>,
}

/// One decision as it stands on a log.
#[derive(Clone, Debug)]
struct Record {
    customer: Option<usize>,
    at: Instant,
    imported: bool,
    events: Vec<Event>,
}

/// What the crate answers.
pub(crate) type Decided = Result<Vec<Event>, Reason>;

impl World {
    /// Fires what is due, decides, applies.
    pub(crate) fn tell(&mut self, asked: &Asked) -> Told {
        let fired = self.touch(asked);
        let decided = self.decide(asked, &command(asked));
        self.apply(asked, &decided);
        Told { fired, answer: answer(decided.as_deref()) }
    }

    /// Fires every deadline of the command's customer that is due by then (DESIGN rule 7).
    pub(crate) fn touch(&mut self, asked: &Asked) -> Vec<Fired> {
        let customer = asked.customer.into_iter();
        customer.flat_map(|it| self.fire(it, asked.at, asked.imported)).collect()
    }

    /// Fires every deadline of the customer that is due by then, each judged at its due time.
    pub(crate) fn fire(&mut self, customer: usize, by: i64, imported: bool) -> Vec<Fired> {
        let due = self.customers[customer].due(Instant::from_ms(by));
        let fired = due.into_iter().map(|deadline| {
            let events = fire(&self.customers[customer], deadline);
            let told = Fired {
                due_at: deadline.due_at.as_ms(),
                claim: deadline.claim.to_string(),
                kind: kind_of(deadline.kind),
                events: as_json(&events),
            };
            self.append(Record { customer: Some(customer), at: deadline.due_at, imported, events });
            told
        });
        fired.collect()
    }

    /// Decides, and changes nothing.
    pub(crate) fn decide(&self, asked: &Asked, command: &Command) -> Decided {
        let nobody = Customer::default();
        let asker = read(&asked.asker);
        let context = Context {
            catalog: self.catalog.at(asked.program),
            customer_id: CustomerId(uuid(&asked.customer_id)),
            asker: &asker,
            id: CommandId(uuid(&asked.id)),
            at: Instant::from_ms(asked.at),
            imported: asked.imported,
        };
        decide(asked.customer.map_or(&nobody, |it| &self.customers[it]), command, &context)
    }

    /// Applies what was decided.
    pub(crate) fn apply(&mut self, asked: &Asked, decided: &Decided) {
        let events = decided.as_deref().unwrap_or_default().to_vec();
        let at = Instant::from_ms(asked.at);
        self.append(Record { customer: asked.customer, at, imported: asked.imported, events });
    }

    fn append(&mut self, record: Record) {
        match record.customer {
            Some(customer) => {
                let stamp = Stamp { at: record.at, imported: record.imported };
                record.events.iter().for_each(|it| self.customers[customer].evolve(it, stamp));
            }
            None => {
                self.decisions += 1;
                record.events.iter().for_each(|it| self.catalog.evolve(self.decisions, it));
            }
        }
        self.log.push(Rc::new(record));
    }

    /// The same, folded anew from what stands on its log.
    pub(crate) fn restarted(&self) -> Self {
        let mut anew = Self::default();
        self.log.iter().for_each(|it| anew.append(Record::clone(it)));
        anew
    }
}

/// The command as the crate reads it.
pub(crate) fn command(asked: &Asked) -> Command {
    let command = CommandType::ALL.iter().find(|it| it.as_str() == asked.command).expect("a command");
    Command::body(*command, &asked.body).unwrap_or_else(|error| panic!("{error}: {asked:#?}"))
}

fn read<T: DeserializeOwned>(json: &Value) -> T {
    T::deserialize(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn uuid(text: &str) -> Uuid {
    text.parse().expect("a UUID")
}
