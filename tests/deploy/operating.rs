//! What the README says to watch: metrics that exist and have an alarm, words that the program says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::watching::{alarms, metrics, used};
use crate::yaml::text;
use crate::{assert_clean, assert_complains, file};

/// What the README and the alarms may name.
struct Known {
    /// Metrics of the list.
    listed: BTreeSet<String>,
    /// Metrics that an alarm is made of.
    alarmed: BTreeSet<String>,
    /// The source of the program.
    source: String,
}

impl Known {
    fn of_tree() -> Self {
        let metrics = metrics(&file("metrics.txt"));
        let expressions: Vec<String> = alarms().iter().map(|it| text(&it["expr"])).collect();
        let alarmed = expressions.iter().flat_map(|it| used("an alarm", it, &metrics).0).collect();
        let mut source = String::new();
        collect(&claim_tests::root().join("crates"), &mut source);
        Self { listed: metrics.keys().cloned().collect(), alarmed, source }
    }
}

/// All Rust below a folder.
fn collect(folder: &Path, source: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()) {
        if entry.is_dir() {
            collect(&entry, source);
        } else if entry.extension().is_some_and(|it| it == "rs") {
            source.push_str(&fs::read_to_string(&entry).unwrap());
        }
    }
}

/// What stands in backticks.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether it looks like a code that the program says, such as `offset_gap`.
fn is_code(name: &str) -> bool {
    name.contains('_') && name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
}

fn complaints(readme: &str, known: &Known) -> Vec<String> {
    let mut found = Vec::new();
    for line in readme.lines() {
        for name in names(line).filter(|it| is_code(it)) {
            let metric = name.starts_with("claimlog_");
            if metric && !known.listed.contains(name) {
                found.push(format!("README.md speaks of {name}, which is not in the list of metrics"));
            }
            if !metric && !known.source.contains(name) {
                found.push(format!("README.md speaks of {name}, which the program never says"));
            }
        }
        // A row of the table begins with what to watch.
        let watched = line.strip_prefix("| ").and_then(|it| it.split(" | ").next()).unwrap_or_default();
        let mut watched = names(watched).filter(|it| it.starts_with("claimlog_")).peekable();
        if watched.peek().is_some() && !watched.any(|it| known.alarmed.contains(it)) {
            found.push(format!("no alarm watches what this row says to watch: {line}"));
        }
    }
    found
}

#[test]
fn what_the_readme_says_to_watch_exists_and_has_an_alarm() {
    let readme = fs::read_to_string(claim_tests::root().join("README.md")).unwrap();
    let (_, operating) = readme.split_once("\n## Operating it on Kafka\n").expect("README says how");
    let operating = operating.split("\n## ").next().unwrap();
    assert!(operating.lines().filter(|it| it.starts_with("| `claimlog_")).count() > 5, "the table is there");
    let known = Known::of_tree();
    assert_clean(&complaints(operating, &known));
    // What comes before speaks of some of them too.
    let (_, limits) = readme.split_once("\n### On Kafka: the chain argument\n").expect("README argues");
    let metrics_only = limits.lines().filter(|it| it.contains("`claimlog_")).collect::<Vec<_>>().join("\n");
    assert_clean(&complaints(&metrics_only, &known));
}

#[test]
fn causes_that_alarms_select_are_said_by_the_program() {
    let source = Known::of_tree().source;
    for alarm in alarms() {
        let expression = text(&alarm["expr"]);
        for (_, after) in expression.match_indices("cause=").map(|(at, _)| expression.split_at(at)) {
            let causes = after.split('"').nth(1).unwrap();
            for cause in causes.split('|') {
                assert!(source.contains(&format!("\"{cause}\"")), "{} waits for {cause}", alarm["alert"]);
            }
        }
    }
}

#[test]
fn a_row_about_what_does_not_exist_is_found() {
    let set = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
    let known = Known {
        listed: set(&["claimlog_lag", "claimlog_age"]),
        alarmed: set(&["claimlog_lag"]),
        source: "fn code() { \"offset_gap\" }".to_owned(),
    };
    let check = |row: &str| complaints(row, &known);
    assert_clean(&check("| `claimlog_lag`, `claimlog_age` grow | `offset_gap` | look at `claimlog_age` |"));
    assert_complains(
        &check("| `claimlog_lag` | it is | see `claimlog_lags` |"),
        "claimlog_lags, which is not",
    );
    assert_complains(&check("| `claimlog_lag` | `gap_offset` | see |"), "never says");
    assert_complains(&check("| `claimlog_age` grows | it is | see `claimlog_lag` |"), "no alarm watches");
}
