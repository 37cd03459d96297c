//! Bytes that nobody would send: the program gives each line one answer and goes on (issue 3 item 19).

use claim_testkit::sample::sample;

use crate::place::{Place, run};
use crate::seed::Chance;
use crate::world::{lines, program};

/// What may stand where something else stood.
const PIECES: [&str; 24] = [
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "9223372036854775808",
    "\"\"",
    "{}",
    "[]",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\u0000",
    "\\ud800",
    "\\",
    "\u{feff}",
    "@",
    "2026-13-01T00:00:00.000Z",
    "..",
    "\u{202e}",
    "\"version\":1,",
];

/// A line with something in it changed.
fn mutated(chance: &mut Chance, line: &[u8], lines: &[Vec<u8>]) -> Vec<u8> {
    let index = |chance: &mut Chance, len: usize| chance.below(len as u64 + 1) as usize;
    let mut line = line.to_vec();
    for _ in 0..=chance.below(3) {
        let (a, b) = (index(chance, line.len()), index(chance, line.len()));
        let (from, to) = (a.min(b), a.max(b));
        let to_near = to.min(from + 12);
        let piece = PIECES[index(chance, PIECES.len() - 1)].as_bytes().to_vec();
        match chance.below(8) {
            0 => line.truncate(from),
            1 => drop(line.drain(from..to_near)),
            2 => drop(line.splice(from..to_near, piece)),
            3 => drop(line.splice(from..from, piece)),
            4 => drop(line.splice(from..from, line[from..to].to_vec())),
            5 => {
                let other = &lines[index(chance, lines.len() - 1)];
                let cut = index(chance, other.len());
                line.truncate(from);
                line.extend_from_slice(&other[cut..]);
            }
            _ if line.is_empty() => {}
            _ => {
                let at = index(chance, line.len() - 1);
                line[at] ^= 1 << chance.below(8);
            }
        }
    }
    line
}

/// Bytes without meaning, with the characters of JSON among them.
fn noise(chance: &mut Chance) -> Vec<u8> {
    let alphabet = b"{}[]\":,\\ux0-9eE.+tfn \t\r\xff\xc3\x28\x00";
    (0..chance.below(200))
        .map(|_| match chance.below(3) {
            0 => chance.below(256) as u8,
            _ => alphabet[chance.below(alphabet.len() as u64) as usize],
        })
        .collect()
}

#[test] // F-28, I-27
fn f_28_any_bytes_get_one_answer_a_line_and_the_next_command_is_decided() {
    let mut chance = Chance::new("f_28_any_bytes");
    let place = Place::of_sample();
    let files = sample().unwrap().files;
    let (program_files, traffic) = files.split_at(1);
    let all = traffic.iter().flat_map(|it| &it.lines).map(|(text, _)| untimed(text).into_bytes());
    let good: Vec<Vec<u8>> = all.filter(|it| it.len() < 4_000).collect();
    let mut input: Vec<u8> =
        program_files[0].lines.iter().flat_map(|(it, _)| format!("{}\n", untimed(it)).into_bytes()).collect();
    for line in &good {
        match chance.below(8) {
            0 => input.extend(noise(&mut chance)),
            1..4 => input.extend(mutated(&mut chance, line, &good)),
            _ => input.extend(line),
        }
        input.push(b'\n');
    }
    let blank = |it: &&[u8]| !it.trim_ascii().is_empty();
    let expected = input.split(|it| *it == b'\n').filter(blank).count();
    let run = run(place.claimlog().args(["apply", "--no-effects", "-"]), input).ended(4);
    assert_eq!(run.out.lines().count(), expected);
    let answers = run.answers();
    let share = |word: &str| answers.iter().filter(|it| it.starts_with(word)).count();
    let shares = ["accepted", "refused", "problem"].map(share);
    assert!(shares.iter().all(|it| *it > 200), "a dull run: {shares:?}");

    // The program is well: on the same directory it decides what comes next, and the log is sound.
    assert_eq!(place.apply(lines(&program(30))).ended(0).answers(), ["accepted"; 3]);
    place.run(["audit", "verify"]).ended(0);
}

/// A line of the sample without its time, so that it is received when it comes.
fn untimed(line: &str) -> String {
    match (line.find("\"received_at\":\""), line.find("\"body\"")) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &line[..from], &line[to..]),
        _ => line.to_owned(),
    }
}
