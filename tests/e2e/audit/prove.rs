//! `audit checkpoint`, `prove` and `check-proof`: what others can check without the journal.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::damage::copy;
use crate::place::{Place, Run, claimlog, run};
use crate::sample::APPLIED;
use crate::seed::Chance;
use crate::world::{add, claim, lines, program, send_consent};

/// The folder of an auditor, which vanishes with the place.
fn folder(place: &Place) -> PathBuf {
    place.beside("auditor")
}

fn audit(place: &Place, args: &[&str]) -> Run {
    let folder = folder(place);
    place.run([&["audit"][..], args, &["--audit-dir", folder.to_str().unwrap()]].concat())
}

/// Checks a proof with nothing but a public key, in a folder of its own.
fn check(proof: &[u8], public: &Path, more: &[&str]) -> Run {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("proof.json"), proof).unwrap();
    let mut command: Command = claimlog();
    command.current_dir(elsewhere.path()).args([
        "audit",
        "check-proof",
        "proof.json",
        "--json",
        "--public-key",
    ]);
    run(command.arg(public).args(more), Vec::new())
}

/// A directory with two claims.
fn world() -> Place {
    let place = Place::of_world();
    let mut commands = program(30);
    commands.extend([add(100, 1), send_consent(101, &claim(100)), add(110, 2)]);
    place.apply(lines(&commands)).ended(0);
    place
}

#[test] // the item 15: at most 4 KB, checked offline by the public key only
fn a_proof_is_short_and_holds_by_the_public_key_alone() {
    let view =
        ["view", "completed", "--partner", "p-contoso", "--engagement", "security-workshop-2026", "--json"];
    let page = APPLIED.place.run(view).ended(0).json().remove(0);
    let public = folder(&APPLIED.place).join("checkpoint.pub");
    for row in page["rows"].as_array().unwrap().iter().step_by(12) {
        let id = row["claim"].as_str().unwrap();
        let proof = audit(&APPLIED.place, &["prove", id]).ended(0).out;
        assert!(proof.len() <= 4096, "{} bytes", proof.len());
        let told = check(proof.as_bytes(), &public, &[]).ended(0).json().remove(0);
        assert_eq!((&told["holds"], &told["proves"]), (&true.into(), &"inclusion".into()));
        let events = told["decision"]["outcome"]["accepted"].as_array().unwrap();
        assert!(events.iter().any(|it| it["claim"] == id), "{told}");
    }
    assert!(audit(&APPLIED.place, &["verify", "--no-views"]).ended(0).out.contains("1 checkpoint"));
}

#[test] // the item 15: any change of a proof, and any other key, is noticed
fn a_changed_proof_or_another_key_does_not_hold() {
    let place = world();
    let id = id(&place);
    let proof = audit(&place, &["prove", &id]).ended(0).out.trim_end().to_owned();
    let public = folder(&place).join("checkpoint.pub");
    check(proof.as_bytes(), &public, &[]).ended(0);
    let mut chance = Chance::new("a_changed_proof_or_another_key");
    for _ in 0..40 {
        let mut bytes = proof.clone().into_bytes();
        let at = usize::try_from(chance.below(bytes.len() as u64)).unwrap();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        assert_eq!(
            check(&bytes, &public, &[]).status,
            Some(3),
            "byte {at}: {}",
            String::from_utf8_lossy(&bytes)
        );
    }
    let other = world();
    audit(&other, &["checkpoint"]).ended(0);
    let run = check(proof.as_bytes(), &folder(&other).join("checkpoint.pub"), &[]).ended(3);
    assert!(run.out.contains("not signed by this key"), "{}", run.out);
    audit(&place, &["prove", "c000-00000000000000000000"]).ended(1);
    audit(&place, &["prove", &id, "--position", "program/1"]).ended(1);
}

/// The first claim of the world.
fn id(place: &Place) -> String {
    let view = ["view", "eligible", "--partner", "p-contoso", "--engagement", "quick-scan", "--json"];
    place.run(view).ended(0).json()[0]["rows"][0]["claim"].as_str().unwrap().to_owned()
}

