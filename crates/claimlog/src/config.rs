//! The configuration file: defaults of options, which the environment and the command line win over.
//!
//! ```toml
//! data = "/var/lib/claimlog"
//! directory = "/etc/claimlog/directory.json"
//! [apply]
//! no-effects = true
//! [topics]
//! inbox = ["portal=partner:*,customer", "crm=service:crm"]
//! ```
//!
//! A command that has commands of its own, such as `topics`, gives them what they know of its options.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{ArgAction, Command, CommandFactory, FromArgMatches};
use toml::{Table, Value};

use crate::cli::Cli;
use crate::exit::UsageError;

/// Reads the command line, with the defaults of the configuration file that it or the environment names.
///
/// # Errors
/// [`UsageError`] when the file cannot be read, or names an option that does not exist. Wrong arguments end the program.
pub(crate) fn parse() -> Result<Cli> {
    let mut command = Cli::command();
    if let Some(path) =
        named(env::args_os().skip(1)).or_else(|| env::var_os("CLAIMLOG_CONFIG").map(PathBuf::from))
    {
        command = with_defaults(command, &path)?;
    }
    let matches = command.get_matches();
    Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

/// The file that `--config` names; it is needed before anything else is parsed.
fn named(mut args: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    while let Some(arg) = args.next() {
        if arg == "--config" {
            return args.next().map(PathBuf::from);
        }
        if let Some(path) = arg.to_str().and_then(|it| it.strip_prefix("--config=")) {
            return Some(PathBuf::from(path));
        }
    }
    None
}

fn with_defaults(mut command: Command, path: &Path) -> Result<Command> {
    let wrong = |why: String| UsageError(format!("the configuration {}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
    for (name, value) in table {
        match value {
            Value::Table(options) => {
                if command.find_subcommand(&name).is_none() {
                    return Err(wrong(format!("there is no command `{name}`")).into());
                }
                for (option, value) in options {
                    let texts = texts_of(&value).ok_or_else(|| {
                        wrong(format!("`{name}.{option}` is no text, number, boolean or list of texts"))
                    })?;
                    if !command.find_subcommand(&name).is_some_and(|it| has_within(it, &option)) {
                        return Err(wrong(format!("`claimlog {name}` has no option `{option}`")).into());
                    }
                    command = command.mut_subcommand(&name, |it| set_within(it, &option, &texts));
                }
            }
            value => {
                let texts = texts_of(&value)
                    .ok_or_else(|| wrong(format!("`{name}` is no text, number, boolean or list of texts")))?;
                if !has(&command, &name) {
                    return Err(wrong(format!("there is no option `{name}`")).into());
                }
                command = set(command, &name, &texts);
            }
        }
    }
    Ok(command)
}

fn has(command: &Command, option: &str) -> bool {
    command.get_arguments().any(|arg| arg.get_long() == Some(option) && option != "config")
}

/// Whether the command has the option, or one of its own commands.
fn has_within(command: &Command, option: &str) -> bool {
    has(command, option) || command.get_subcommands().any(|it| has_within(it, option))
}

fn set(command: Command, option: &str, texts: &[String]) -> Command {
    let id =
        command.get_arguments().find(|arg| arg.get_long() == Some(option)).map(|arg| arg.get_id().clone());
    match id {
        Some(id) => command.mut_arg(id, |arg| {
            // A list is what the command line has as several of an option, or separates by commas in one.
            if matches!(arg.get_action(), ArgAction::Append) {
                arg.default_values(texts.to_vec())
            } else {
                arg.default_value(texts.join(","))
            }
        }),
        None => command,
    }
}

fn set_within(command: Command, option: &str, texts: &[String]) -> Command {
    let inner: Vec<String> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    inner.into_iter().fold(set(command, option, texts), |command, name| {
        command.mut_subcommand(name, |it| set_within(it, option, texts))
    })
}

fn texts_of(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Boolean(yes) => Some(vec![yes.to_string()]),
        Value::Array(items) => items.iter().map(|it| it.as_str().map(str::to_owned)).collect(),
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}
