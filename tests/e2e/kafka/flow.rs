//! A command by a topic or by HTTP, its outcome, its events, and what is no command.

use std::fs;
use std::process::Command;

use claim_testkit::kafka::{Record, or_skip};
use claim_testkit::skipped;
use serde_json::{Value, json};

use super::room::Room;
use crate::http::Serving;
use crate::place::{Place, Run, answer, claimlog, root, run};
use crate::python::python;
use crate::trace::TRACE;
use crate::world::{SCAN, accept, add, claim, command, comment, id, lines, operator, program, send_consent};

/// The world's program, decided, and the program serving it.
fn with_program(room: &Room, args: &[&str]) -> (Place, Serving) {
    let place = Place::of_world();
    let serving = room.serve(&place, args);
    room.publish(&program(30));
    let told = room.outcomes(&[id(1), id(2), id(3)]);
    assert!(told.iter().all(|it| answer(&it.json()) == "accepted"), "{told:?}");
    (place, serving)
}

#[test] // DESIGN §6, F-08, F-10
fn topics_are_made_as_they_must_be_and_nothing_starts_on_others() {
    let Some(cluster) = or_skip("topics_are_made_as_they_must_be_and_nothing_starts_on_others") else {
        return;
    };
    let room = Room::on(cluster.bootstrap(), &[]);
    let missing = room.topics("check").ended(3).json().remove(0);
    assert!(missing["wrong"].as_array().unwrap().iter().all(|it| it["found"] == "missing"), "{missing}");
    let place = Place::of_world();
    let refused = run(&mut room.claimlog(&place, &[]), Vec::new()).ended(2);
    assert!(
        refused.err.contains(&room.topic("journal")) && refused.err.contains("topics create"),
        "{}",
        refused.err
    );
    assert_eq!(room.topics("create").ended(0).json().remove(0), json!({"wrong": []}));
    assert_eq!(room.topics("check").ended(0).json().remove(0), json!({"wrong": []}));

    // The same topics with the times of producers are others than those asked for.
    let mut recorded = Room::on(cluster.bootstrap(), &["--inbox-create-time"]);
    recorded.prefix.clone_from(&room.prefix);
    let wrong = recorded.topics("check").ended(3).json().remove(0);
    let wrong = wrong["wrong"].as_array().unwrap();
    let settings = ["message.timestamp.type", "retention.ms"];
    assert!(
        wrong.len() == 6 && wrong.iter().all(|it| settings.iter().any(|of| it["setting"] == *of)),
        "{wrong:?}"
    );
    let refused = run(&mut recorded.claimlog(&place, &[]), Vec::new()).ended(2);
    assert!(refused.err.contains("message.timestamp.type"), "{}", refused.err);
    assert!(!place.data().join("views.sqlite").exists());
    recorded.topics("create").ended(0);
    assert_eq!(
        room.topics("check").ended(3).json().remove(0)["wrong"].as_array().unwrap().len(),
        wrong.len()
    );
    room.topics("create").ended(0);

    // Another number of partitions is never made of the present one.
    let mut more = Room::on(cluster.bootstrap(), &["--inbox", "another=customer"]);
    more.prefix.clone_from(&room.prefix);
    let wrong = more.topics("check").ended(3).json().remove(0);
    assert_eq!(wrong["wrong"][0]["topic"], room.topic("inbox.another"), "{wrong}");
}

#[test] // CONTRACT §4: --config FILE
fn the_options_of_topics_stand_in_the_file_that_serve_reads() {
    let Some(room) = Room::new("the_options_of_topics_stand_in_the_file_that_serve_reads", &[]) else {
        return;
    };
    let place = Place::of_world();
    let file = place.beside("claimlog.toml");
    let check = |inboxes: &str, more: &str| {
        let options = format!(
            "kafka = {:?}\nkafka-prefix = {:?}\npartitions = 2\ninbox-partitions = 1\ninbox = {inboxes}\n",
            room.servers, room.prefix
        );
        fs::write(&file, format!("json = true\n[serve]\n{options}[topics]\n{options}{more}")).unwrap();
        run(claimlog().arg("--config").arg(&file).args(["topics", "check"]), Vec::new())
    };
    let wrong = |run: Run| run.json().remove(0)["wrong"].as_array().unwrap().clone();
    assert_eq!(wrong(check("\"portal=*\"", "").ended(0)), [] as [Value; 0]);
    let missing = wrong(check("[\"portal=*\", \"crm=customer,reviewer\"]", "").ended(3));
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0]["topic"], room.topic("inbox.crm"), "each of a list is one inbox");
    let unknown = check("\"portal=*\"", "listen = \"127.0.0.1:0\"\n").ended(2);
    assert!(unknown.err.contains("`claimlog topics` has no option `listen`"), "{}", unknown.err);
}

/// The client that the README shows.
fn readme_client() -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, after) = readme.split_once("```python kafka-client\n").expect("README shows a client");
    after.split_once("\n```").expect("the block ends").0.to_owned() + "\n"
}

