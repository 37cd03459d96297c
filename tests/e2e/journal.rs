//! The log as any reader may read it: lines of JSON in segment files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The segment files of a data directory, in their order.
pub(crate) fn segments(data: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(data.join("log")).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Every record of a data directory, in the order of the log.
pub(crate) fn records(data: &Path) -> Vec<Value> {
    let texts = segments(data).into_iter().map(|it| fs::read_to_string(it).unwrap());
    texts
        .flat_map(|it| it.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
        .collect()
}

/// The records of decisions, in the order of the log.
pub(crate) fn decisions(data: &Path) -> Vec<Value> {
    records(data).into_iter().filter(|it| it["envelope"]["kind"] == "decision").collect()
}

/// What was decided in each partition, without what differs between two directories that were told the same: heads,
/// keyed digests and the closed boxes of persons.
pub(crate) fn told(data: &Path) -> BTreeMap<String, Vec<Value>> {
    let mut partitions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for mut record in decisions(data) {
        let body = record["body"].take();
        let partition = record["envelope"]["partition"].to_string();
        partitions.entry(partition).or_default().push(comparable(body));
    }
    partitions
}

/// The same without boxes, keyed digests and heads.
pub(crate) fn comparable(value: Value) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key("nonce") && fields.contains_key("person") => {
            "a box".into()
        }
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| name != "digest" && name != "head")
            .map(|(name, it)| (name, comparable(it)))
            .collect(),
        Value::Array(items) => items.into_iter().map(comparable).collect(),
        plain => plain,
    }
}

/// The types of all events on the log, how often each occurs.
pub(crate) fn event_types(data: &Path) -> BTreeMap<String, usize> {
    let mut types = BTreeMap::new();
    for record in decisions(data) {
        for event in record["body"]["outcome"]["accepted"].as_array().into_iter().flatten() {
            *types.entry(event["type"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    types
}
