//! `serve`: commands by HTTP, their outcomes, what the views show of them, and how the program ends.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::Serving;
use crate::journal::{decisions, event_types};
use crate::place::{Place, answer, sample_directory};
use crate::sample;
use crate::world::{
    DAY_MS, SCAN, accept, add, claim, command, comment, id, lines, operator, program, received, send_consent,
};

/// Commands as one array.
fn array(commands: &[Value]) -> String {
    json!(commands).to_string()
}

/// What each outcome of an array says.
fn answers(body: &Value) -> Vec<String> {
    body.as_array().unwrap().iter().map(answer).collect()
}

/// The world's program, decided.
fn with_program(args: &[&str]) -> (Place, Serving) {
    let place = Place::of_world();
    let serving = place.serve(args);
    let told = serving.post(&array(&program(30))).is(200).json();
    assert_eq!(answers(&told), ["accepted"; 3]);
    (place, serving)
}

#[test] // CONTRACT §5, A-64, F-22
fn a_command_gets_one_outcome_and_the_same_bytes_whenever_and_wherever_it_is_asked_again() {
    let (place, serving) = with_program(&[]);
    let commands = [add(100, 1), send_consent(101, &claim(100)), accept(102, &claim(100))];
    let told: Vec<String> = commands.iter().map(|it| serving.post(&it.to_string()).is(200).body).collect();
    assert!(told.iter().all(|it| it.contains("\"outcome\":\"accepted\"")), "{told:?}");

    // Again by POST, in an array, by its id, and through a file.
    for (command, told) in commands.iter().zip(&told) {
        assert_eq!(serving.post(&command.to_string()).is(200).body, *told);
        let by_id = serving.get(&format!("/v1/commands/{}", command["id"].as_str().unwrap())).is(200);
        assert_eq!(by_id.body, *told);
        assert!(by_id.header("claimlog-cursor").is_some());
    }
    assert_eq!(serving.post(&array(&commands)).is(200).body, format!("[{}]", told.join(",")));
    serving.stop().ended(0);
    let file = place.apply(lines(&commands)).ended(0);
    assert_eq!(file.out.lines().collect::<Vec<_>>(), told);
}

#[test] // A-64, F-22
fn f_22_the_same_id_with_another_body_is_refused_and_the_first_answer_stands() {
    let (_place, serving) = with_program(&[]);
    let first = serving.post(&add(100, 1).to_string()).is(200).body;
    let reused = serving.post(&add(100, 2).to_string()).is(200).json();
    assert_eq!(answer(&reused), "refused command_id_reused");
    assert_eq!(serving.post(&add(100, 1).to_string()).is(200).body, first);
    let by_id = format!("/v1/commands/{}", id(100));
    assert_eq!(serving.get(&by_id).is(200).body, first);
    assert_eq!(serving.get(&format!("{by_id}?source=partner:p-contoso")).is(200).body, first);
    assert_eq!(serving.get(&format!("{by_id}?source=reviewer")).problem(404), "command_not_found");

    // Another source is another command: both stand, and the source tells which.
    let mut other = add(100, 3);
    other["asker"]["partner"] = "p-adatum".into();
    other["body"]["location"] = "loc-2".into();
    let second = serving.post(&other.to_string()).is(200).body;
    assert_eq!(answer(&serde_json::from_str(&second).unwrap()), "accepted");
    assert_eq!(serving.get(&by_id).is(200).body, format!("[{second},{first}]"));
    assert_eq!(serving.get(&format!("{by_id}?source=partner:p-adatum")).is(200).body, second);
}

