//! `audit export`: what an independent reader of Parquet finds is what the program tells otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::journal::{decisions, segments};
use crate::place::{self, Place, root};
use crate::python::python;
use crate::sample::APPLIED;
use crate::world::{add, claim, comment, lines, program, send_consent};

/// What a reader that shares no code with the program finds in a folder.
struct Found {
    about: BTreeMap<String, Value>,
    rows: BTreeMap<String, Vec<Value>>,
}

/// Reads an export with pyarrow; none where there is none.
fn read(folder: &Path) -> Option<Found> {
    let python = python("pyarrow", "pyarrow.parquet")?;
    let mut script = Command::new(python);
    script.arg(root().join("tests/e2e/audit/parquet.py")).arg(folder);
    let mut found = Found { about: BTreeMap::new(), rows: BTreeMap::new() };
    for mut line in place::run(&mut script, Vec::new()).ended(0).json() {
        match line["in"].as_str().map(str::to_owned) {
            Some(name) => found.rows.entry(name).or_default().push(line["row"].take()),
            None => drop(found.about.insert(line["file"].as_str().unwrap().to_owned(), line)),
        }
    }
    Some(found)
}

fn export(place: &Place, to: &Path, args: &[&str]) -> place::Run {
    let mut command = place.claimlog();
    command.args(["audit", "export", "--parquet"]).arg(to).args(args);
    place::run(&mut command, Vec::new())
}

#[test] // issue 5, point 16
fn an_independent_reader_finds_the_sample_in_the_files() {
    let place = &APPLIED.place;
    let folder = place.beside("parquet");
    let told = export(place, &folder, &["--json"]).ended(0).json().remove(0);
    let Some(found) = read(&folder) else { return };

    // Each decision as it stands on the log.
    let on_log = decisions(&place.data());
    let rows = &found.rows["decisions"];
    assert_eq!((rows.len(), told["files"][0]["rows"].as_u64()), (on_log.len(), Some(on_log.len() as u64)));
    for (row, record) in rows.iter().zip(&on_log) {
        let (envelope, body) = (&record["envelope"], &record["body"]);
        let partition =
            envelope["partition"].as_str().map_or_else(|| envelope["partition"].to_string(), str::to_owned);
        let asked = &body["cause"]["asked"];
        let content = &asked["content"];
        let command_type = content["command"].get("type").unwrap_or(&content["reused"]["type"]);
        let events = body["outcome"]["accepted"].as_array();
        let expected = json!({
            "partition": partition, "sequence": envelope["sequence"], "command_id": asked["id"], "source": asked["source"],
            "asker_kind": asked["asker"]["kind"], "asker_partner": asked["asker"]["partner"], "command_type": command_type,
            "received_at": asked["received_at"], "judged_at": body["judged_at"], "customer": body["customer"],
            "deadline_kind": body["cause"]["deadline"]["kind"], "deadline_due_at": body["cause"]["deadline"]["due_at"],
            "accepted": events.is_some(), "refusal": body["outcome"]["refused"]["code"],
            "events": events.map_or(0, Vec::len), "imported": body["imported"] == true, "late": body["late"] == true,
            "program_sequence": body["program"]["sequence"],
        });
        for (column, value) in expected.as_object().unwrap() {
            assert_eq!(&row[column], value, "{column} of {row}");
        }
    }

    // Each event as it is published, but for what is sealed.
    let published = place.run(["events"]).ended(0).json();
    let rows = &found.rows["events"];
    assert_eq!(rows.len(), published.len());
    let by_id: BTreeMap<_, _> = rows.iter().map(|it| (it["id"].as_str().unwrap(), it)).collect();
    for event in &published {
        let row = by_id[event["id"].as_str().unwrap()];
        let data: Value = serde_json::from_str(row["data"].as_str().unwrap()).unwrap();
        assert_eq!(event["type"], format!("claimlog.{}", row["type"].as_str().unwrap()));
        assert_eq!((&event["time"], &data), (&row["judged_at"], &opened(&event["data"])));
    }

    // Each claim as `claim` shows it.
    let rows = &found.rows["claims"];
    assert!(rows.len() > 300 && rows.windows(2).all(|it| it[0]["claim"].as_str() < it[1]["claim"].as_str()));
    for row in rows.iter().step_by(rows.len() / 25) {
        let shown = place.run(["claim", row["claim"].as_str().unwrap(), "--json"]).ended(0).json().remove(0);
        let contact = &shown["contacts"]["customer"];
        let expected = json!({
            "customer": shown["customer"], "partner": shown["partner"], "engagement": shown["engagement"],
            "status": shown["status"], "payout_cents": shown["payout"]["cents"], "created_at": shown["created_at"],
            "updated_at": shown["updated_at"], "deadline_due_at": shown["deadline"]["due_at"],
            "friendly_name": shown["friendly_name"], "customer_email": contact["email"],
            "customer_last_name": contact["last_name"], "partner_email": shown["contacts"]["partner"]["email"],
            "organisation": shown["organisation"]["name"], "hours": shown["hours"],
            "newest_position": format!("{}/{}", shown["position"]["partition"], shown["position"]["sequence"]),
        });
        for (column, value) in expected.as_object().unwrap() {
            assert_eq!(&row[column], value, "{column} of {row}");
        }
    }

    // The files say what `claimlog schema parquet` says.
    let documented = place.run(["schema", "parquet", "--json"]).ended(0).out;
    let documented: Value = serde_json::from_str(&documented).unwrap();
    for file in documented["files"].as_array().unwrap() {
        let about = &found.about[file["file"].as_str().unwrap().strip_suffix(".parquet").unwrap()];
        assert_eq!((&about["cursor"], about["format"].as_str()), (&told["cursor"], Some("1")));
        let arrow = |kind: &Value| match kind.as_str().unwrap() {
            "STRING" => "string",
            "TIMESTAMP(MILLIS, UTC)" => "timestamp[ms, tz=UTC]",
            "INT64" => "int64",
            "BOOLEAN" => "bool",
            other => panic!("{other}"),
        };
        let columns: Vec<_> = file["columns"].as_array().unwrap().iter().collect();
        let expected = columns.iter().map(|it| {
            json!({"name": it["name"], "type": arrow(&it["kind"]), "nullable": it["nullable"], "says": it["says"]})
        });
        assert_eq!(about["columns"], expected.collect::<Value>());
    }
}

