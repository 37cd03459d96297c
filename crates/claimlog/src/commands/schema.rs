//! `schema`: what others build on, as JSON Schema.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::{Global, Schema};
use crate::exit::{Status, UsageError};
use crate::output;
use crate::schemas::{Named, all, text};

/// Runs `schema`.
///
/// # Errors
/// When there is no schema of that name, or a file cannot be written.
pub(crate) fn run(global: &Global, args: &Schema) -> Result<Status> {
    let all = all();
    match (&args.name, &args.write) {
        (Some(name), _) => print(global, &all, name)?,
        (None, Some(folder)) => write(&all, folder)?,
        (None, None) if global.json => output::json(&all.iter().map(|it| &it.name).collect::<Vec<_>>())?,
        (None, None) => all.iter().try_for_each(|it| output::text(&it.name))?,
    }
    Ok(Status::Done)
}

fn print(global: &Global, all: &[Named], name: &str) -> Result<()> {
    let mut found = all.iter().filter(|it| it.name == name || it.name.ends_with(&format!("/{name}")));
    let Some(it) = found.next() else {
        return Err(
            UsageError(format!("there is no schema {name}; `claimlog schema` lists the names")).into()
        );
    };
    if it.name == "refusals" && !global.json {
        let rows = it.schema["refusals"].as_array().into_iter().flatten();
        let cell = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let rows = rows.map(|row| [cell(row, "code"), cell(row, "rules"), cell(row, "when")]);
        return output::text(&output::table(["CODE", "RULES", "WHEN"], rows));
    }
    if it.name == "parquet" && !global.json {
        let rows = claim_audit::export::describe().into_iter().flat_map(|file| {
            file.columns.into_iter().map(move |it| {
                let null = if it.nullable { "yes" } else { "" };
                [file.file, it.name, it.kind, null, it.says].map(str::to_owned)
            })
        });
        return output::text(&output::table(["FILE", "COLUMN", "TYPE", "NULL", "WHAT IT MEANS"], rows));
    }
    output::text(text(&it.schema).trim_end())
}

/// Writes every schema as a file.
fn write(all: &[Named], folder: &Path) -> Result<()> {
    for it in all {
        let path = folder.join(format!("{}.json", it.name));
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        fs::write(&path, text(&it.schema)).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
