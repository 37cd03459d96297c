//! `schemas/`: the shape of everything that others read or write, made from the types.

#[cfg(test)]
mod frozen;

use claim_audit::prove::{Checkpoint, Extension, Inclusion};
use claim_audit::{Explanation, Report, WhatIf};
use claim_domain::command::CommandType;
use claim_domain::event::Event;
use claim_domain::refusal::Refusal;
use claim_intake::ProblemLine;
use claim_intake::keys::Erasure;
use claim_journal::{Binding, Decision, Envelope, Lead, Outcome};
use claim_projector::{HistoryEntry, Page};
use claim_projector_referral::LedgerEntry;
use claim_publisher::CloudEvent;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// One schema, under the name of its file without `.json`.
pub(crate) struct Named {
    /// Such as `commands/AddCustomer`.
    pub(crate) name: String,
    /// The schema.
    pub(crate) schema: Value,
}

/// Every schema there is, in the order of their names.
pub(crate) fn all() -> Vec<Named> {
    let named = |name: &str, schema: Value| Named { name: name.to_owned(), schema };
    let mut all: Vec<Named> = CommandType::ALL
        .iter()
        .map(|it| Named { name: format!("commands/{it}"), schema: claim_intake::schema::command(*it) })
        .collect();
    all.push(named("outcome", of::<Outcome<'static>>()));
    all.push(named("problem", of::<ProblemLine>()));
    all.push(named("event", of::<Event>()));
    all.push(named("journal-record", journal_record()));
    all.push(named("refusals", refusals()));
    all.push(named("cloud-event", of::<CloudEvent>()));
    all.push(named("view", of::<Page>()));
    all.push(named("history-entry", of::<HistoryEntry<'static>>()));
    all.push(named("effect", of::<LedgerEntry>()));
    all.push(named("erasure", of::<Erasure>()));
    all.push(named("parquet", parquet()));
    all.push(named("audit-report", of::<Report>()));
    all.push(named("audit-explanation", of::<Explanation>()));
    all.push(named("audit-what-if", of::<WhatIf>()));
    all.push(named("audit-checkpoint", of::<Checkpoint>()));
    all.push(named("audit-inclusion", of::<Inclusion>()));
    all.push(named("audit-extension", of::<Extension>()));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// A schema as it stands in its file.
pub(crate) fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn of<T: JsonSchema>() -> Value {
    SchemaGenerator::new(SchemaSettings::draft2020_12()).into_root_schema_for::<T>().to_value()
}

/// One line of the log.
fn journal_record() -> Value {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft2020_12());
    let envelope = generator.subschema_for::<Envelope>().to_value();
    let bodies = [
        ("lead", generator.subschema_for::<Lead>().to_value()),
        ("decision", generator.subschema_for::<Decision>().to_value()),
        ("binding", generator.subschema_for::<Binding>().to_value()),
    ];
    let by_kind = bodies.map(|(kind, body)| {
        json!({
            "if": {"properties": {"envelope": {"properties": {"kind": {"const": kind}}}}},
            "then": {"properties": {"body": body}}
        })
    });
    let definitions = generator.take_definitions(true);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "JournalRecord",
        "description": "One line of the log. `crc` is CRC-32C over all bytes before `,\"crc\"`. The chain: \
            h = sha256(journal id) as hex at first, then h = sha256(h as hex, then the bytes of `envelope`). \
            With jq and sha256sum, from a line whose head before it is $h: \
            { printf %s \"$h\"; jq -cj .envelope <<<\"$line\"; } | sha256sum",
        "type": "object",
        "required": ["envelope", "body", "crc"],
        "properties": {"envelope": envelope, "body": {"type": "object"}, "crc": {"type": "string", "pattern": "^[0-9a-f]{8}$"}},
        "additionalProperties": false,
        "allOf": by_kind,
        "$defs": definitions
    })
}

/// The codes of refusals in their order of precedence, with their rules.
fn refusals() -> Value {
    json!({
        "title": "Refusals",
        "description": "Stable codes in their order of precedence (A-57, A-72), with the rules they come from.",
        "refusals": Refusal::TABLE
    })
}

/// The columns of what `audit export` writes.
fn parquet() -> Value {
    json!({
        "title": "Parquet",
        "description": "The files of `claimlog audit export` and their columns. Those of personal data are null once erased.",
        "format": claim_audit::export::FORMAT,
        "files": claim_audit::export::describe()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};

    use claim_testkit::sample::Expect;
    use jsonschema::Validator;

    use super::*;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
    }

    #[test] // issue 3, point 18
    fn the_files_are_what_the_types_make() {
        let all = all();
        let again = "run `claimlog schema --write schemas`, and read what changed";
        for it in &all {
            let path = folder().join(format!("{}.json", it.name));
            let file = fs::read_to_string(&path).unwrap_or_default();
            assert!(file == text(&it.schema), "{} is not what the types make: {again}", path.display());
        }
        let files = |folder: &Path| {
            fs::read_dir(folder).unwrap().filter(|it| it.as_ref().unwrap().path().is_file()).count()
        };
        assert_eq!(files(&folder()) + files(&folder().join("commands")), all.len(), "a file of no type");
    }

    #[test] // CONTRACT §1: what the schema accepts can be decided, and what is malformed it refuses
    fn the_sample_is_valid_but_for_what_is_malformed() {
        let validators: BTreeMap<&str, Validator> = CommandType::ALL
            .iter()
            .map(|it| (it.as_str(), jsonschema::validator_for(&claim_intake::schema::command(*it)).unwrap()))
            .collect();
        let (mut valid, mut malformed) = (0, 0);
        for file in claim_testkit::sample::sample().unwrap().files {
            for (line, expect) in &file.lines {
                let Ok(command) = serde_json::from_str::<Value>(line) else { continue };
                let Some(validator) = command["type"].as_str().and_then(|it| validators.get(it)) else {
                    continue;
                };
                match expect {
                    Expect::Problem(code) => {
                        malformed += usize::from(*code == "malformed" && !validator.is_valid(&command));
                    }
                    Expect::Accepted | Expect::Refused(_) => {
                        let fault = validator.iter_errors(&command).next().map(|it| it.to_string());
                        assert_eq!(fault, None, "{}: {line}", file.name);
                        valid += 1;
                    }
                }
            }
        }
        assert!(valid > 3_900 && malformed > 20, "{valid} valid, {malformed} malformed");
    }
}
