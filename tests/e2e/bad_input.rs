//! Input that is not what it should be: each gets its answer, and the next command is decided (issue 3 item 19).

use std::fs;

use serde_json::{Value, json};

use crate::place::{Place, answer};
use crate::world::{
    CUSTOMERS, DAY_MS, SCAN, accept, add, claim, command, comment, domain, id, lines, program, received,
    send_consent, user,
};

/// A directory with the program and one claim, opened by command 100; its id.
fn with_a_claim() -> (Place, String) {
    let place = Place::of_world();
    let run = place.apply(lines(program(30).iter().chain([&add(100, 0)]))).ended(0);
    let id = run.json()[3]["claims"][0].as_str().unwrap().to_owned();
    (place, id)
}

/// A good comment with something replaced.
fn spoilt(number: u64, from: &str, to: &str) -> Vec<u8> {
    let text = comment(number, &claim(100)).to_string();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1).into_bytes()
}

/// Lines that are no commands, with the code of the problem.
fn problems() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let cents = |to: &str| {
        let text = send_consent(700, &claim(100)).to_string();
        text.replace("1000000", to).into_bytes()
    };
    let many: String =
        (0..100_000).fold(String::from("{"), |all, n| all + &format!("\"{n:x}\":0,")) + "\"z\":0}";
    let some: String =
        (0..5_000).fold(String::from("{"), |all, n| all + &format!("\"{n:x}\":0,")) + "\"z\":0}";
    let asked_by = |service: &str| {
        let asker = json!({"kind": "service", "name": service});
        command(701, "RecordPayment", asker, json!({"claim": claim(100)})).to_string().into_bytes()
    };
    vec![
        ("no JSON", b"hello".to_vec(), "not_json"),
        ("half a line", b"{\"id\":".to_vec(), "not_json"),
        ("two values", b"{} {}".to_vec(), "not_json"),
        ("not a number", b"{\"id\":NaN}".to_vec(), "not_json"),
        ("a byte-order mark", [b"\xef\xbb\xbf".to_vec(), spoilt(702, "", "")].concat(), "not_json"),
        ("invalid UTF-8", [spoilt(703, "", ""), b"\xff\xfe".to_vec()].concat(), "not_json"),
        ("invalid UTF-8 inside", b"{\"id\":\"\xc3\x28\"}".to_vec(), "not_json"),
        ("an array", b"[1,2]".to_vec(), "malformed"),
        ("a depth bomb", "[".repeat(50_000).into_bytes(), "malformed"),
        ("a deep body", spoilt(704, "\"A comment.\"", &("[".repeat(500) + &"]".repeat(500))), "malformed"),
        ("100,000 keys", many.into_bytes(), "too_large"),
        ("5,000 keys", spoilt(705, "\"A comment.\"", &some), "malformed"),
        ("a doubled key", spoilt(706, "\"version\":1", "\"version\":1,\"version\":1"), "malformed"),
        ("an unknown field", spoilt(707, "\"version\":1", "\"version\":1,\"urgent\":true"), "malformed"),
        ("an unknown field inside", spoilt(708, "\"text\":", "\"mood\":1,\"text\":"), "malformed"),
        ("a number for a text", spoilt(709, "\"A comment.\"", "5"), "malformed"),
        ("a long text", spoilt(710, "A comment.", &"x".repeat(20_000)), "malformed"),
        ("a line of 5 MB", spoilt(711, "A comment.", &"x".repeat(5_000_000)), "too_large"),
        ("a fraction", cents("1.5"), "malformed"),
        ("more than any number", cents("1e999"), "malformed"),
        ("more than 64 bits", cents("92233720368547758080"), "malformed"),
        ("more than 53 bits", cents("9223372036854775807"), "malformed"),
        ("an unknown command", spoilt(712, "AddComment", "AddCake"), "unknown_type"),
        ("a newer version", spoilt(713, "\"version\":1", "\"version\":2"), "unsupported_version"),
        ("our own name", asked_by("intake"), "asker_not_allowed"),
        ("our other name", asked_by("effects"), "asker_not_allowed"),
        (
            "a time of its own",
            spoilt(714, "\"version\":1", "\"version\":1,\"received_at\":\"2024-01-01T00:00:00.000Z\""),
            "received_at_not_allowed",
        ),
        ("a claim of nobody", comment(715, &claim(999)).to_string().into_bytes(), "reference_not_found"),
        ("an unknown domain", add(716, CUSTOMERS + 1).to_string().into_bytes(), "tenant_not_found"),
    ]
}