#[test] // CONTRACT §1: a record may be longer than a proof; then it is given beside
fn a_record_that_is_too_long_is_given_beside_its_proof() {
    let place = Place::of_world();
    let mut long = add(100, 1);
    long["body"]["friendly_name"] = "n".repeat(200).into();
    long["body"]["contacts"]["customer"]["first_name"] = "f".repeat(100).into();
    long["body"]["contacts"]["partner"]["first_name"] = "f".repeat(100).into();
    let mut commands = program(30);
    commands.push(long);
    place.apply(lines(&commands)).ended(0);
    let (record, public) = (place.beside("record.json"), folder(&place).join("checkpoint.pub"));
    let record = record.to_str().unwrap();
    let proof = audit(&place, &["prove", &id(&place), "--record", record]).ended(0);
    assert!(proof.out.len() <= 4096 && proof.err.contains("--record"), "{proof:?}");
    let told =
        |more: &[&str], status| check(proof.out.as_bytes(), &public, more).ended(status).json().remove(0);
    assert!(told(&[], 0)["decision"].is_null());
    assert_eq!(told(&["--record", record], 0)["outcome"]["type"], "AddCustomer");
    let changed = fs::read_to_string(record).unwrap().replacen("p-contoso", "p-adatum!", 1);
    fs::write(record, changed).unwrap();
    told(&["--record", record], 3);
}

#[test] // I-25, RFC 6962 §2.1.2: checkpoints extend each other
fn a_newer_checkpoint_is_proved_to_extend_an_older_one() {
    let place = world();
    let older = place.beside("older.json");
    let first = audit(&place, &["checkpoint", "--json"]).ended(0).out;
    assert_eq!(audit(&place, &["checkpoint", "--json"]).ended(0).out, first, "nothing new, nothing signed");
    fs::write(&older, &first).unwrap();
    place.apply(lines(&[add(120, 3), add(130, 4)])).ended(0);
    let since = ["checkpoint", "--since", older.to_str().unwrap()];
    let proof = audit(&place, &since).ended(0).out;
    let public = folder(&place).join("checkpoint.pub");
    let told = check(proof.as_bytes(), &public, &[]).ended(0).json().remove(0);
    assert_eq!(told["proves"], "extension");
    assert!(told["old"]["records"].as_u64() < told["new"]["records"].as_u64(), "{told}");
    let mut value: Value = serde_json::from_str(&proof).unwrap();
    let at =
        value["proofs"].as_array().unwrap().iter().position(|it| it.as_array().unwrap().len() > 1).unwrap();
    value["proofs"][at].as_array_mut().unwrap().swap(0, 1);
    assert!(check(value.to_string().as_bytes(), &public, &[]).ended(3).out.contains("not the beginning"));
    fs::write(&older, "{}").unwrap();
    audit(&place, &since).ended(2);
}

#[test] // F-92, F-75: a journal written anew by the program itself is another one than was signed
fn a_journal_that_was_rolled_back_and_written_anew_is_located() {
    let place = world();
    let (old, log) = (place.beside("old"), place.data().join("log"));
    copy(&log, &old);
    let begins = fs::metadata(crate::journal::segments(&place.data()).remove(0)).unwrap().len();
    place.apply(lines(&[add(120, 3)])).ended(0);
    let id = id(&place);
    audit(&place, &["prove", &id]).ended(0);
    audit(&place, &["verify"]).ended(0);

    fs::remove_dir_all(place.data()).unwrap();
    copy(&old, &log);
    place.apply(lines(&[add(120, 4)])).ended(0);
    // By itself this journal is sound: every chain holds.
    assert!(place.run(["audit", "verify"]).ended(0).out.contains("sound"));
    let found = audit(&place, &["verify", "--json"]).ended(3).json().remove(0);
    let first = &found["findings"][0];
    assert_eq!((&first["what"], &first["offset"]), (&"tampered".into(), &begins.into()), "{first}");
    let refused = audit(&place, &["prove", &id]).ended(3);
    assert!(
        refused.out.contains("nothing was signed") && refused.out.contains("tampered"),
        "{}",
        refused.out
    );
}
