//! Locks, torn tails and damage, as the program tells them: exit 1 and who holds it, a cut tail, exit 3 and where.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::journal::{decisions, segments};
use crate::place::Place;
use crate::seed::Chance;
use crate::world::{SCAN, add, claim, comment, lines, program};

/// A directory with a log of at least this many bytes, and what was told of it.
fn filled(bytes: u64) -> (Place, String, String) {
    let place = Place::of_world();
    let mut input = lines(&program(30));
    for number in 0..bytes / 1_500 {
        let opened = 100 + number * 10;
        input += &lines([&add(opened, number), &comment(opened + 1, &claim(opened))]);
    }
    let run = place.apply(input.clone()).ended(0);
    assert!(fs::metadata(segment(&place)).unwrap().len() >= bytes);
    (place, input, run.out)
}

fn segment(place: &Place) -> PathBuf {
    segments(&place.data()).remove(0)
}

#[test] // F-77
fn f_77_a_second_writer_is_told_who_holds_the_directory_while_readers_read() {
    let (place, ..) = filled(10_000);
    let mut first = place
        .claimlog()
        .args(["apply", "--no-effects", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = first.stdin.take().unwrap();
    stdin.write_all(lines([&add(90, 1_999)]).as_bytes()).unwrap();
    let mut told = String::new();
    BufReader::new(first.stdout.take().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("\"accepted\""), "{told}");

    let second = place.apply(lines([&add(91, 1_998)])).ended(1);
    assert!(second.err.contains(&format!("process {}", first.id())), "{}", second.err);
    assert_eq!(second.out, "");
    let view = ["view", "eligible", "--partner", "p-contoso", "--engagement", SCAN, "--json"];
    let page = place.run(view).ended(0).json();
    assert!(page[0]["rows"].as_array().unwrap().len() > 2);
    place.run(["audit", "verify"]).ended(0);

    drop(stdin);
    assert!(first.wait().unwrap().success());
    assert_eq!(place.apply(lines([&add(91, 1_998)])).ended(0).answers(), ["accepted"]);
}

#[test] // F-71, F-74
fn f_74_a_torn_tail_is_cut_and_reported_and_what_was_told_stays() {
    let (place, input, told) = filled(10_000);
    let path = segment(&place);
    let whole = fs::read(&path).unwrap();
    let before = decisions(&place.data()).len();
    // Half of what would have been the next record.
    let half = &whole[..300];
    fs::write(&path, [whole.as_slice(), half].concat()).unwrap();
    let verify = place.run(["audit", "verify"]).ended(3);
    assert!(verify.out.contains("torn_tail") && verify.out.contains("300 bytes"), "{}", verify.out);
    assert_eq!(
        fs::metadata(&path).unwrap().len(),
        whole.len() as u64 + 300,
        "whoever only reads cuts nothing"
    );

    let run = place.apply(input.clone()).ended(0);
    assert!(run.err.contains("300 bytes") && run.err.contains(&whole.len().to_string()), "{}", run.err);
    assert_eq!(run.out, told);
    assert_eq!(decisions(&place.data()).len(), before);
    assert!(!place.apply(input).ended(0).err.contains("torn"));
}

/// Copies a data directory.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test] // F-73, I-04
fn f_73_damage_in_the_middle_ends_with_3_and_the_position() {
    let (place, input, _) = filled(10_000);
    let path = segment(&place);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let begin = bytes[..middle].iter().rposition(|it| *it == b'\n').unwrap() + 1;
    let position = format!("log/{} byte {begin}", path.file_name().unwrap().to_string_lossy());
    for run in [place.apply(input), place.run(["audit", "verify"])] {
        let run = run.ended(3);
        let said = run.out + &run.err;
        assert!(said.contains(&position), "{position} is not in {said}");
    }
    assert_eq!(fs::read(&path).unwrap(), bytes, "nothing is changed");
}

#[test] // F-73, issue 3 item 9
fn f_73_flipped_bits_of_a_log_of_64_kib_are_found_by_audit_verify() {
    let mut chance = Chance::new("f_73_flipped_bits");
    let (place, ..) = filled(64 * 1024);
    let path = segment(&place);
    let whole = fs::read(&path).unwrap();
    let mut places: Vec<u64> = (0..24).map(|_| chance.below(whole.len() as u64)).collect();
    places.extend([0, whole.len() as u64 - 1, whole.len() as u64 - 2]);
    for at in places {
        let bit = chance.below(8);
        let at = usize::try_from(at).unwrap();
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        fs::write(&path, &bytes).unwrap();
        let run = place.run(["audit", "verify"]);
        assert_eq!(run.status, Some(3), "bit {bit} of byte {at}: {}{}", run.out, run.err);
        assert!((run.out + &run.err).contains("offset"), "bit {bit} of byte {at}");
    }
    fs::write(&path, &whole).unwrap();
    place.run(["audit", "verify"]).ended(0);
}

#[test] // F-75, F-38
fn f_75_an_older_copy_of_the_log_is_not_taken_for_the_whole() {
    let (place, ..) = filled(10_000);
    let old = place.beside("old");
    copy(&place.data().join("log"), &old);
    place.apply(lines([&add(90, 1_999)])).ended(0);
    fs::remove_dir_all(place.data().join("log")).unwrap();
    copy(&old, &place.data().join("log"));
    let run = place.apply("").ended(3);
    assert!(run.err.contains("known to be durable"), "{}", run.err);
}

#[test] // F-38, F-09
fn f_38_views_of_another_log_end_with_3() {
    let (place, ..) = filled(10_000);
    let (other, ..) = filled(20_000);
    for name in ["views.sqlite", "views.sqlite-wal", "views.sqlite-shm"] {
        drop(fs::remove_file(place.data().join(name)));
        drop(fs::copy(other.data().join(name), place.data().join(name)));
    }
    let view = ["view", "eligible", "--partner", "p-contoso", "--engagement", SCAN];
    let run = place.run(view).ended(3);
    assert!(run.err.contains("offset"), "{}", run.err);
}