#[test] // F-23
fn f_23_the_same_id_two_hundred_times_in_parallel_is_decided_once() {
    let (place, serving) = with_program(&[]);
    let begin = Arc::new(Barrier::new(200));
    let asking: Vec<_> = (0..200)
        .map(|_| {
            let (client, begin) = (serving.client(), Arc::clone(&begin));
            thread::spawn(move || {
                begin.wait();
                client(&add(100, 1).to_string()).unwrap().is(200).body
            })
        })
        .collect();
    let told: BTreeSet<String> = asking.into_iter().map(|it| it.join().unwrap()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    serving.stop().ended(0);
    let asked =
        decisions(&place.data()).iter().filter(|it| it["body"]["cause"]["asked"]["id"] == id(100)).count();
    assert_eq!(asked, 1);
    assert_eq!(event_types(&place.data())["CustomerAdded"], 1);
}

#[test] // CONTRACT §2, §5, F-11, F-56
fn what_is_no_command_is_a_problem_with_its_status_and_code() {
    let (_place, serving) = with_program(&["--no-effects"]);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut command = add(100, 1);
        change(&mut command);
        command.to_string()
    };
    let long = "x".repeat(100 * 1024);
    let cases: Vec<(String, u16, &str)> = vec![
        ("{".into(), 400, "not_json"),
        (String::new(), 400, "not_json"),
        ("[{}".into(), 400, "not_json"),
        ("3".into(), 400, "malformed"),
        ("{}".into(), 400, "malformed"),
        (with(&|it| it["status"] = json!("Approved")), 400, "malformed"),
        (with(&|it| it["body"]["payout"] = json!(1)), 400, "malformed"),
        (with(&|it| it["type"] = json!("Pay")), 400, "unknown_type"),
        (with(&|it| it["version"] = json!(9)), 400, "unsupported_version"),
        (with(&|it| it["received_at"] = json!("2026-01-01T00:00:00.000Z")), 400, "received_at_not_allowed"),
        (with(&|it| it["asker"] = json!({"kind": "service", "name": "intake"})), 403, "asker_not_allowed"),
        (comment(101, &claim(999)).to_string(), 422, "reference_not_found"),
        (with(&|it| it["body"]["customer"]["value"] = json!("nobody.example")), 422, "tenant_not_found"),
        (with(&|it| it["body"]["friendly_name"] = json!(long)), 413, "too_large"),
        (format!("{}{}", " ".repeat(128 * 1024), add(100, 1)), 413, "too_large"),
    ];
    for (body, status, code) in &cases {
        let told = serving.post(body);
        assert_eq!(told.problem(*status), *code, "{body:.200}");
    }
    // No id was used up, and the paths of what is wrong are told.
    let told = serving.post(&with(&|it| it["body"]["payout"] = json!(1))).json();
    assert_eq!(told["command_id"], id(100));
    assert!(told["details"]["at"].as_str().unwrap().contains("payout"), "{told}");
    assert_eq!(answer(&serving.post(&add(100, 1).to_string()).is(200).json()), "accepted");
}

#[test] // CONTRACT §5, F-11
fn in_an_array_problems_stand_in_their_places_and_arrays_are_bounded() {
    let (_place, serving) = with_program(&["--no-effects"]);
    let body = format!("[{},{{\"id\":7}},{},null]", add(100, 1), comment(101, &claim(100)));
    let told = serving.post(&body).is(200).json();
    assert_eq!(answers(&told), ["accepted", "problem malformed", "accepted", "problem malformed"]);
    assert_eq!((told[1]["input"].as_u64(), told[3]["input"].as_u64()), (Some(2), Some(4)));
    assert_eq!(serving.post("[]").is(200).body, "[]");

    let comments =
        |count: u64| -> Vec<Value> { (0..count).map(|it| comment(1_000 + it, &claim(100))).collect() };
    let told = serving.post(&array(&comments(1_000))).is(200).json();
    assert_eq!(answers(&told), vec!["accepted"; 1_000]);
    let ids: Vec<_> = told.as_array().unwrap().iter().map(|it| it["command_id"].clone()).collect();
    assert_eq!(ids, comments(1_000).iter().map(|it| it["id"].clone()).collect::<Vec<_>>());
    assert_eq!(serving.post(&array(&comments(1_001))).problem(413), "too_large");
    assert_eq!(serving.post(&format!("[{}]", " ".repeat(8 << 20))).problem(413), "too_large");
}

#[test] // CONTRACT §5
fn whoever_does_not_wait_is_told_where_the_outcome_will_be() {
    let (_place, serving) = with_program(&["--no-effects"]);
    let later = [("Prefer", "wait=1, respond-async")];
    let told = serving.post_with(&add(100, 1).to_string(), &later).is(202);
    let location = told.header("location").unwrap().to_owned();
    assert_eq!(location, format!("/v1/commands/{}", id(100)));
    assert_eq!(told.header("preference-applied"), Some("respond-async"));
    // It is durable, so asking there at once finds it or will.
    let outcome = serving.until(&location, |it| it.status == 200).json();
    assert_eq!(answer(&outcome), "accepted");
    assert_eq!(serving.post_with("{}", &later).problem(400), "malformed");
    let told = serving.post_with(&format!("[{},{{}}]", add(110, 2)), &later).is(202).json();
    assert_eq!(told[0], json!({"command_id": id(110), "location": format!("/v1/commands/{}", id(110))}));
    assert_eq!(answer(&told[1]), "problem malformed");
}