#[test] // issue 4, CONTRACT §2
fn an_upstream_publishes_with_the_client_of_the_readme_and_hears_of_each_command() {
    let Some(room) = Room::new("an_upstream_publishes_with_the_client_of_the_readme", &[]) else { return };
    let Some(python) = python("kafka-python", "kafka") else { return };
    let (place, serving) = with_program(&room, &[]);
    let script = place.beside("publish.py");
    fs::write(&script, readme_client()).unwrap();
    let commands = [add(100, 1), add(101, 1), add(102, 2)];
    let mut publish = Command::new(python);
    publish.arg(&script).args([&room.servers, &room.topic("inbox.portal")]).env("TRACEPARENT", TRACE);
    let sent = run(&mut publish, lines(&commands).into_bytes()).ended(0);
    assert_eq!(sent.out.lines().count(), 3, "{}", sent.out);

    let keys: Vec<_> = room.reader("inbox.portal").all().iter().filter_map(|it| it.key.clone()).collect();
    assert_eq!(keys, [&b"domain_name=c1.example"[..], b"domain_name=c1.example", b"domain_name=c2.example"]);
    let told = room.outcomes(&[id(100), id(101), id(102)]);
    let said: Vec<_> = told.iter().map(|it| answer(&it.json())).collect();
    assert_eq!(said[0], "accepted");
    assert!(said[1].starts_with("refused "), "{said:?}");
    assert_eq!(said[2], "accepted");
    for (it, number) in told.iter().zip(100..) {
        assert_eq!(it.header("traceparent"), Some(TRACE), "handed back: {it:?}");
        assert_eq!(it.header("correlation-id"), Some(&id(number)[..]), "handed back: {it:?}");
        assert_eq!(it.json()["command_id"], id(number));
    }

    // The events, as CloudEvents by the claim.
    let claim = told[0].json()["claims"][0].as_str().unwrap().to_owned();
    let mut events = room.reader("events");
    let of_claim = |it: &&Record| it.key.as_deref() == Some(claim.as_bytes());
    let all = events.until("event of the claim", |all| all.iter().any(|it| of_claim(&it)));
    let event = all.iter().find(of_claim).unwrap();
    assert!(event.header("content-type").unwrap().starts_with("application/cloudevents+json"), "{event:?}");
    let event = event.json();
    assert_eq!((&event["specversion"], &event["subject"]), (&json!("1.0"), &json!(claim)));
    assert_eq!(event["traceparent"], TRACE, "{event}");
    let ids: Vec<_> = all.iter().map(|it| it.json()["id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.iter().enumerate().all(|(at, it)| !ids[..at].contains(it)), "{ids:?}");
    assert_eq!(room.observed(&room.told()), []);
    serving.stop().ended(0);
}

/// The commands with which the README shows `kcat`, on these topics.
fn readme_kcat(room: &Room) -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let shown = readme.lines().filter_map(|it| it.strip_prefix("$ ")).filter(|it| it.starts_with("kcat "));
    let here = |it: &str| it.replace("localhost:9092", &room.servers).replace("claimlog.", &room.topic(""));
    shown.map(here).collect()
}

/// Whether there is a `kcat`; none is said.
fn kcat() -> bool {
    let there = Command::new("kcat").arg("-V").output().is_ok_and(|it| it.status.success());
    if !there {
        skipped("there is no kcat");
    }
    there
}

#[test] // issue 4
fn an_upstream_publishes_with_kcat_as_the_readme_shows_and_reads_the_outcome() {
    let name = "an_upstream_publishes_with_kcat_as_the_readme_shows_and_reads_the_outcome";
    let Some(room) = Room::new(name, &[]) else { return };
    if !kcat() {
        return;
    }
    let (place, serving) = with_program(&room, &[]);
    let shown = readme_kcat(&room);
    let [publish, read] = &shown[..] else {
        panic!("README shows how to publish and how to read: {shown:?}")
    };
    let folder = place.beside("");
    let kcat =
        |line: &str| run(Command::new("sh").args(["-c", line]).current_dir(&folder), Vec::new()).ended(0);
    fs::write(place.beside("command.json"), add(100, 1).to_string()).unwrap();
    kcat(publish);
    let told = room.outcomes(&[id(100)]).remove(0);
    assert_eq!(answer(&told.json()), "accepted");
    let record = room.reader("inbox.portal").all().iter().find(|it| it.key.is_some()).cloned();
    assert_eq!(record.unwrap().key.as_deref(), Some(&b"domain_name=fabrikam.com"[..]));
    let (out, outcome) = (kcat(read).out, String::from_utf8(told.value).unwrap());
    let line = out.lines().find(|it| it.ends_with(&outcome));
    assert!(line.is_some_and(|it| it.starts_with("correlation-id=17,")), "{outcome} in {out}");
    serving.stop().ended(0);
}

#[test] // F-28, DESIGN §6
fn f_28_what_is_no_command_is_a_problem_and_noted_and_the_partition_goes_on() {
    let Some(room) = Room::new("f_28_what_is_no_command_is_a_problem", &[]) else { return };
    let (_place, serving) = with_program(&room, &["--no-effects"]);
    let mut unknown = comment(102, &claim(100));
    unknown["type"] = "Pay".into();
    let values: [Vec<u8>; 6] = [
        b"{".to_vec(),
        vec![0xff, 0xfe, 0],
        Vec::new(),
        unknown.to_string().into_bytes(),
        comment(103, &claim(999)).to_string().into_bytes(),
        add(100, 1).to_string().into_bytes(),
    ];
    let mut records: Vec<_> = values.into_iter().map(|it| Record::new(0, it)).collect();
    records[0].headers.push(("traceparent".to_owned(), TRACE.into()));
    let offsets = room.client.write(&room.topic("inbox.portal"), &records);
    // What comes after them is decided, in the same partition.
    assert_eq!(answer(&room.outcomes(&[id(100)])[0].json()), "accepted");
    let mut reader = room.reader("outcomes");
    let problem = |it: &Record| it.json()["outcome"] == "problem";
    let all = reader.until("fifth problem", |all| all.iter().filter(|it| problem(it)).count() >= 5);
    let problems: Vec<&Record> = all.iter().filter(|it| problem(it)).collect();
    let mut said: Vec<(u64, String)> = problems
        .iter()
        .map(|it| {
            (it.json()["input"].as_u64().unwrap(), it.json()["reason"]["code"].as_str().unwrap().to_owned())
        })
        .collect();
    let codes = ["not_json", "not_json", "not_json", "unknown_type", "reference_not_found"];
    let expected: Vec<_> = offsets.iter().copied().zip(codes.map(str::to_owned)).collect();
    said.sort();
    assert_eq!(said, expected);
    assert!(problems.iter().all(|it| it.partition == 3), "the partition of problems");
    assert!(problems.iter().any(|it| it.header("traceparent") == Some(TRACE)), "{problems:?}");
    let mut quarantine = room.reader("quarantine");
    let noted = quarantine.until("fourth note", |all| all.len() >= 4);
    let mut at: Vec<u64> = noted.iter().map(|it| it.json()["offset"].as_u64().unwrap()).collect();
    at.sort_unstable();
    assert_eq!(at, offsets[..4], "what could not be read is noted, and only that");
    serving.stop().ended(0);
}

#[test] // CONTRACT §5, A-64, F-24
fn by_http_a_command_goes_through_the_inbox_and_repeats_get_the_same_bytes() {
    let Some(room) = Room::new("by_http_a_command_goes_through_the_inbox", &[]) else { return };
    let place = Place::of_world();
    let serving = room.serve(&place, &[]);
    let all = json!(program(30)).to_string();
    let told = serving.post(&all).is(200).json();
    assert!(told.as_array().unwrap().iter().all(|it| answer(it) == "accepted"), "{told}");
    let commands = [add(100, 1), send_consent(101, &claim(100)), accept(102, &claim(100))];
    let told: Vec<String> = commands.iter().map(|it| serving.post(&it.to_string()).is(200).body).collect();
    for (command, told) in commands.iter().zip(&told) {
        assert_eq!(answer(&serde_json::from_str(told).unwrap()), "accepted");
        assert_eq!(serving.post(&command.to_string()).is(200).body, *told);
        // By a topic too: the outcome is the one that was given.
        let path = format!("/v1/commands/{}", command["id"].as_str().unwrap());
        assert_eq!(serving.until(&path, |it| it.status == 200).body, *told);
    }
    let published = room.outcomes(&[id(100), id(101), id(102)]);
    let published: Vec<String> =
        published.iter().map(|it| String::from_utf8(it.value.clone()).unwrap()).collect();
    assert_eq!(published, told);
    assert_eq!(room.reader("inbox.api").all().len(), 6, "repeats are answered from the journal");

    let wrong = serving.post(&command(104, "Pay", operator(), json!({})).to_string());
    assert_eq!(wrong.problem(400), "unknown_type");
    let mut reused = commands[0].clone();
    reused["body"]["friendly_name"] = "Another".into();
    assert_eq!(answer(&serving.post(&reused.to_string()).is(200).json()), "refused command_id_reused");

    // What came of it.
    let claim = serde_json::from_str::<Value>(&told[0]).unwrap()["claims"][0].as_str().unwrap().to_owned();
    let path = format!("/v1/claims/{claim}");
    let it = serving.until(&path, |it| it.status == 200 && it.body.contains("\"ConsentReceived\"")).json();
    assert_eq!(it["status"].as_str(), Some("ConsentReceived"), "{it}");
    let history = serving.get(&format!("{path}/history")).is(200).body;
    for event in ["CustomerAdded", "ConsentRequested", "CustomerConsentReceived"] {
        assert!(history.contains(event), "{event}: {history}");
    }
    let page = format!("/v1/partners/p-contoso/engagements/{SCAN}/customers?tab=eligible");
    let page = serving.get(&page).is(200).json();
    assert_eq!(page["rows"][0]["claim"], claim, "{page}");
    assert_eq!(room.observed(&room.told()), []);
    serving.stop().ended(0);
}
