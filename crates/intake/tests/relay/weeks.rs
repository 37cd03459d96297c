//! Weeks of trouble, by a clock that the test owns: a command received before its deadline wins and one received after it
//! loses, whatever stood still meanwhile (DESIGN rule 7, §4 "Time").

use std::collections::BTreeSet;

use claim_engine::Instance;
use claim_journal::{Cause, Decision, Kind, Line};
use claim_log::Place;
use claim_testkit::broker::MemoryBroker;
use serde_json::Value;

use crate::observed::observed;
use crate::room::{PARTITIONS, Room, Working, until};
use crate::world::{DAY_MS, add, command, directory, id, program, user};

/// When the claims are made; consent is due a day later.
const BEGIN_MS: i64 = 1_790_000_000_000;
/// How long the trouble lasts.
const WEEKS_MS: i64 = 28 * DAY_MS;
/// An inbox partition of its own for the commands that meet the trouble.
const OURS: (&str, u32) = ("inbox.crm", 1);

/// Everybody at work, and three claims that came by [`OURS`].
struct Season {
    room: Room,
    engine: Option<Instance>,
    intake: Option<Working>,
    _publisher: Working,
}

impl Season {
    fn begin() -> Self {
        let room = Room::new(&directory().to_string());
        room.broker.set_time(BEGIN_MS);
        let (engine, intake, publisher) = (room.engine(), room.intake(false), room.publisher());
        let season = Self { room, engine: Some(engine), intake: Some(intake), _publisher: publisher };
        program(1).iter().for_each(|it| season.ask("inbox.portal", 0, it));
        until("the program", || (1..=3).all(|it| season.told(it).is_some()));
        (101..=103).for_each(|it| season.ask(OURS.0, OURS.1, &add(it, it)));
        until("the claims", || (101..=103).all(|it| season.told(it).is_some()));
        season
    }

    fn ask(&self, topic: &str, partition: u32, command: &Value) {
        self.room.send(topic, partition, Vec::new(), Some(command.to_string().as_bytes()));
    }

    /// So much later, cancels the claim that this command made.
    fn cancel(&self, inbox: (&str, u32), number: u64, made_by: u64, after_ms: i64) {
        self.room.broker.set_time(BEGIN_MS + after_ms);
        let body = serde_json::json!({"claim": self.claim(made_by)});
        self.ask(inbox.0, inbox.1, &command(number, "CancelClaim", user("p-contoso"), body));
    }

    /// One just in time, one when it is due, and one weeks later.
    fn cancel_ours_while(&self, trouble: impl FnOnce(&Self)) {
        self.cancel(OURS, 201, 101, DAY_MS - 1);
        self.cancel(OURS, 202, 102, DAY_MS);
        trouble(self);
        self.cancel(OURS, 203, 103, WEEKS_MS);
    }

    /// What was told of a command.
    fn told(&self, number: u64) -> Option<Value> {
        let all = self.room.outcomes().into_iter().map(|(_, it)| it);
        all.into_iter().find(|it| it["command_id"] == id(number))
    }

    fn claim(&self, made_by: u64) -> String {
        self.told(made_by).unwrap()["claims"][0].as_str().unwrap().to_owned()
    }

    /// The answer to a command, once it is told.
    fn answer(&self, number: u64) -> String {
        until("an outcome", || self.told(number).is_some());
        let told = self.told(number).unwrap();
        assert_ne!(told["late"], true, "{told}");
        match told["reason"]["code"].as_str() {
            Some(code) => code.to_owned(),
            None => told["outcome"].as_str().unwrap().to_owned(),
        }
    }

    /// The claims whose deadlines fired.
    fn fired(&self) -> BTreeSet<String> {
        let numbered = (0..PARTITIONS).map(claim_journal::PartitionId::Number);
        let records = numbered.flat_map(|it| self.room.broker.read_all(&MemoryBroker::place(it)));
        let lines = records.map(|it| it.value.unwrap());
        let mut fired = BTreeSet::new();
        for line in lines {
            let line = Line::parse(&line).unwrap();
            if line.envelope.kind == Kind::Decision
                && let Cause::Deadline(deadline) = Decision::decode(line.body).unwrap().cause
            {
                assert!(fired.insert(deadline.claim.to_string()), "it fired twice");
            }
        }
        fired
    }

    /// The first won, the others lost, each once; and an observer has nothing to say.
    fn end(mut self, others: impl IntoIterator<Item = u64>) {
        let answers = [201, 202, 203].map(|it| self.answer(it));
        assert_eq!(answers, ["accepted", "deadline_reached", "deadline_reached"]);
        // Whatever was not touched falls due once everybody has promised.
        self.room.broker.set_time(BEGIN_MS + WEEKS_MS + DAY_MS);
        let lost: BTreeSet<_> = others.into_iter().chain([102, 103]).map(|it| self.claim(it)).collect();
        until("every deadline", || self.fired() == lost);
        drop(self.intake.take());
        self.engine.take().unwrap().close();
        assert_eq!(observed(&self.room.broker, PARTITIONS), []);
    }
}

#[test] // DESIGN rule 7
fn intake_was_stopped_for_weeks() {
    let mut season = Season::begin();
    drop(season.intake.take());
    season.cancel_ours_while(|_| {});
    season.intake = Some(season.room.intake(false));
    season.end([]);
}

#[test] // F-42
fn the_engine_was_down_for_weeks() {
    let mut season = Season::begin();
    season.engine.take().unwrap().close();
    season.cancel_ours_while(|_| {});
    season.engine = Some(season.room.engine());
    season.end([]);
}

#[test] // F-07
fn all_brokers_were_down_for_weeks() {
    let season = Season::begin();
    // What came last was taken by the brokers and by nobody else before they went down.
    season.room.broker.set_down(true);
    season.cancel_ours_while(|_| {});
    season.room.broker.set_down(false);
    season.end([]);
}

#[test] // DESIGN §4: W is the least over all inbox partitions
fn one_inbox_partition_was_stuck_for_weeks_while_others_flowed() {
    let season = Season::begin();
    let portal = ("inbox.portal", 0);
    (104..=106).for_each(|it| season.ask(portal.0, portal.1, &add(it, it)));
    (104..=106).for_each(|it| assert_eq!(season.answer(it), "accepted"));
    let stuck = Place::new(OURS.0, OURS.1);
    season.room.broker.set_stuck(&stuck, true);
    season.cancel_ours_while(|it| {
        it.cancel(portal, 205, 105, DAY_MS);
        assert_eq!(it.answer(205), "deadline_reached", "a command fires the deadlines of its own customer");
        for day in 2..28 {
            it.room.broker.set_time(BEGIN_MS + day * DAY_MS);
            let number = 300 + day.unsigned_abs();
            it.ask(portal.0, portal.1, &add(number, number));
            assert_eq!(it.answer(number), "accepted", "the others flow");
        }
        assert_eq!(it.fired(), BTreeSet::from([it.claim(105)]), "the others wait for the stuck one");
    });
    season.room.broker.set_stuck(&stuck, false);
    season.end((104..=106).chain(302..328));
}
