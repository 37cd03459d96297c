//! The JSON Schema of each command as an asker writes it, made from the types it is decoded into.
//!
//! A recorded body differs from the asker's by what intake does to it: closed boxes stand for plain texts and persons,
//! resolved ids for references, and `found` is added. Here each of these is turned back.

use claim_domain::asker::Asker;
use claim_domain::command::CommandType;
use claim_domain::ids::CommandId;
use claim_domain::time::Instant;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::personal::{Person, PlainText, fields};

/// The schema of a command of this type, envelope and body.
#[must_use]
pub fn command(command_type: CommandType) -> Value {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft2020_12());
    let body = command_type.body_schema(&mut generator).to_value();
    let person = generator.subschema_for::<Person>().to_value();
    let text = generator.subschema_for::<PlainText>().to_value();
    let id = generator.subschema_for::<CommandId>().to_value();
    let asker = generator.subschema_for::<Asker>().to_value();
    let at = generator.subschema_for::<Instant>().to_value();
    let mut definitions = generator.take_definitions(true);
    make_plain(command_type, &mut definitions, &person, &text);
    keep_used(&mut definitions, &[&body, &id, &asker, &at]);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": command_type.as_str(),
        "type": "object",
        "required": ["id", "type", "version", "asker", "body"],
        "properties": {
            "id": id,
            "type": {"const": command_type.as_str()},
            "version": {"const": command_type.version()},
            "asker": asker,
            "body": body,
            "received_at": at
        },
        "additionalProperties": false,
        "$defs": definitions
    })
}

fn make_plain(command_type: CommandType, definitions: &mut Map<String, Value>, person: &Value, text: &Value) {
    let claim = json!({"anyOf": [
        {"$ref": "#/$defs/ClaimId"},
        {"type": "string", "pattern": "^@[0-9a-fA-F-]{36}/[a-z0-9][a-z0-9._-]{0,62}$",
         "description": "the claim which that command creates: @<command id>/<engagement>"}
    ]});
    let customer = json!({"anyOf": [
        {"$ref": "#/$defs/CustomerId"},
        {"type": "string", "pattern": "^@[0-9a-fA-F-]{36}$", "description": "the customer of that command: @<command id>"}
    ]});
    for field in fields(command_type) {
        let (owner, name) = field
            .path
            .split_once('.')
            .map_or((command_type.as_str(), field.path), |(_, it)| ("Contacts", it));
        let Some(owner) = definitions.get_mut(owner).and_then(Value::as_object_mut) else { continue };
        let plain = if field.is_contact() { person } else { text };
        owner["properties"][name] = plain.clone();
        if field.path != "mismatch_reason" {
            require(owner, name);
        }
    }
    if let Some(body) = definitions.get_mut(command_type.as_str()).and_then(Value::as_object_mut) {
        let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) else { return };
        properties.remove("found");
        if let Some(slot) = properties.get_mut("claim") {
            *slot = claim;
        }
        if command_type == CommandType::ClaimCustomer {
            properties.insert("customer".to_owned(), customer);
            properties.insert(
                "msx_opportunity_id".to_owned(),
                json!({"type": "string", "minLength": 1, "maxLength": 64}),
            );
        }
        if let Some(required) = body.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|it| it != "found");
        }
    }
}

fn require(owner: &mut Map<String, Value>, name: &str) {
    if let Some(required) = owner.get_mut("required").and_then(Value::as_array_mut)
        && !required.iter().any(|it| it == name)
    {
        required.push(name.into());
    }
}

/// Drops the definitions that nothing refers to any more.
fn keep_used(definitions: &mut Map<String, Value>, roots: &[&Value]) {
    let mut used: Vec<String> = roots.iter().flat_map(|it| references(it)).collect();
    let mut next = 0;
    while let Some(name) = used.get(next).cloned() {
        for found in definitions.get(&name).map(references).unwrap_or_default() {
            if !used.contains(&found) {
                used.push(found);
            }
        }
        next += 1;
    }
    definitions.retain(|name, _| used.contains(name));
}

fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(it) => it
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(to)) => {
                    to.strip_prefix("#/$defs/").map(str::to_owned).into_iter().collect()
                }
                (_, value) => references(value),
            })
            .collect(),
        Value::Array(it) => it.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}
