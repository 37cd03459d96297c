//! Released shapes are never changed in place: `tests/golden/shapes.txt` has the digest of each, and this compares.
//!
//! A shape is what stands on the log, or is told, under one name and version. What it refers to is part of it; words are
//! not, and a list of names may grow, since an older journal reads as before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use claim_domain::command::CommandType;
use claim_domain::event::Event;
use claim_journal::{Binding, Decision, Digest, Envelope, FORMAT, Kind, Lead, Outcome};
use claim_publisher::CloudEvent;
use serde_json::{Map, Value};

use super::of;

/// Types with names of their own that may grow: each member has its own line, or is one name in a list.
const OPEN: [&str; 3] = ["Event", "CommandType", "Reason"];

/// Every shape of this program by name and version.
fn shapes() -> BTreeMap<String, Digest> {
    let mut shapes = BTreeMap::new();
    let mut add = |name: String, schema: &Value, root: &Value| {
        shapes.insert(name, digest(schema, root));
    };
    add(format!("envelope {FORMAT}"), &of::<Envelope>(), &of::<Envelope>());
    for (kind, schema) in
        [(Kind::Lead, of::<Lead>()), (Kind::Decision, of::<Decision>()), (Kind::Binding, of::<Binding>())]
    {
        add(format!("{kind} {}", kind.newest_body_version()), &schema, &schema);
    }
    add("outcome 1".to_owned(), &of::<Outcome<'static>>(), &of::<Outcome<'static>>());
    add("cloud-event 1".to_owned(), &of::<CloudEvent>(), &of::<CloudEvent>());
    for command in CommandType::ALL {
        let schema = claim_intake::schema::command(*command);
        add(format!("command {command} {}", command.version()), &schema, &schema);
    }
    let events = of::<Event>();
    for event in events["oneOf"].as_array().into_iter().flatten() {
        let named = &event["properties"]["type"]["const"];
        let body = event["$ref"].as_str().map_or(event, |it| referred(&events, it));
        let version = &body["properties"]["version"]["const"];
        add(format!("event {} {version}", named.as_str().unwrap()), event, &events);
    }
    shapes
}

/// The digest of a schema of `root` with all that it refers to, without the words that explain it.
fn digest(schema: &Value, root: &Value) -> Digest {
    let mut reached = BTreeSet::new();
    let mut text = bare(schema, &mut reached).to_string();
    let mut told = BTreeSet::new();
    while let Some(next) = reached.difference(&told).next().cloned() {
        text += &format!("\n{next} {}", bare(referred(root, &next), &mut reached));
        told.insert(next);
    }
    Digest::of(text.as_bytes())
}

fn referred<'a>(root: &'a Value, reference: &str) -> &'a Value {
    let pointer = reference.strip_prefix('#').unwrap_or(reference);
    root.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// A schema without words; a list of names, and a type that may grow, is only said to be one.
fn bare(schema: &Value, reached: &mut BTreeSet<String>) -> Value {
    match schema {
        Value::Object(fields) if is_list_of_names(fields) => "one of several names".into(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, value)| !(is_words(name) && value.is_string()) && *name != "$defs")
            .map(|(name, value)| {
                let Some(reference) = value.as_str().filter(|_| name == "$ref") else {
                    return (name.clone(), bare(value, reached));
                };
                if !OPEN.iter().any(|it| reference.ends_with(&format!("/{it}"))) {
                    reached.insert(reference.to_owned());
                }
                (name.clone(), value.clone())
            })
            .collect(),
        Value::Array(items) => items.iter().map(|it| bare(it, reached)).collect(),
        plain => plain.clone(),
    }
}

fn is_words(name: &str) -> bool {
    ["description", "title", "$schema"].contains(&name)
}

fn is_list_of_names(fields: &Map<String, Value>) -> bool {
    let is_name = |it: &Value| it.is_string() || it.get("const").is_some_and(Value::is_string);
    let listed = ["enum", "oneOf"].iter().find_map(|it| fields.get(*it)?.as_array());
    listed.is_some_and(|it| it.len() > 1 && it.iter().all(|it| is_name(it) && it.get("properties").is_none()))
}

#[test] // issue 5, point 12
fn no_released_shape_was_changed_in_place() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/shapes.txt");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let shapes: BTreeMap<String, String> =
        shapes().into_iter().map(|(name, digest)| (name, digest.to_string())).collect();
    let frozen: BTreeMap<String, String> = text
        .lines()
        .filter_map(|it| it.rsplit_once(' '))
        .map(|(name, digest)| (name.to_owned(), digest.to_owned()))
        .collect();
    for (name, digest) in &frozen {
        assert!(
            shapes.get(name) == Some(digest),
            "`{name}` is released, and is not what it was: give what changed a new version, and the old one an upcaster \
             (`domain/src/version.rs`)"
        );
    }
    let new: String = shapes
        .iter()
        .filter(|(name, _)| !frozen.contains_key(*name))
        .map(|(name, digest)| format!("{name} {digest}\n"))
        .collect();
    assert!(new.is_empty(), "add what is new to {}:\n{new}", path.display());
}

#[test]
fn a_shape_is_told_from_another_by_anything_but_words_and_longer_lists() {
    let digest = |schema: Value| digest(&schema, &schema);
    let with = |field: &str, more: Value| {
        let mut schema = serde_json::json!({
            "description": "Words.", "properties": {"a": {"type": "string"}, "b": {"$ref": "#/$defs/B"}},
            "$defs": {"B": {"oneOf": [{"const": "one"}, {"const": "two"}]}, "C": {"type": "number"}}
        });
        if let Some(place) = schema.pointer_mut(field) {
            *place = more;
        }
        digest(schema)
    };
    let plain = with("/none", Value::Null);
    assert_eq!(with("/description", "Others.".into()), plain);
    let longer = serde_json::json!([{"const": "one"}, {"const": "two"}, {"const": "three"}]);
    assert_eq!(with("/$defs/B/oneOf", longer), plain);
    assert_eq!(with("/$defs/C/type", "string".into()), plain, "not referred to");
    assert_ne!(with("/properties/a/type", "number".into()), plain);
    assert_ne!(with("/$defs/B", serde_json::json!({"type": "string"})), plain);
    assert_ne!(with("/properties/b/$ref", "#/$defs/C".into()), plain);
}