#[test] // F-39, I-06
fn f_39_a_read_that_names_a_cursor_sees_it_or_is_told_that_the_views_are_behind() {
    let (_place, serving) = with_program(&["--no-effects"]);
    let page = format!("/v1/partners/p-contoso/engagements/{SCAN}/customers?tab=eligible&limit=10000");
    for customer in 0..100 {
        let told = serving.post(&add(1_000 + customer, customer).to_string()).is(200);
        let cursor = told.header("claimlog-cursor").unwrap().to_owned();
        let seen = serving.get(&format!("{page}&min_cursor={cursor}")).is(200);
        assert_eq!(seen.json()["rows"].as_array().unwrap().len() as u64, customer + 1);
        assert_eq!(seen.header("claimlog-cursor"), seen.json()["cursor"].as_str());
        // What was told is never denied, without a cursor either.
        serving.get(&format!("/v1/commands/{}", id(1_000 + customer))).is(200);
        let claim = told.json()["claims"][0].as_str().unwrap().to_owned();
        serving.get(&format!("/v1/claims/{claim}?min_cursor={cursor}")).is(200);
    }
    let behind = serving.get(&format!("{page}&min_cursor=c_0-1000000"));
    assert_eq!(behind.problem(503), "view_behind");
    assert!(behind.json()["cursor"].is_string());
    assert_eq!(serving.get(&format!("{page}&min_cursor=yesterday")).problem(400), "malformed");
}

#[test] // R-004, CONTRACT §4, §5
fn claims_histories_and_pages_are_what_the_command_line_prints() {
    let place = Place::of_sample();
    let options = ["apply", "--as-recorded", "--simulated", "--no-effects"].map(std::path::PathBuf::from);
    place.run(options.iter().chain(&sample::paths())).ended(4);
    let serving = place.serve(&["--no-effects"]);
    let printed = |args: &[&str]| place.run(args.iter().chain(&["--json"])).ended(0).json();
    let mut shown = 0;
    for tab in ["eligible", "ineligible", "completed"] {
        let engagement = "security-workshop-2026";
        let path = format!("/v1/partners/p-contoso/engagements/{engagement}/customers?tab={tab}");
        let cli = ["view", tab, "--partner", "p-contoso", "--engagement", engagement];
        let cli = |more: &[&str]| printed(&[&cli[..], more].concat()).remove(0);
        assert_eq!(serving.get(&path).is(200).json(), cli(&[]));
        let sorted = serving.get(&format!("{path}&sort=updated&descending=true&limit=2")).is(200).json();
        assert_eq!(sorted, cli(&["--sort", "updated", "--descending", "--limit", "2"]));
        let next = sorted["next"].as_str().unwrap();
        let second = serving.get(&format!("{path}&sort=updated&descending=true&limit=2&after={next}"));
        assert_eq!(
            second.is(200).json(),
            cli(&["--sort", "updated", "--descending", "--limit", "2", "--after", next])
        );
        assert_eq!(serving.get(&format!("{path}&after={next}")).problem(400), "page_cursor_invalid");
        for row in sorted["rows"].as_array().unwrap() {
            let Some(claim) = row["claim"].as_str() else { continue };
            let one = serving.get(&format!("/v1/claims/{claim}")).is(200).json();
            assert_eq!(one, printed(&["claim", claim])[0]);
            let history = serving.get(&format!("/v1/claims/{claim}/history")).is(200).json();
            assert_eq!(history["history"], json!(printed(&["history", claim])));
            assert_eq!(history["cursor"], one["cursor"]);
            shown += 1;
        }
        let all = cli(&["--limit", "10000"]);
        let counts = serving.get("/v1/partners/p-contoso/engagements").is(200).json();
        let counted =
            counts["engagements"].as_array().unwrap().iter().find(|it| it["engagement"] == engagement);
        assert_eq!(counted.unwrap()["counts"][tab], all["rows"].as_array().unwrap().len());
    }
    assert!(shown >= 2, "{shown} claims were compared");
    serving.stop().ended(0);
}

