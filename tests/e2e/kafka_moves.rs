//! A journal moves from a directory to Kafka and back, and on to other topics: answers stay what they were.

use std::fs;
use std::process::Command;

use claim_testkit::kafka;
use serde_json::Value;
use uuid::Uuid;

use crate::http::Serving;
use crate::journal::records;
use crate::place::{Place, Run, run};
use crate::sample::paths;

/// Topics of this test's own.
struct Topics<'a> {
    servers: &'a str,
    prefix: String,
}

impl<'a> Topics<'a> {
    fn made(place: &Place, servers: &'a str) -> Self {
        let topics = Self { servers, prefix: format!("moves-{}", Uuid::new_v4()) };
        topics.run(place, &["topics", "create"]).ended(0);
        topics
    }

    fn options(&self) -> [&str; 4] {
        ["--kafka", self.servers, "--kafka-prefix", &self.prefix]
    }

    fn run(&self, place: &Place, args: &[&str]) -> Run {
        run(place.claimlog().args(args).args(self.options()), Vec::new())
    }

    /// Serves on them with the keys of `keys`, from a data directory of its own.
    fn serve(&self, place: &Place, keys: &Place) -> Serving {
        let mut command: Command = place.claimlog();
        command.arg("--keys").arg(keys.data().join("keys.sqlite")).args(["serve", "--listen", "127.0.0.1:0"]);
        let serving = Serving::start(command.args(["--no-effects"]).args(self.options()));
        serving.until("/readyz", |it| it.status == 200);
        serving
    }
}

/// Applies the sample as history; some of its lines are problems.
fn apply(place: &Place) -> Vec<String> {
    let options = ["apply", "--as-recorded", "--no-effects"].map(std::path::PathBuf::from);
    place.run(options.iter().chain(&paths())).ended(4).out.lines().map(str::to_owned).collect()
}

/// A command of the sample as HTTP takes it, and the answer that it was given.
fn answered(outcomes: &[String]) -> (Value, String) {
    let lines = paths()
        .into_iter()
        .flat_map(|it| fs::read_to_string(it).unwrap().lines().map(str::to_owned).collect::<Vec<_>>());
    let accepted = lines.zip(outcomes).find(|(line, outcome)| {
        line.contains("\"AddCustomer\"") && outcome.contains("\"outcome\":\"accepted\"")
    });
    let (line, outcome) = accepted.unwrap();
    let mut command: Value = serde_json::from_str(&line).unwrap();
    command.as_object_mut().unwrap().remove("received_at");
    (command, outcome.clone())
}

fn with_another_id(mut command: Value) -> String {
    command["id"] = Uuid::new_v4().to_string().into();
    command.to_string()
}

#[test] // DESIGN §5: a journal is its records, wherever they stand
fn a_journal_moves_to_kafka_and_back_and_every_answer_stays_the_same() {
    let name = "a_journal_moves_to_kafka_and_back_and_every_answer_stays_the_same";
    let Some(cluster) = kafka::or_skip(name) else { return };
    let servers = cluster.bootstrap();
    let origin = Place::of_sample();
    let outcomes = apply(&origin);
    let (command, outcome) = answered(&outcomes);

    let there = Place::of_sample();
    let topics = Topics::made(&there, servers);
    let from = origin.data().display().to_string();
    let moved = topics.run(&there, &["import", "--json", "--from", &from]).ended(0).json().remove(0);
    let decided = |it: &Value| {
        it["partitions"].as_array().unwrap().iter().map(|it| it["sequence"].as_u64().unwrap()).sum()
    };
    let before: u64 = decided(&moved);
    assert!(before > 0 && moved["bindings"].as_u64() > Some(0), "{moved}");
    let refused = topics.run(&there, &["import", "--from", &from]).ended(2);
    assert!(refused.err.contains("is not empty"), "{}", refused.err);

    let serving = topics.serve(&there, &origin);
    assert_eq!(serving.post(&command.to_string()).is(200).body, outcome, "a repeat");
    serving.post(&with_another_id(command.clone())).is(200);
    serving.stop().ended(0);

    let back = Place::of_sample();
    let to = back.data().display().to_string();
    let exported = topics.run(&there, &["export", "--json", "--to", &to]).ended(0).json().remove(0);
    assert!(decided(&exported) > before, "what was decided on Kafka came along: {exported}");
    assert_eq!(exported["bindings"], moved["bindings"]);
    topics.run(&there, &["export", "--to", &to]).ended(2);
    back.run(["audit", "verify"]).ended(0);
    fs::copy(origin.data().join("keys.sqlite"), back.data().join("keys.sqlite")).unwrap();
    for (first, again) in outcomes.iter().zip(apply(&back)) {
        assert!(first.contains("\"outcome\":\"problem\"") || *first == again, "{first}\n{again}");
    }

    // On to other topics: decisions name inputs of topics that are not there.
    assert!(records(&back.data()).iter().any(|it| it["body"]["cause"]["asked"]["input"].is_u64()));
    let elsewhere = Place::of_sample();
    let others = Topics::made(&elsewhere, servers);
    others.run(&elsewhere, &["import", "--from", &to]).ended(0);
    let serving = others.serve(&elsewhere, &back);
    assert_eq!(serving.post(&command.to_string()).is(200).body, outcome, "a repeat");
    serving.post(&with_another_id(command)).is(200);
    serving.stop().ended(0);
}
