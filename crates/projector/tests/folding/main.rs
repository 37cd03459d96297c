//! The runner, on real decisions: once, in order, or not at all.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod beside;
mod embedded;
mod following;
mod gate;
mod halts;
mod inputs;
mod kills;
mod pages;
mod planted;
mod server;
mod sharing;

use claim_domain::event::Event;
use claim_journal::Offsets;
use claim_projector::fixtures::{Desk, day};
use claim_projector::{
    Definition, Fact, Location, ProjectError, Projector, Runner, StoreError, Tables, Verified, Views, params,
    verify,
};
use claim_testkit::stores::{self, Store};
use serde_json::json;

/// Counts the events of each claim: a view that shows every event folded twice, or not at all.
struct Counts;

impl Projector for Counts {
    const NAME: &'static str = "counts";
    const VERSION: u32 = 1;
    const DDL: &'static str = "CREATE TABLE counts (claim TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;";
    const TABLES: &'static [&'static str] = &["counts"];

    fn apply(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
        let Some(claim) = fact.event.claim() else { return Ok(()) };
        let sql =
            "INSERT INTO counts VALUES (?1, 1) ON CONFLICT (claim) DO UPDATE SET count = counts.count + 1";
        tables.write(sql, params![claim.to_string()]).map(drop)
    }
}

/// A place with views in it.
struct Place(stores::Place);

impl Place {
    fn new(store: Store) -> Self {
        Self(store.place())
    }

    fn at(&self) -> Location {
        self.0.at().parse().unwrap()
    }

    fn runner(&self, desk: &Desk) -> Runner {
        self.runner_with(desk, vec![Definition::of::<Counts>()])
    }

    fn runner_with(&self, desk: &Desk, definitions: Vec<Definition>) -> Runner {
        Runner::new(Views::open(self.at()).unwrap(), desk.log.offsets(), definitions).unwrap()
    }

    /// Opens, folds everything, closes.
    fn fold(&self, desk: &Desk) -> Result<(), ProjectError> {
        self.runner(desk).catch_up(&desk.log, &mut |_| ()).map(drop)
    }

    fn verify(&self, desk: &Desk) -> Verified {
        let views = Views::open_read_only(self.at()).unwrap();
        let definitions = [Definition::of::<Counts>()];
        verify(&views, desk.log.offsets(), &definitions, &desk.log, None, &mut |_| ()).unwrap()
    }

    fn sql(&self, sql: &str) {
        self.0.sql(sql);
    }

    fn number(&self, sql: &str) -> i64 {
        self.0.number(sql)
    }
}

/// Two partners, three customers, claims in many states, a refusal, a deadline, comments.
fn busy_desk(offsets: Offsets) -> Desk {
    let mut desk = Desk::new(offsets);
    for partner in ["p-1", "p-2"] {
        let body = json!({"partner": partner, "location": "l-1"});
        desk.tell(claim_projector::fixtures::operator(), "EnrollLocation", body, day(0));
    }
    desk.publish("e-1", json!({"limit": 3}));
    desk.publish("e-2", json!({"limit": 3}));
    desk.facts("1", json!({"spend": 10}), day(0));
    let approved = desk.add("p-1", "e-1", "1", "Alpha", day(1));
    desk.approve(approved, day(2));
    let declined = desk.add("p-2", "e-1", "2", "Beta", day(3));
    desk.ask_consent(declined, day(4));
    desk.decline(declined, day(5));
    let open = desk.claim("p-1", "e-2", Desk::customer("1"), "Alpha again", day(6));
    desk.as_partner(
        open,
        "UpdateContacts",
        json!({"claim": open, "contacts": claim_projector::fixtures::contacts("Alpha Ltd")}),
        day(7),
    );
    let _ = desk.ask(claim_projector::fixtures::reviewer(), "ApproveClaim", json!({"claim": open}), day(8));
    desk.add("p-2", "e-2", "3", "Gamma", day(9));
    desk.fire(day(60));
    desk
}

/// Many small decisions about one claim, more than a batch holds.
fn long_desk(comments: usize) -> Desk {
    let mut desk = busy_desk(Offsets::Positions);
    let claim = desk.add("p-1", "e-1", "7", "Wordy", day(61));
    for _ in 0..comments {
        let text = claim_projector::fixtures::boxed("words");
        desk.as_partner(claim, "AddComment", json!({"claim": claim, "text": text}), day(62));
    }
    desk
}

/// How many events of claims stand on the desk's journal.
fn events_of_claims(desk: &Desk) -> i64 {
    let mut count = 0;
    desk.log.damage(|stored| {
        for it in stored {
            let line = claim_journal::Line::parse(&it.line).unwrap();
            if let Ok(decision) = claim_journal::Decision::decode(line.body) {
                count += decision.events().iter().filter_map(Event::claim).count();
            }
        }
    });
    i64::try_from(count).unwrap()
}
