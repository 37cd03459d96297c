//! Who may know whom: boundaries are absences, and this table proves them.
//!
//! What counts is `[dependencies]` and `[build-dependencies]`; tests of a crate may use more.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::tree::{crates, metadata};
use crate::{assert_clean, assert_complains};

/// Crate, the crates of ours that it may know, and why not more.
const MAY_KNOW: &[(&str, &[&str], &str)] = &[
    ("domain", &[], "the rules stand alone"),
    ("journal", &["domain"], "a record holds commands and events, and nothing stores it yet"),
    ("log", &["journal"], "a log stores records and judges none of them"),
    ("log-embedded", &["journal", "log"], "one log among several, known by its trait only"),
    ("log-kafka", &["journal", "log"], "one log among several, known by its trait only"),
    (
        "intake",
        &["domain", "journal", "log", "snapshot", "postgres"],
        "it prepares commands and decides nothing",
    ),
    ("snapshot", &["domain", "journal", "log"], "it folds what is decided and decides nothing"),
    ("engine", &["domain", "journal", "log", "snapshot"], "it decides and serves no view"),
    ("postgres", &[], "a connection knows no table"),
    ("projector", &["domain", "journal", "log", "postgres"], "it runs any view and knows none"),
    ("projector-eligible", VIEW, "one view never knows another"),
    ("projector-ineligible", VIEW, "one view never knows another"),
    ("projector-completed", VIEW, "one view never knows another"),
    ("projector-referral", VIEW, "one view never knows another"),
    ("publisher", &["domain", "journal", "log"], "it copies the journal outwards"),
    ("effects", &["domain", "projector-referral"], "it does what the ledger says and no more"),
    ("audit", AUDITED, "it trusts the journal, never the engine"),
    ("server", SERVED, "it serves what others hold and decides nothing"),
    ("testkit", &["domain", "journal", "log"], "tests of every crate use it, so it knows few"),
    ("tests", &[], "an observer that knows the engine could not disagree with it"),
];

const VIEW: &[&str] = &["domain", "journal", "log", "projector"];
const AUDITED: &[&str] = &[
    "domain",
    "journal",
    "log",
    "projector",
    "projector-eligible",
    "projector-ineligible",
    "projector-completed",
    "projector-referral",
];
const SERVED: &[&str] = &[
    "domain",
    "journal",
    "log",
    "intake",
    "engine",
    "projector",
    "projector-eligible",
    "projector-ineligible",
    "projector-completed",
    "projector-referral",
    "publisher",
];

/// It knows everyone: the binary that wires all rooms.
const KNOW_ALL: [&str; 1] = ["claimlog"];

/// Crate name without `claim-`, and the crates of ours it depends on other than for its tests.
type Knows = BTreeMap<String, Vec<String>>;

fn complaints(knows: &Knows) -> Vec<String> {
    let allowed: BTreeMap<&str, (&[&str], &str)> =
        MAY_KNOW.iter().map(|(name, may, why)| (*name, (*may, *why))).collect();
    let mut found = Vec::new();
    for (name, others) in knows {
        for other in others {
            if other == "testkit" {
                found.push(format!("{name} knows testkit outside its dev-dependencies"));
            } else if !KNOW_ALL.contains(&name.as_str()) {
                match allowed.get(name.as_str()) {
                    Some((may, _)) if may.contains(&other.as_str()) => {}
                    Some((_, why)) => found.push(format!("{name} must not know {other}: {why}")),
                    None => found.push(format!("{name} has no row in the table of who may know whom")),
                }
            }
        }
    }
    found
}

/// Who depends on whom, from what `cargo metadata --no-deps` printed.
fn knows(metadata: &Value) -> Knows {
    let short = |name: &Value| name.as_str().unwrap().trim_start_matches("claim-").to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let others = package["dependencies"].as_array().unwrap().iter();
            let ours = others.filter(|it| it["kind"] != "dev" && it["path"].is_string());
            (short(&package["name"]), ours.map(|it| short(&it["name"])).collect())
        })
        .collect()
}

#[test]
fn nobody_knows_more_than_the_table_allows() {
    let knows = knows(&metadata());
    assert_clean(&complaints(&knows));
    for name in crates() {
        assert!(knows.contains_key(&name), "crates/{name} is no package `claim-{name}` (or `claimlog`)");
        let named = KNOW_ALL.contains(&name.as_str()) || MAY_KNOW.iter().any(|(it, _, _)| *it == name);
        assert!(named, "crates/{name} has no row in the table of who may know whom");
    }
}

#[test]
fn a_forbidden_acquaintance_is_found() {
    let knows = |name: &str, other: &str| Knows::from([(name.to_owned(), vec![other.to_owned()])]);
    assert_complains(&complaints(&knows("domain", "journal")), "domain must not know journal");
    assert_complains(&complaints(&knows("audit", "engine")), "audit must not know engine");
    assert_complains(
        &complaints(&knows("projector-eligible", "projector-completed")),
        "one view never knows another",
    );
    assert_complains(&complaints(&knows("claimlog", "testkit")), "outside its dev-dependencies");
    assert_complains(&complaints(&knows("tests", "journal")), "tests must not know journal");
    assert_complains(&complaints(&knows("newcomer", "domain")), "no row");
    assert_clean(&complaints(&knows("claimlog", "engine")));
}

#[test]
fn dependencies_for_tests_do_not_count() {
    let metadata = serde_json::json!({"packages": [{"name": "claim-engine", "dependencies": [
        {"name": "claim-domain", "kind": null, "path": "/p"},
        {"name": "claim-log-embedded", "kind": "dev", "path": "/p"},
        {"name": "uuid", "kind": null},
    ]}]});
    assert_eq!(knows(&metadata), Knows::from([("engine".to_owned(), vec!["domain".to_owned()])]));
}
