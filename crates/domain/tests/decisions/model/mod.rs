//! What a decision must be, written a second time from DOMAIN and from nothing else.
//!
//! A customer here is the list of what happened, and every question is answered by looking through that list: no
//! status, no count and no deadline is kept. Commands and events are JSON, times are milliseconds, days are counted
//! here. Nothing of the crate is used, so that a mistake must be made twice to stay unseen.
//!
//! Start at [`Model::tell`]; then `claim` for the rows of the state machine, `create` for Add and Claim.

use std::rc::Rc;

use serde_json::Value;

mod claim;
mod create;
mod criteria;
mod effects;
mod ids;
mod past;
mod program;
mod who;

pub(crate) use ids::spelt;
pub(crate) use past::{Claim, Entry, Past};
pub(crate) use program::Program;

/// One command as it comes.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The customer it is about, by number; the program's commands are about none.
    pub(crate) customer: Option<usize>,
    /// That customer's id; nil for the program.
    pub(crate) customer_id: String,
    /// The command's id.
    pub(crate) id: String,
    pub(crate) asker: Value,
    pub(crate) command: &'static str,
    pub(crate) body: Value,
    /// When it was received, in milliseconds.
    pub(crate) at: i64,
    /// The position of the program that it is stamped with.
    pub(crate) program: u64,
    /// Whether it is imported history.
    pub(crate) imported: bool,
}

/// Events, or the reason of a refusal without its sentences.
pub(crate) type Answer = Result<Vec<Value>, Value>;

/// A deadline that fired, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fired {
    pub(crate) due_at: i64,
    pub(crate) claim: String,
    pub(crate) kind: &'static str,
    pub(crate) events: Vec<Value>,
}

/// What a command came to, the deadlines that fired first included.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) fired: Vec<Fired>,
    pub(crate) answer: Answer,
}

/// Everything that happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) program: Program,
    pub(crate) customers: Vec<Past>,
}

impl Model {
    /// Nothing happened to so many customers.
    pub(crate) fn of_customers(count: usize) -> Self {
        Self { program: Program::default(), customers: vec![Past::default(); count] }
    }

    /// Fires what is due, then answers.
    pub(crate) fn tell(&mut self, asked: &Asked) -> Told {
        let Some(customer) = asked.customer else {
            let answer = self.program.answer(asked);
            self.program.happened(answer.as_deref().unwrap_or_default());
            return Told { fired: vec![], answer };
        };
        let fired = self.fire(customer, asked.at, asked.imported);
        let past = &self.customers[customer];
        let answer = Deciding { program: &self.program, past, asked }.answer();
        if let Ok(events) = &answer {
            self.happened(customer, asked.at, asked.imported, events);
        }
        Told { fired, answer }
    }

    /// Fires every deadline of the customer due by then, in order (DESIGN rule 7).
    pub(crate) fn fire(&mut self, customer: usize, by: i64, imported: bool) -> Vec<Fired> {
        let mut fired = vec![];
        loop {
            let running = self.customers[customer].claims().into_iter();
            let next = running
                .filter_map(|it| it.running(&self.program).map(|due| (due, it)))
                .filter(|(due, _)| due.0 <= by);
            let Some(((due_at, kind), claim)) = next.min_by_key(|((due, _), it)| (*due, it.id().to_owned()))
            else {
                return fired;
            };
            let events = claim.expiry(kind, due_at);
            fired.push(Fired { due_at, claim: claim.id().to_owned(), kind, events: events.clone() });
            self.happened(customer, due_at, imported, &events);
        }
    }

    fn happened(&mut self, customer: usize, at: i64, imported: bool, events: &[Value]) {
        let entries = events.iter().map(|it| Rc::new(Entry { at, imported, event: it.clone() }));
        self.customers[customer].0.extend(entries);
    }
}

/// One command before what happened so far.
struct Deciding<'a> {
    program: &'a Program,
    past: &'a Past,
    asked: &'a Asked,
}

/// A refusal with this code.
fn no(code: &str) -> Value {
    serde_json::json!({ "code": code })
}

/// A refusal with this code and these details.
fn no_because(code: &str, details: Value) -> Value {
    serde_json::json!({"code": code, "details": details})
}

impl Deciding<'_> {
    /// Role first, then each kind of command in its own order.
    fn answer(&self) -> Answer {
        if !who::may(self.asked) {
            return Err(no("role_not_allowed"));
        }
        match self.asked.command {
            "RecordCustomerFacts" => self.facts(),
            "AddCustomer" | "ClaimCustomer" => self.create(),
            _ => self.of_a_claim(),
        }
    }

    ///
    fn facts(&self) -> Answer {
        let body = &self.asked.body;
        let observed_at = ids::read(&body["observed_at"]);
        if observed_at > self.asked.at {
            return Err(no("observed_in_future"));
        }
        let mut events: Vec<Value> = vec![];
        if self.asked.asker["name"] != "intake" {
            events.extend(self.conflict());
        }
        let is_domain = body["identifier"]["id_type"] == "domain_name";
        let tenant = Some(&body["found"]["tenant"]).filter(|it| is_domain && !it.is_null());
        let recorded = self.past.observed(tenant.unwrap_or(&body["identifier"]));
        if recorded.is_none_or(|it| ids::read(&it["observed_at"]) < observed_at) {
            let mut event = serde_json::json!({"type": "CustomerFactsRecorded", "version": 1});
            for name in ["identifier", "values", "observed_at", "source"] {
                event[name] = body[name].clone();
            }
            if let Some(tenant) = tenant {
                event["tenant"] = tenant.clone();
            }
            events.push(event);
        }
        Ok(events)
    }

    /// The conflict that routing met, said once per pair of identifiers.
    fn conflict(&self) -> Option<Value> {
        let conflict = &self.asked.body["found"]["conflict"];
        let same = |it: &Value| it["used"] == conflict["used"] && it["other"] == conflict["other"];
        let mut said = self.past.0.iter().filter(|it| it.is("IdentityConflictSeen"));
        if conflict.is_null() || said.any(|it| same(&it.event["conflict"])) {
            return None;
        }
        Some(serde_json::json!({"type": "IdentityConflictSeen", "version": 1, "conflict": conflict}))
    }
}