#[test] // F-62, A-79
fn f_62_what_this_api_does_not_know_is_refused() {
    let (_place, serving) = with_program(&["--no-effects"]);
    let page = "/v1/partners/p-contoso/engagements/quick-scan/customers";
    let claim = "/v1/claims/c000-00000000000000000000";
    for (path, status, code) in [
        ("/".to_owned(), 404, "path_not_found"),
        ("/v1".to_owned(), 404, "path_not_found"),
        ("/V1/commands".to_owned(), 404, "path_not_found"),
        ("/v1/commands/".to_owned(), 404, "path_not_found"),
        (format!("{claim}/"), 404, "path_not_found"),
        (format!("{claim}/history/x"), 404, "path_not_found"),
        (claim.to_owned(), 404, "claim_not_found"),
        (format!("{claim}/history"), 404, "claim_not_found"),
        (format!("/v1/commands/{}", id(999)), 404, "command_not_found"),
        ("/v1/commands/7".to_owned(), 400, "malformed"),
        ("/v1/claims/%2e%2e".to_owned(), 400, "malformed"),
        (format!("{claim};admin=1"), 400, "malformed"),
        ("/v1/claims/c000%252d00000000000000000000".to_owned(), 400, "malformed"),
        ("/v1/partners/P-Contoso/engagements".to_owned(), 400, "malformed"),
        ("/v1/partners/p-contoso%2f/engagements".to_owned(), 400, "malformed"),
        (format!("{claim}?tenantId=p-adatum"), 400, "malformed"),
        (page.to_owned(), 400, "malformed"),
        (format!("{page}?tab=all"), 400, "malformed"),
        (format!("{page}?tab=eligible&tab=eligible"), 400, "malformed"),
        (format!("{page}?tab=eligible&limit=0"), 400, "malformed"),
        (format!("{page}?tab=eligible&limit=-1"), 400, "malformed"),
        (format!("{page}?tab=eligible&status=Gone"), 400, "malformed"),
        (format!("{page}?tab=eligible&after=x"), 400, "page_cursor_invalid"),
        (
            "/v1/partners/p-contoso/engagements/nothing/customers?tab=eligible".to_owned(),
            404,
            "engagement_not_found",
        ),
    ] {
        assert_eq!(serving.get(&path).problem(status), code, "{path}");
    }
    let raw = |line: &str, more: &str| {
        serving
            .raw(format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{more}\r\n").as_bytes())
    };
    for line in ["PUT /v1/commands", "DELETE /v1/commands", "POST /healthz", "TRACE /readyz"] {
        let told = raw(line, "");
        assert_eq!(told.problem(405), "method_not_allowed", "{line}");
        assert!(told.header("allow").is_some());
    }
    // HEAD has no body, and writes nothing; nobody may rename a method.
    assert_eq!(raw("HEAD /v1/commands", "").status, 405);
    let renamed = raw("GET /v1/commands", "X-HTTP-Method-Override: POST\r\n");
    assert_eq!(renamed.problem(405), "method_not_allowed");
    assert_eq!(raw("GET /v1/claims/../commands", "").problem(404), "path_not_found");
    assert_eq!(raw("POST /v1/commands?dry_run=1", "Content-Length: 0\r\n").problem(400), "malformed");
}

#[test] // F-56, F-57, F-59
fn f_56_bodies_without_end_compressed_or_cut_short_are_refused_and_others_are_served() {
    let (_place, serving) = with_program(&["--no-effects"]);
    let head = "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\n";
    let waits = format!("{head}Content-Length: 9000000\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(serving.raw(waits.as_bytes()).problem(413), "too_large");
    let mut endless = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..200 {
        endless.extend_from_slice(b"10000\r\n");
        endless.extend_from_slice(&[b' '; 0x10000]);
        endless.extend_from_slice(b"\r\n");
    }
    endless.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(serving.raw(&endless).problem(413), "too_large");
    let zipped = serving.raw(
        format!("{head}Content-Encoding: gzip\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}")
            .as_bytes(),
    );
    assert_eq!(zipped.problem(415), "encoding_not_supported");
    for bad in ["Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "Content-Length: x\r\n\r\n{}"] {
        assert_eq!(serving.raw(format!("{head}{bad}").as_bytes()).status, 400, "{bad}");
    }
    // HTTP/2 is not spoken (F-59).
    assert!([0, 400].contains(&serving.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").status));
    assert_eq!(answer(&serving.post(&add(100, 1).to_string()).is(200).json()), "accepted");
}

#[test] // F-58
fn f_58_whoever_is_silent_is_hung_up_on() {
    use std::io::{Read, Write};
    let (_place, serving) = with_program(&["--no-effects"]);
    let mut silent: Vec<_> = (0..50).map(|_| serving.connect()).collect();
    for (stream, sent) in
        silent.iter_mut().zip(["", "GET /heal", "GET / HTTP/1.1\r\nHost: loc"].iter().cycle())
    {
        stream.write_all(sent.as_bytes()).unwrap();
    }
    serving.get("/healthz").is(200);
    for mut stream in silent {
        // Closed by the program: the read ends, and not by our own patience.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("the program closes what is silent");
    }
}

#[test]
fn pages_of_elsewhere_and_other_machines_cannot_ask() {
    let (place, serving) = with_program(&["--no-effects"]);
    let post = |headers| serving.post_with(&add(100, 1).to_string(), headers);
    assert_eq!(post(&[("Origin", "http://evil.example")]).problem(403), "origin_not_allowed");
    let rebound = b"GET /readyz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(serving.raw(rebound).problem(421), "host_not_allowed");
    let own = format!("http://{}", serving.address);
    assert_eq!(post(&[("Origin", &own)]).status, 200);
    serving.stop().ended(0);
    for (listen, why) in [("0.0.0.0:0", "sign-in"), ("[::]:0", "sign-in"), ("8080", "127.0.0.1:8080")] {
        let refused = place.run(["serve", "--listen", listen]).ended(2);
        assert!(refused.err.contains(why), "{}", refused.err);
    }
}

#[test] // F-18, I-05
fn f_18_stopped_under_load_it_answers_what_it_took_and_ends_with_0() {
    let (place, serving) = with_program(&["--no-effects"]);
    let told = Arc::new(AtomicU64::new(0));
    let asking: Vec<_> = (0..8_u64)
        .map(|worker| {
            let (client, told) = (serving.client(), Arc::clone(&told));
            thread::spawn(move || {
                let mut kept = Vec::new();
                for number in 0..100_000 {
                    let command = add(10_000 + worker * 100_000 + number, worker * 200 + number % 200);
                    match client(&command.to_string()) {
                        Ok(answer) if answer.status == 200 => {
                            kept.push(answer.body);
                            told.fetch_add(1, Ordering::Relaxed);
                        }
                        // Told to ask again: nothing was accepted.
                        Ok(answer) => {
                            answer.problem(503);
                        }
                        Err(_) => return (kept, command),
                    }
                }
                panic!("it was never stopped");
            })
        })
        .collect();
    while told.load(Ordering::Relaxed) < 400 {
        thread::sleep(Duration::from_millis(5));
    }
    let run = serving.stop().ended(0);
    assert!(!run.err.contains("still open"), "{}", run.err);
    let (mut kept, mut cut) = (BTreeSet::new(), BTreeSet::new());
    for it in asking {
        let (answers, last) = it.join().unwrap();
        kept.extend(answers);
        cut.insert(last["id"].as_str().unwrap().to_owned());
    }
    assert!(kept.len() >= 400);
    // Whatever was decided was told, and whatever was told was decided.
    let told: BTreeSet<String> = kept
        .iter()
        .map(|it| serde_json::from_str::<Value>(it).unwrap()["command_id"].as_str().unwrap().to_owned())
        .collect();
    let decided: BTreeSet<String> = decisions(&place.data())
        .iter()
        .filter_map(|it| it["body"]["cause"]["asked"]["id"].as_str().map(str::to_owned))
        .filter(|it| *it > id(9_999))
        .collect();
    assert_eq!(told, decided, "cut off: {cut:?}");
    place.run(["audit", "verify"]).ended(0);
}

#[test] // F-14, F-61, I-05
fn after_a_kill_or_a_restart_everything_told_stands() {
    let (place, serving) = with_program(&["--no-effects"]);
    let told = serving.post(&array(&[add(100, 1), comment(101, &claim(100))])).is(200).body;
    serving.kill();
    let serving = place.serve(&["--no-effects"]);
    assert_eq!(serving.post(&array(&[add(100, 1), comment(101, &claim(100))])).is(200).body, told);
    serving.get(&format!("/v1/commands/{}", id(101))).is(200);
    serving.stop().ended(0);
    let serving = place.serve(&["--no-effects"]);
    assert_eq!(answer(&serving.post(&comment(102, &claim(100)).to_string()).json()), "accepted");
    serving.stop().ended(0);
    place.run(["audit", "verify"]).ended(0);
}

#[test] // F-61
fn f_61_whoever_hangs_up_finds_the_outcome_by_its_id() {
    use std::io::Write;
    let (place, serving) = with_program(&["--no-effects"]);
    for number in 0..30 {
        let body = add(100 + number, number).to_string();
        let head = format!(
            "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = serving.connect();
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        if number % 2 == 0 {
            // The program has surely seen it by then; otherwise perhaps not.
            thread::sleep(Duration::from_millis(20));
        }
        drop(stream);
        if number % 2 == 0 {
            let outcome = serving.until(&format!("/v1/commands/{}", id(100 + number)), |it| it.status == 200);
            assert_eq!(serving.post(&body).is(200).body, outcome.body);
        }
    }
    serving.stop().ended(0);
    let added: Vec<_> = decisions(&place.data())
        .into_iter()
        .map(|it| it["body"]["cause"]["asked"]["id"].to_string())
        .collect();
    assert_eq!(added.len(), added.iter().collect::<BTreeSet<_>>().len());
}

#[test] // DESIGN §4, CONTRACT §1
fn deadlines_fire_with_the_wall_clock_though_nobody_asks() {
    let place = Place::of_world();
    let mut commands: Vec<Value> = program(1).into_iter().map(|it| received(it, 0)).collect();
    commands.extend([received(add(100, 0), 0), received(send_consent(101, &claim(100)), DAY_MS / 24)]);
    place.apply_recorded(lines(&commands)).ended(0);
    assert!(!event_types(&place.data()).contains_key("CustomerConsentExpired"));
    let serving = place.serve(&[]);
    let by_id = serving.get(&format!("/v1/commands/{}", id(100))).is(200).json();
    let claim = format!("/v1/claims/{}", by_id["claims"][0].as_str().unwrap());
    serving.until(&claim, |it| it.status == 200 && it.json()["status"] == "ConsentExpired");
    serving.stop().ended(0);
    assert_eq!(event_types(&place.data())["CustomerConsentExpired"], 1);
}

#[test] // R-085, DESIGN rule 8
fn effects_are_performed_once_while_it_serves_unless_they_are_left_for_later() {
    let place = Place::of_world();
    let mut program = program(30);
    program[0]["body"]["terms"]["referral"] = json!({"fact": "deal_size_usd_cents", "op": "ge", "value": 1});
    let sent = || fs::read_to_string(place.data().join("effects.ndjson")).unwrap_or_default().lines().count();
    let serving = place.serve(&["--no-effects"]);
    let mut commands = program;
    (0..5).for_each(|it| {
        let opened = 100 + it * 10;
        commands.extend([add(opened, it), send_consent(opened + 1, &claim(opened))]);
    });
    assert_eq!(answers(&serving.post(&array(&commands)).is(200).json()), vec!["accepted"; 13]);
    thread::sleep(Duration::from_millis(1_500));
    serving.stop().ended(0);
    assert_eq!(sent(), 0);
    let serving = place.serve(&[]);
    let metric = |text: &str| text.contains("claimlog_effects_total{result=\"recorded\"} 5\n");
    serving.until("/metrics", |it| metric(&it.body));
    thread::sleep(Duration::from_millis(1_500));
    serving.stop().ended(0);
    assert_eq!(sent(), 5);
    assert_eq!(event_types(&place.data())["PartnerLedReferralCreated"], 5);
    place.run(["audit", "verify"]).ended(0);
}

#[test] // CONTRACT §5
fn it_says_whether_it_lives_may_be_asked_and_what_it_did() {
    let (_place, serving) = with_program(&["--no-effects"]);
    assert_eq!(serving.get("/healthz").is(200).json(), json!({"status": "alive"}));
    serving.until("/readyz", |it| it.status == 200);
    serving.post("{}");
    serving.post(&add(100, 1).to_string());
    serving.post(&add(100, 2).to_string());
    // The views come after the answers.
    let folded = "claimlog_view_sequence{partition=\"program\"} 3";
    let metrics = serving.until("/metrics", |it| it.status == 200 && it.body.contains(folded));
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain"), "{metrics:?}");
    for line in [
        "claimlog_commands_total{outcome=\"accepted\",code=\"\"} 4",
        "claimlog_commands_total{outcome=\"refused\",code=\"\"} 1",
        "claimlog_commands_total{outcome=\"problem\",code=\"malformed\"} 1",
        "claimlog_http_requests_total{route=\"/v1/commands\",method=\"POST\",status=\"400\"} 1",
        "claimlog_told_sequence{partition=\"program\"} 3",
        "claimlog_view_sequence{partition=\"program\"} 3",
        "claimlog_ready 1",
    ] {
        assert!(metrics.body.lines().any(|it| it == line), "no {line} in {}", metrics.body);
    }
    assert!(!metrics.body.contains("fabrikam") && !metrics.body.contains("p-contoso"), "F-90");
}

#[test] // F-70, F-72
fn when_nothing_can_be_decided_any_more_it_ends_with_1_and_says_why() {
    let place = Place::of_world();
    place.apply(lines(&program(30))).ended(0);
    // The limit is in KiB. Whoever exceeds it gets an error instead of a signal.
    let script = "trap '' XFSZ; ulimit -f 1024; exec \"$@\"";
    let program = place.claimlog();
    let mut limited = Command::new("bash");
    limited.args(["-c", script, "bash"]).arg(program.get_program()).args(program.get_args());
    let serving = Serving::start(limited.args(["serve", "--listen", "127.0.0.1:0", "--no-effects"]));
    serving.post(&add(100, 1).to_string()).is(200);
    let mut told = Vec::new();
    for number in 0..100_000 {
        // About one person, so that the log is full before the keys are.
        let command = comment(1_000 + number, &claim(100)).to_string();
        match serving.try_post(&command, &[]) {
            Ok(answer) if answer.status == 200 => told.push((command, answer.body)),
            Ok(answer) => {
                assert_eq!(answer.problem(503), "log_unavailable");
                break;
            }
            Err(_) => break,
        }
    }
    let run = serving.ended().ended(1);
    assert!(run.err.contains("engine stopped") && run.err.contains("log"), "{}", run.err);
    assert!(told.len() > 10, "{} were told", told.len());
    let serving = place.serve(&["--no-effects"]);
    for (command, before) in told.iter().rev().take(20) {
        assert_eq!(serving.post(command).is(200).body, *before);
    }
}

#[test] // CONTRACT §4
fn roles_listen_and_log_come_from_options_environment_and_file() {
    let place = Place::of_world();
    for roles in ["intake", "engine,projector,api"] {
        let refused = place.run(["serve", "--roles", roles]).ended(2);
        assert!(refused.err.contains("intake") && refused.err.contains("engine"), "{}", refused.err);
    }
    assert!(place.run(["serve", "--roles", "cook"]).ended(2).err.contains("projector"));
    let config = place.beside("claimlog.toml");
    fs::write(&config, "[serve]\nlisten = \"127.0.0.1:0\"\nroles = [\"intake\", \"engine\", \"projector\", \"api\"]\nlog-format = \"json\"\n").unwrap();
    let serving = Serving::start(place.claimlog().arg("--config").arg(&config).arg("serve"));
    serving.post(&array(&program(30))).is(200);
    serving.post(&add(100, 1).to_string()).is(200);
    serving.until(&format!("/v1/commands/{}", id(100)), |it| it.status == 200);

    // Beside it a process that only answers; it takes no commands.
    let mut beside = place.claimlog();
    beside.env("CLAIMLOG_ROLES", "api").env("CLAIMLOG_LISTEN", "127.0.0.1:0");
    let beside = Serving::start(beside.arg("serve"));
    beside.get(&format!("/v1/commands/{}", id(100))).is(200);
    beside.get("/readyz").is(200);
    assert_eq!(beside.post(&add(101, 2).to_string()).problem(503), "log_unavailable");
    // The address of another process is not taken, and its directory left alone.
    let taken = place.run(["serve", "--listen", &serving.address]).ended(1);
    assert!(taken.err.contains(&serving.address), "{}", taken.err);
    let held = place.run(["serve", "--listen", "127.0.0.1:0"]).ended(1);
    assert!(held.err.contains("another process") || held.err.contains("holds"), "{}", held.err);
    beside.stop().ended(0);
    let log = serving.stop().ended(0).err;
    assert!(
        log.lines().all(|it| serde_json::from_str::<Value>(it).is_ok_and(|it| it["level"].is_string())),
        "{log}"
    );
}

#[test] // CONTRACT §1
fn the_sample_is_served_from_its_own_directory() {
    let place = Place::of_sample();
    assert!(sample_directory().exists());
    let serving = place.serve(&[]);
    let file = fs::read_to_string(sample::paths().remove(0)).unwrap();
    let commands: Vec<Value> = file
        .lines()
        .map(|it| {
            let mut command: Value = serde_json::from_str(it).unwrap();
            command.as_object_mut().unwrap().remove("received_at");
            command
        })
        .collect();
    let told = serving.post(&array(&commands)).is(200).json();
    assert!(answers(&told).iter().all(|it| it == "accepted"), "{told}");
    let published =
        command(1, "RetireEngagement", operator(), json!({"engagement": "security-workshop-2026"}));
    assert_eq!(answer(&serving.post(&published.to_string()).is(200).json()), "accepted");
}

#[test] // CONTRACT §4
fn apply_goes_through_a_running_server_and_prints_what_it_prints_without_one() {
    let (place, serving) = with_program(&["--no-effects"]);
    let url = format!("http://{}", serving.address);
    let mut input = lines(&[add(100, 1), comment(101, &claim(100)), comment(101, &claim(100))]);
    input += "not json\n\n{\"id\": 7}\n";
    input +=
        &lines(&[comment(102, &claim(999)), send_consent(103, &claim(100)), send_consent(104, &claim(100))]);
    (0..600).for_each(|number| input += &lines([&comment(1_000 + number, &claim(100))]));
    let through = |input: &str| place.feed(["apply", "--server", &url, "-"], input);
    let first = through(&input).ended(4);
    assert!(first.err.contains("604 accepted, 1 refused, 3 problems"), "{}", first.err);
    assert_eq!(
        first.answers()[..8],
        [
            "accepted",
            "accepted",
            "accepted",
            "problem not_json",
            "problem malformed",
            "problem reference_not_found",
            "accepted",
            "refused consent_already_requested"
        ]
    );
    assert_eq!(through(&input).ended(4).out, first.out, "again, the same");
    serving.stop().ended(0);
    let without = place.feed(["apply", "--no-effects", "-"], input.clone()).ended(4);
    assert_eq!(without.out, first.out, "by another door, the same");

    let gone = place.feed(["apply", "--server", &url, "-"], input.clone()).ended(1);
    assert!(gone.err.contains(&url), "{}", gone.err);
    for wrong in [["--server", "127.0.0.1:8080", "-"].as_slice(), &["--server", &url, "--as-recorded", "-"]] {
        place.feed(["apply"].iter().chain(wrong), "").ended(2);
    }
}

#[test] // CONTRACT §4
fn reading_commands_work_beside_a_process_that_only_keeps_the_views() {
    let place = Place::of_world();
    place.apply(lines(&program(30)) + &lines([&add(100, 1)])).ended(0);
    let serving = place.serve(&["--roles", "projector,api"]);
    let page = ["view", "eligible", "--partner", "p-contoso", "--engagement", SCAN, "--json"];
    assert_eq!(place.run(page).ended(0).json()[0]["rows"].as_array().unwrap().len(), 1);
    serving.get("/readyz").is(200);
    let rebuild = place.run(["views", "rebuild"]).ended(1);
    assert!(rebuild.err.contains("claimlog serve"), "{}", rebuild.err);
    serving.stop().ended(0);
    place.run(["views", "rebuild"]).ended(0);
}
