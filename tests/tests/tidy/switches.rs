//! Faults are planted by tests only: no package turns the switch on for what it is built into.

use serde_json::{Value, json};

use crate::tree::metadata;
use crate::{assert_clean, assert_complains};

/// The feature that plants faults.
const SWITCH: &str = "planted-faults";

/// Who turns the switch on other than for tests, from what `cargo metadata --no-deps` printed.
fn complaints(metadata: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap();
        for it in package["dependencies"].as_array().into_iter().flatten() {
            let on = it["features"].as_array().into_iter().flatten().any(|it| it == SWITCH);
            if on && it["kind"] != "dev" {
                found.push(format!("{name} builds {} with {SWITCH}", it["name"].as_str().unwrap()));
            }
        }
        for (feature, turns_on) in package["features"].as_object().into_iter().flatten() {
            let on =
                turns_on.as_array().into_iter().flatten().any(|it| it.as_str().unwrap().ends_with(SWITCH));
            if on && feature != SWITCH {
                found.push(format!("{name}: the feature {feature} turns {SWITCH} on"));
            }
        }
    }
    found
}

#[test]
fn nothing_but_tests_plants_faults() {
    let metadata = metadata();
    assert!(metadata.to_string().contains(SWITCH), "there is no such switch");
    assert_clean(&complaints(&metadata));
}

#[test]
fn a_switch_that_is_turned_on_is_found() {
    let package = |kind: Value, features: Value| {
        json!({"packages": [{"name": "claimlog", "features": features, "dependencies": [
            {"name": "claim-engine", "kind": kind, "features": [SWITCH]}
        ]}]})
    };
    assert_clean(&complaints(&package(json!("dev"), json!({SWITCH: ["claim-journal/planted-faults"]}))));
    assert_complains(&complaints(&package(Value::Null, json!({}))), "builds claim-engine");
    let default = json!({"default": ["claim-engine/planted-faults"]});
    assert_complains(&complaints(&package(json!("dev"), default)), "the feature default");
}
