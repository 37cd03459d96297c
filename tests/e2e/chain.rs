//! The chain as an auditor checks it without any of our code: `jq` and `sha256sum`.

use std::process::Command;

use crate::journal::{records, segments};
use crate::place::Place;
use crate::world::{add, claim, comment, lines, program};

/// Prints a line of partition, kind, what the record says its predecessor's head is, and what the shell computed.
const SCRIPT: &str = r#"
set -euo pipefail
for partition in $(jq -c .envelope.partition "$1" | sort -u); do
  journal=$(jq -r .envelope.journal "$1" | head -1)
  head=$(printf %s "$journal" | sha256sum | cut -d' ' -f1)
  jq -cj "select(.envelope.partition == $partition) | .envelope, \"\n\"" "$1" | while IFS= read -r envelope; do
    echo "$partition $(jq -r '.previous // "lead"' <<<"$envelope") $head"
    head=$(printf %s%s "$head" "$envelope" | sha256sum | cut -d' ' -f1)
  done
done
"#;

#[test] // DESIGN §5, CONTRACT §3
fn a_shell_with_jq_and_sha256sum_recomputes_every_head() {
    if Command::new("jq").arg("--version").output().is_err() {
        println!("skipped: there is no jq here");
        return;
    }
    let place = Place::of_world();
    let mut input = lines(&program(30));
    for customer in 0..6 {
        let opened = 100 + customer * 10;
        input += &lines([&add(opened, customer), &comment(opened + 1, &claim(opened))]);
    }
    place.apply(input).ended(0);
    // Once more, so that each partition has a second lead in its chain.
    place.apply(lines([&comment(200, &claim(100))])).ended(0);
    let log = segments(&place.data()).remove(0);
    let output = Command::new("bash").args(["-c", SCRIPT, "bash"]).arg(&log).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let computed: Vec<Vec<&str>> = text.lines().map(|it| it.split(' ').collect()).collect();
    assert_eq!(computed.len(), records(&place.data()).len());
    let mut compared = 0;
    for it in &computed {
        if it[1] != "lead" {
            assert_eq!(it[1], it[2], "partition {}", it[0]);
            compared += 1;
        }
    }
    assert!(compared >= 15, "{compared} heads compared");
}
