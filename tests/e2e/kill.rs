//! `kill -9` at random moments under load: nothing that was told is lost or changed, nothing is decided twice.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::journal::{decisions, records};
use crate::place::Place;
use crate::seed::Chance;
use crate::world::{CUSTOMERS, DAY_MS, accept, add, claim, comment, lines, program, received, send_consent};

/// How often the program is killed.
const KILLS: u64 = 50;
/// How many customers there is work for: a fast program answers some two hundred lines before it is dead.
const WORK: u64 = 1_900;

/// A stream of commands: customers come in, are asked and answer; some answer too late and some comments come twice.
fn stream() -> String {
    let mut commands = program(1);
    let (mut number, mut ms) = (100, 0);
    for customer in 0..WORK {
        let opened = number;
        let claim = claim(opened);
        commands.push(add(opened, customer));
        commands.push(send_consent(opened + 1, &claim));
        commands.push(comment(opened + 2, &claim));
        commands.push(comment(opened + 2, &claim));
        // The answer comes after those of many other customers, and after the deadline for every third of them.
        if customer >= 40 && customer % 3 != 0 {
            commands.push(accept(opened - 40 * 10 + 3, &self::claim(opened - 40 * 10)));
        }
        number += 10;
    }
    let mut text = String::new();
    for command in commands {
        text += &lines([&received(command, ms)]);
        ms += DAY_MS / 240;
    }
    text
}

/// The program, taking the stream, and what it tells.
struct Running {
    child: Child,
    told: std::sync::mpsc::Receiver<String>,
}

/// Starts the program with the lines of the stream from this one on.
fn start(place: &Place, stream: &str, from: usize) -> Running {
    let mut child = place
        .claimlog()
        .args(["apply", "--as-recorded", "--no-effects", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stream: String = stream.split_inclusive('\n').skip(from).collect();
    thread::spawn(move || drop(stdin.write_all(stream.as_bytes())));
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        // A line without its end was not told.
        while stdout.read_line(&mut line).is_ok() && line.ends_with('\n') {
            drop(tell.send(std::mem::take(&mut line)));
        }
    });
    Running { child, told }
}

/// Remembers what was told of each line, and holds every later answer to it.
fn hold(acknowledged: &mut Vec<String>, line: usize, told: String) {
    match acknowledged.get(line) {
        Some(before) => assert_eq!(*before, told, "line {line} was answered otherwise before"),
        None => acknowledged.push(told),
    }
}

#[test] // F-14, F-15, F-25, I-01, I-04, I-05, issue 3 item 9
fn f_14_killed_fifty_times_under_load_nothing_told_is_lost_or_doubled() {
    let mut chance = Chance::new("f_14");
    let place = Place::of_world();
    let stream = stream();
    let lines = stream.lines().count();
    let mut acknowledged: Vec<String> = Vec::new();
    let mut fresh = Vec::new();
    for kill in 0..KILLS {
        let known = acknowledged.len();
        // Again from the start, or from somewhere before what is known.
        let mut line = if kill % 10 == 0 { 0 } else { known - (known.min(200) * kill as usize % 7) / 7 };
        let mut running = start(&place, &stream, line);
        if kill % 5 == 4 {
            // While it starts: it may have told nothing yet.
            thread::sleep(Duration::from_millis(chance.below(60)));
        } else {
            // At any moment after so many new answers.
            let enough = known + usize::try_from(chance.below(40)).unwrap();
            while line < enough {
                let Ok(told) = running.told.recv() else { break };
                hold(&mut acknowledged, line, told);
                line += 1;
            }
            thread::sleep(Duration::from_micros(chance.below(3_000)));
        }
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        for told in running.told {
            hold(&mut acknowledged, line, told);
            line += 1;
        }
        fresh.push(acknowledged.len() - known);
    }
    assert!(
        fresh.iter().filter(|it| **it > 0).count() >= 20,
        "too few kills met a working program: {fresh:?}"
    );

    let last = place.feed(["apply", "--as-recorded", "--no-effects", "-"], stream.clone()).ended(0);
    for (line, told) in last.out.lines().enumerate() {
        hold(&mut acknowledged, line, format!("{told}\n"));
    }
    assert_eq!(acknowledged.len(), lines);
    whole(&place, &stream, &acknowledged);
}