#[test] // F-28, F-29, A-63, A-76
fn f_28_whatever_is_no_command_is_a_problem_and_the_next_command_is_decided() {
    let (place, _) = with_a_claim();
    let mut input = Vec::new();
    let mut expected = Vec::new();
    for (number, (name, line, code)) in (800..).zip(problems()) {
        input.extend(line);
        input.push(b'\n');
        expected.push((name, format!("problem {code}")));
        input.extend(lines([&comment(number, &claim(100))]).into_bytes());
        expected.push((name, "accepted".to_owned()));
    }
    let run = place.apply(input).ended(4);
    let answers = run.json();
    assert_eq!(answers.len(), expected.len());
    let mut wrong = Vec::new();
    for (number, ((name, expected), told)) in (1_u64..).zip(expected.iter().zip(&answers)) {
        if answer(told) != *expected {
            wrong.push(format!("{name}: {told} instead of {expected}"));
        }
        if told["outcome"] == "problem" {
            assert_eq!(told["input"], number, "{name}");
            assert!(!told["reason"]["message"].as_str().unwrap().is_empty(), "{name}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let id_of = |name: &str| {
        let at = expected.iter().position(|(it, _)| *it == name).unwrap();
        answers[at]["command_id"].clone()
    };
    assert_eq!(id_of("an unknown field"), id(707), "an id that can be read is told");
    assert_eq!(id_of("no JSON"), Value::Null);
}

#[test] // F-24
fn what_is_well_formed_and_wrong_is_refused_with_its_code() {
    let (place, own) = with_a_claim();
    let nobody = format!("{}{}", &own[..5], "0".repeat(20));
    let nowhere = |number, name: &str, value: &str| {
        let mut it = add(number, 1);
        it["body"][name] = if name == "engagements" { json!([value]) } else { value.into() };
        it
    };
    let mut foreign = comment(202, &own);
    foreign["asker"] = user("p-adatum");
    let mut missing = comment(203, &nobody);
    missing["asker"] = user("p-adatum");
    let commands = [
        comment(200, &own),
        comment(200, &own),
        send_consent(200, &own),
        send_consent(200, &own),
        foreign,
        missing,
        comment(204, &nobody),
        nowhere(205, "engagements", "no-such-scan"),
        nowhere(206, "location", "loc-9"),
        send_consent(207, &own),
    ];
    let run = place.apply(lines(&commands)).ended(0);
    let expected = [
        "accepted",
        "accepted",
        "refused command_id_reused",
        "refused command_id_reused",
        "refused claim_not_found",
        "refused claim_not_found",
        "refused claim_not_found",
        "refused engagement_not_found",
        "refused location_not_enrolled",
        "accepted",
    ];
    assert_eq!(run.answers(), expected);
    let told: Vec<&str> = run.out.lines().collect();
    assert_eq!(told[0], told[1], "the same again");
    assert_eq!(told[2], told[3], "the same reuse again");
    // F-65: another partner's claim looks like one that is not there.
    let seen = |at: usize| {
        let mut it: Value = serde_json::from_str(told[at]).unwrap();
        for changing in ["command_id", "position", "received_at", "judged_at", "customer"] {
            it.as_object_mut().unwrap().remove(changing);
        }
        it.to_string()
    };
    assert_eq!(seen(4), seen(5));
}

#[test] // CONTRACT §1
fn recorded_times_are_held_to_their_order() {
    let place = Place::of_world();
    let first = lines(&program(30));
    let answers = place.apply_recorded(first).ended(4).answers();
    assert_eq!(answers, ["problem received_at_missing"; 3]);
    let mut input = String::new();
    for (command, ms) in program(30).into_iter().zip([0, 0, DAY_MS]) {
        input += &lines([&received(command, ms)]);
    }
    let last_century =
        format!("{}\n", add(104, 4)).replacen('{', "{\"received_at\":\"1999-12-31T23:59:59.999Z\",", 1);
    let next_century =
        format!("{}\n", add(105, 5)).replacen('{', "{\"received_at\":\"2126-01-01T00:00:00.000Z\",", 1);
    input += &lines([&received(add(100, 0), DAY_MS), &add(101, 1)]);
    input += &last_century;
    input += &next_century;
    input += &lines([
        &received(add(106, 6), DAY_MS - 1),
        &received(add(107, 7), DAY_MS),
        &received(add(100, 0), 5),
    ]);
    let answers = place.apply_recorded(input).ended(4).answers();
    let expected = [
        "accepted",
        "accepted",
        "accepted",
        "accepted",
        "accepted",
        "problem received_out_of_order",
        "problem received_in_future",
        "problem received_out_of_order",
        "accepted",
        "accepted",
    ];
    assert_eq!(answers, expected, "a repeat is answered whatever its time");
}

#[test] // issue 3 item 19
fn line_ends_blank_lines_and_a_missing_last_one_change_nothing() {
    let (place, _) = with_a_claim();
    let texts: Vec<String> = (300..304).map(|it| comment(it, &claim(100)).to_string()).collect();
    let input = format!("\n  \n{}\r\n\r\n\t\n{}\n\n{}\r\n{}", texts[0], texts[1], texts[2], texts[3]);
    let run = place.apply(input.clone()).ended(0);
    assert_eq!(run.answers(), ["accepted"; 4]);
    assert_eq!(place.apply(input).ended(0).out, run.out);
    let numbered = place.apply("\n\nhello").ended(4);
    assert_eq!(numbered.json()[0]["input"], 3, "blank lines count");
}

#[test] // issue 3 item 19, CONTRACT §4
fn inputs_and_places_that_are_not_there_end_with_a_reason() {
    let (place, _) = with_a_claim();
    let empty = place.beside("empty.ndjson");
    fs::write(&empty, "").unwrap();
    let apply = |file: &std::path::Path| place.run(["apply".as_ref(), file.as_os_str()]);
    assert_eq!(apply(&empty).ended(0).out, "");
    assert_eq!(apply(std::path::Path::new("/dev/null")).ended(0).out, "");

    let missing = apply(&place.beside("nothing.ndjson")).ended(1);
    assert!(missing.err.contains("nothing.ndjson"), "{}", missing.err);
    let folder = apply(&place.data()).ended(1);
    assert!(folder.err.contains("irectory"), "{}", folder.err);

    let run = place.run(["apply"]).ended(2);
    assert!(run.err.contains("Usage"), "{}", run.err);
    assert!(place.run(["appply", "-"]).ended(2).err.contains("apply"));
    assert!(place.run(["apply", "--simulated", "-"]).ended(2).err.contains("--as-recorded"));
}

#[test] // F-75, issue 3 item 19
fn a_directory_that_is_not_ours_is_left_alone() {
    let place = Place::of_world();
    fs::create_dir(place.data()).unwrap();
    fs::write(place.data().join("holiday.jpg"), "a beach").unwrap();
    let run = place.apply(lines(&program(30))).ended(1);
    assert!(run.err.contains("not a data directory"), "{}", run.err);
    assert_eq!(fs::read_dir(place.data()).unwrap().count(), 1);

    let place = Place::of_world();
    fs::write(place.data(), "a file").unwrap();
    place.apply(lines(&program(30))).ended(1);
    assert_eq!(fs::read_to_string(place.data()).unwrap(), "a file");
}

#[test] // CONTRACT §4, A-44
fn a_directory_file_that_cannot_be_read_is_a_wrong_configuration() {
    let place = Place::of_world();
    for (name, text) in [
        ("not JSON", "hello".to_owned()),
        ("an unknown part", "{\"planets\":{}}".to_owned()),
        ("a wrong type", "{\"domains\":[]}".to_owned()),
        ("a domain in capitals", format!("{{\"domains\":{{\"{}\":\"x\"}}}}", domain(1).to_uppercase())),
    ] {
        let wrong = place.beside("wrong.json");
        fs::write(&wrong, text).unwrap();
        let args = ["--directory".as_ref(), wrong.as_os_str(), "apply".as_ref(), "-".as_ref()];
        let run = crate::place::run(
            crate::place::claimlog().arg("--data").arg(place.data()).args(args),
            lines(&program(30)).into(),
        )
        .ended(2);
        assert!(run.err.contains("wrong.json"), "{name}: {}", run.err);
        assert!(!place.data().exists(), "{name}: nothing may be made");
    }
}

#[test]
fn a_command_as_large_as_any_may_be_is_answered() {
    let place = Place::of_world();
    let names: Vec<String> = (0..20).map(|it| format!("{}{it:02}", "e".repeat(61))).collect();
    let mut commands = program(30);
    for (number, name) in (10..).zip(&names) {
        let mut it = commands[0].clone();
        it["id"] = id(number).into();
        it["body"]["engagement"] = name.as_str().into();
        commands.push(it);
    }
    let mut large = add(100, 0);
    let wide = |length: usize| "語".repeat(length);
    large["body"]["engagements"] = json!(names);
    large["body"]["mismatch_reason"] = wide(4_000).into();
    for person in ["customer", "partner"] {
        large["body"]["contacts"][person]["first_name"] = wide(100).into();
        large["body"]["contacts"][person]["last_name"] = wide(100).into();
        large["body"]["contacts"][person]["phone"] = wide(40).into();
    }
    commands.push(large);
    commands.push(add(101, 1));
    let answers = place.apply(lines(&commands)).ended(0).answers();
    let large = &answers[23];
    assert!(["accepted", "refused decision_too_large"].contains(&large.as_str()), "{large}");
    assert_eq!(answers[24], "accepted");
    let run = place.apply(lines([&accept(102, &format!("@{}/{SCAN}", id(101)))])).ended(0);
    assert_eq!(run.answers(), ["refused wrong_status"]);
}
