//! The sample while it is made: who and what there is, and all lines so far.

use std::collections::BTreeSet;

use crate::sample::customer::Customer;
use crate::sample::directory::{Directory, Opportunity};
use crate::sample::engagement::Engagement;
use crate::sample::engagements::all_engagements;
use crate::sample::line::Line;
use crate::sample::people::ORGANISATIONS;

/// Customers below this number meet ordinary traffic; each of the others belongs to one single story.
pub(crate) const ORDINARY: usize = 260;

/// A story asked for something that the sample does not have.
pub(crate) type Missing = String;

/// Everything that ends in a file.
pub(crate) struct Sample {
    pub(crate) engagements: Vec<Engagement>,
    pub(crate) customers: Vec<Customer>,
    pub(crate) directory: Directory,
    pub(crate) lines: Vec<Line>,
    opportunities: usize,
    taken: BTreeSet<usize>,
}

impl Sample {
    /// No lines yet.
    pub(crate) fn new() -> Self {
        let customers: Vec<Customer> = (0..ORGANISATIONS).map(Customer::numbered).collect();
        Self {
            engagements: all_engagements(),
            directory: Directory::of(&customers),
            customers,
            lines: Vec::new(),
            opportunities: 0,
            taken: BTreeSet::new(),
        }
    }

    /// The engagement of this name.
    pub(crate) fn engagement(&self, id: &str) -> Result<Engagement, Missing> {
        let found = self.engagements.iter().find(|it| it.id == id).cloned();
        found.ok_or_else(|| format!("no engagement {id}"))
    }

    /// A customer whom no other story meets and who is as `wanted`.
    pub(crate) fn fresh(&mut self, wanted: impl Fn(&Customer) -> bool) -> Result<Customer, Missing> {
        let free = |it: &&Customer| it.number >= ORDINARY && !self.taken.contains(&it.number) && wanted(it);
        let found =
            self.customers.iter().find(free).cloned().ok_or("no customer is left for a single story")?;
        self.taken.insert(found.number);
        Ok(found)
    }

    /// A new opportunity of this customer in MSX; its id.
    pub(crate) fn opportunity(
        &mut self,
        customer: &Customer,
        open: bool,
        value_cents: Option<i64>,
        currency: &'static str,
    ) -> String {
        self.opportunities += 1;
        let id = format!("7-SMP{:05}", self.opportunities);
        self.directory.open(&Opportunity { id: id.clone(), open, customer, value_cents, currency });
        id
    }

    /// Adds lines; their order among lines of the same time is kept.
    pub(crate) fn take(&mut self, lines: Vec<Line>) {
        self.lines.extend(lines);
    }
}