/// Every command is on the log once, as it was told, and so is every deadline; the chains are whole.
fn whole(place: &Place, stream: &str, acknowledged: &[String]) {
    let mut decided = BTreeSet::new();
    let mut fired = BTreeSet::new();
    for record in decisions(&place.data()) {
        let cause = &record["body"]["cause"];
        let once = match &cause["asked"] {
            Value::Null => fired.insert(cause["deadline"].to_string()),
            asked => decided.insert(format!("{} {} {}", asked["source"], asked["id"], asked["digest"])),
        };
        assert!(once, "decided twice: {cause}");
    }
    let asked: BTreeSet<&str> = stream.lines().collect();
    let ids: BTreeSet<String> =
        asked.iter().map(|it| serde_json::from_str::<Value>(it).unwrap()["id"].to_string()).collect();
    assert_eq!(decided.len(), ids.len());
    assert!(!fired.is_empty(), "no deadline fired");
    for told in acknowledged {
        let told: Value = serde_json::from_str(told).unwrap();
        assert_ne!(told["outcome"], "problem", "{told}");
    }
    let epochs = records(&place.data()).iter().filter(|it| it["envelope"]["kind"] == "lead").count();
    assert!(epochs > 50, "{epochs} leads only");
    assert_chains(place);
}

/// Sequences of each partition are 1, 2, 3, …, and epochs grow by one.
fn assert_chains(place: &Place) {
    let mut partitions = std::collections::BTreeMap::<String, (u64, u64)>::new();
    for record in records(&place.data()) {
        let envelope = &record["envelope"];
        let (epoch, sequence) = partitions.entry(envelope["partition"].to_string()).or_default();
        if envelope["kind"] == "lead" {
            *epoch += 1;
        } else {
            *sequence += 1;
            assert_eq!(envelope["sequence"], *sequence, "{envelope}");
        }
        assert_eq!(envelope["epoch"], *epoch, "{envelope}");
    }
}

/// How often the program is killed while it serves, while it rebuilds, and again while it recovers from that.
const KILLS_OF_EACH: u64 = 50;

#[test] // F-14, F-34, F-37, I-01, I-05, issue 5 item 7
fn f_14_killed_while_serving_and_rebuilding_and_again_while_recovering_nothing_is_lost() {
    let mut chance = Chance::new("f_14_serving");
    let place = Place::of_world();
    place.apply(lines(&program(30))).ended(0);
    let mut told: Vec<(Value, String)> = Vec::new();
    let mut served = 0;
    for kill in 0..KILLS_OF_EACH {
        let serving = place.serve(&["--no-effects"]);
        let (client, number) = (serving.client(), 100 + kill * 1_000);
        let asking = thread::spawn(move || {
            let mut told = Vec::new();
            for number in (number..number + 1_000).step_by(10) {
                for command in [add(number, number / 10 % CUSTOMERS), comment(number + 1, &claim(number))] {
                    let Ok(answer) = client(&command.to_string()) else { return told };
                    told.push((command, answer.is(200).body));
                }
            }
            told
        });
        thread::sleep(Duration::from_millis(chance.below(120)));
        serving.kill();
        let answered = asking.join().unwrap();
        served += u64::from(!answered.is_empty());
        told.extend(answered);

        killed_within(&mut chance, place.claimlog().args(["apply", "--no-effects", "-"]));
        killed_within(&mut chance, place.claimlog().args(["views", "rebuild"]));
    }
    assert!(served >= KILLS_OF_EACH / 3, "only {served} kills met a serving program");

    let again = place.apply(lines(told.iter().map(|(command, _)| command))).ended(0);
    let again: Vec<&str> = again.out.lines().collect();
    assert_eq!(again, told.iter().map(|(_, told)| told.as_str()).collect::<Vec<_>>());
    let stream = lines(&program(30)) + &lines(told.iter().map(|(command, _)| command));
    let ids: BTreeSet<String> = stream.lines().map(|it| it.to_owned()).collect();
    let decided = decisions(&place.data());
    assert!(decided.len() >= ids.len(), "{} decisions of {} commands", decided.len(), ids.len());
    let once: BTreeSet<String> = decided.iter().map(|it| it["body"]["cause"].to_string()).collect();
    assert_eq!(once.len(), decided.len(), "something is decided twice");
    assert_chains(&place);
    place.run(["views", "verify"]).ended(0);
    place.run(["audit", "verify"]).ended(0);
}

/// Starts a program and kills it while it starts, or soon after.
fn killed_within(chance: &mut Chance, command: &mut std::process::Command) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_millis(chance.below(150)));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test] // F-34
fn f_34_views_whose_making_was_killed_are_made_again() {
    let place = Place::of_world();
    place.apply(lines(&program(30))).ended(0);
    for name in ["views.sqlite", "views.sqlite-wal", "views.sqlite-shm"] {
        drop(std::fs::remove_file(place.data().join(name)));
    }
    std::fs::write(place.data().join("views.sqlite"), "").unwrap();
    place.apply(lines([&add(100, 1)])).ended(0);
}
