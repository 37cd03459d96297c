//! Long histories: each move draws one command, which the model answers as it goes.
//!
//! A move is a handful of small numbers, so that a failing story shrinks to few and simple ones. What it comes to
//! depends on what stands: most moves bring a claim forward, some give a command out of its place, some spoil one, some
//! change the program or the facts; time stands still, goes on, or goes to a deadline exactly.

use serde_json::{Value, json};

use super::model::{Asked, Claim, Model, Told, spelt};

pub(crate) mod asks;
pub(crate) mod chance;
mod program;
mod spoils;

use asks::{Ask, EFFECT_KINDS, OTHERS, customer_id, forward, one};

/// The moment at which every story begins: 2026-01-05T09:00:00.000Z.
pub(crate) const START: i64 = 1_767_603_600_000;
/// How many customers a story has.
pub(crate) const CUSTOMERS: usize = 3;

const HOUR: i64 = 3_600_000;

/// One move: what comes, of which customer and claim, when, and how it is spoilt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    pub(crate) what: u8,
    pub(crate) which: u16,
    pub(crate) customer: u8,
    pub(crate) claim: u8,
    pub(crate) when: u8,
    pub(crate) spoilt: u16,
}

/// One of a list, whatever the number.
fn pick<T>(list: &[T], number: impl Into<usize>) -> Option<&T> {
    list.get(number.into() % list.len().max(1))
}

/// A history, and what the model says of it.
pub(crate) struct Story {
    pub(crate) model: Model,
    now: i64,
    /// The position of the program that each customer's newest command was stamped with.
    stamps: [u64; CUSTOMERS],
    /// How many of the moves are imported history.
    imported: usize,
    /// The commands, each with what it came to.
    pub(crate) told: Vec<(Asked, Told)>,
}

impl Story {
    /// The story of these moves under the standard program; the first `imported` of them are imported history.
    pub(crate) fn of(moves: &[Move], imported: usize) -> Self {
        let mut story = Self {
            model: Model::of_customers(CUSTOMERS),
            now: START,
            stamps: [0; CUSTOMERS],
            imported,
            told: vec![],
        };
        for ask in program::standard() {
            story.tell(None, ask, 0);
        }
        for it in moves {
            story.go(*it);
        }
        story
    }

    fn go(&mut self, it: Move) {
        self.now = self.moment(it.when);
        let customer = usize::from(it.customer) % CUSTOMERS;
        let claims = self.model.customers[customer].claims();
        let open: Vec<_> = claims.iter().filter(|it| !it.is_over()).collect();
        let claim = match it.claim {
            0..100 => open.first().copied(),
            100..200 => pick(&open, it.claim).copied(),
            _ => pick(&claims, it.claim),
        };
        let about = |ask: Option<Ask>| ask.map(|ask| (Some(customer), ask));
        let number = usize::from(it.which);
        let ask = match (it.what, claim) {
            (0..155, Some(claim)) => {
                about(forward(claim, number).or_else(|| Some(asks::creation(customer, number))))
            }
            (155..195, Some(claim)) => about(pick(OTHERS, number).and_then(|it| one(it, claim, number))),
            (195..220, Some(claim)) => about(self.report(claim, number)),
            (220..228, _) => about(Some(asks::facts(customer, number, self.now))),
            (228..236, _) => program::change(number).map(|ask| (None, ask)),
            _ => about(Some(asks::creation(customer, number))),
        };
        let Some((customer, ask)) = ask else { return };
        let ask = spoils::spoil(ask, it.spoilt, claim.map(Claim::id));
        let behind = u64::from(it.spoilt.is_multiple_of(3)) * u64::from(it.spoilt % 4);
        self.tell(customer, ask, behind);
    }

    /// Asks, stamped with a position of the program that may lie so far behind.
    fn tell(&mut self, customer: Option<usize>, ask: Ask, behind: u64) {
        let newest = self.model.program.decisions;
        let program = customer.map_or(newest, |customer| {
            let stamp = newest.saturating_sub(behind).max(self.stamps[customer]);
            self.stamps[customer] = stamp;
            stamp
        });
        let asked = Asked {
            customer,
            customer_id: customer.map_or_else(|| uuid::Uuid::nil().to_string(), customer_id),
            id: uuid::Uuid::from_u128(self.told.len() as u128 + 1).to_string(),
            asker: ask.asker,
            command: ask.command,
            body: ask.body,
            at: self.now,
            program,
            imported: self.told.len() < self.imported,
        };
        let told = self.model.tell(&asked);
        self.told.push((asked, told));
    }

    /// A report of the performer of effects about one of the claim's effects.
    fn report(&self, claim: &Claim, number: usize) -> Option<Ask> {
        let intended: Vec<_> = EFFECT_KINDS.iter().filter(|kind| claim.count(kind) > 0).collect();
        let outside = intended.iter().rfind(|kind| kind.ends_with("Intended"));
        let kind = outside.filter(|_| number.is_multiple_of(2)).or(pick(&intended, number))?;
        let which = (number / 7) % claim.count(kind);
        asks::report(claim, kind, which, number / 2)
    }

    /// When the next command comes.
    fn moment(&self, when: u8) -> i64 {
        let now = self.now;
        match when {
            0..120 => now,
            120..210 => now + i64::from(when) * 60_000,
            210..238 => now + 25 * HOUR,
            238..242 => self.next_due_at().map_or(now, |due_at| (due_at - 1).max(now)),
            242..246 => self.next_due_at().unwrap_or(now),
            246..250 => self.next_due_at().map_or(now, |due_at| due_at + 1),
            250..254 => now + 5 * 24 * HOUR,
            _ => now + 41 * 24 * HOUR,
        }
    }

    /// The next deadline of anyone.
    fn next_due_at(&self) -> Option<i64> {
        let claims = self.model.customers.iter().flat_map(|it| it.claims());
        let due = claims.filter_map(|it| it.running(&self.model.program)).map(|(due_at, _)| due_at);
        due.filter(|it| *it >= self.now).min()
    }
}

/// A time as JSON.
fn time(ms: i64) -> Value {
    json!(spelt(ms))
}