/// An event without its boxes.
fn opened(event: &Value) -> Value {
    match event {
        Value::Object(fields) if fields.contains_key("nonce") => Value::Null,
        Value::Object(fields) => fields.iter().map(|(name, it)| (name.clone(), opened(it))).collect(),
        Value::Array(items) => items.iter().map(opened).collect(),
        plain => plain.clone(),
    }
}

/// A directory with one claim that has texts and contacts.
fn one_claim() -> (Place, String) {
    let place = Place::of_world();
    let commands: Vec<_> = program(30)
        .into_iter()
        .chain([add(100, 1), send_consent(101, &claim(100)), comment(102, &claim(100))])
        .collect();
    let told = place.apply(lines(&commands)).ended(0).json();
    (place, told[3]["customer"].as_str().unwrap().to_owned())
}

#[test] // issue 5, point 16; F-86
fn what_was_erased_is_null_and_what_cannot_be_opened_is_not_taken_for_it() {
    let (place, customer) = one_claim();
    let columns = ["friendly_name", "customer_first_name", "customer_email", "partner_email", "erased"];
    let claim = |name: &str| {
        let found = read(&place.beside(name))?;
        let texts = found.rows["events"]
            .iter()
            .filter(|it| it["type"] == "CommentAdded")
            .map(|it| it["text"].clone());
        let row = &found.rows["claims"][0];
        Some((columns.map(|it| row[it].clone()), texts.collect::<Vec<_>>()))
    };
    export(&place, &place.beside("before"), &[]).ended(0);
    let Some(before) = claim("before") else { return };
    let open = ["A scan", "Ada", "ada@c1.example", "bo@contoso.example"].map(Value::from);
    assert_eq!(
        before,
        ([&open[..], &[false.into()]].concat().try_into().unwrap(), vec!["A comment.".into()])
    );

    place
        .run([
            "erase",
            "contact:p-contoso/ada@c1.example",
            &format!("customer:{customer}"),
            "--reason",
            "R-1",
        ])
        .ended(0);
    export(&place, &place.beside("after"), &[]).ended(0);
    let gone = [Value::Null, Value::Null, Value::Null, open[3].clone(), true.into()];
    assert_eq!(claim("after").unwrap(), (gone, vec![Value::Null]));

    export(&place, &place.beside("without"), &["--no-personal"]).ended(0);
    let without = [Value::Null, Value::Null, Value::Null, Value::Null, false.into()];
    assert_eq!(claim("without").unwrap(), (without, vec![Value::Null]));

    // Other keys than those of this log.
    fs::remove_file(place.data().join("keys.sqlite")).unwrap();
    place.apply(lines(&[comment(103, "c000-00000000000000000000")])).ended(0);
    let refused = export(&place, &place.beside("other"), &[]).ended(1);
    assert!(
        refused.err.contains("`contacts.partner` of decision") && refused.err.contains("never had key"),
        "{}",
        refused.err
    );
    assert_eq!(fs::read_dir(place.beside("other")).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn nothing_is_overwritten_and_a_journal_that_is_not_sound_is_not_exported() {
    let (place, _) = one_claim();
    let folder = place.beside("out/deep");
    let told = export(&place, &folder, &[]).ended(0);
    assert!(told.out.contains("claims.parquet") && told.err.contains("the journal up to c_"), "{told:?}");
    let before = fs::read(folder.join("events.parquet")).unwrap();
    let again = export(&place, &folder, &[]).ended(1);
    assert!(again.err.contains("nothing is overwritten"), "{}", again.err);
    assert_eq!(fs::read(folder.join("events.parquet")).unwrap(), before);

    let segment = segments(&place.data()).remove(0);
    let text = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, text.replacen("\"CustomerAdded\"", "\"CustomerAddeD\"", 1)).unwrap();
    let unsound = export(&place, &place.beside("unsound"), &[]).ended(3);
    assert!(!unsound.err.is_empty());
    assert_eq!(fs::read_dir(place.beside("unsound")).unwrap().count(), 0);
}
