//! The text of a configuration file, turned into the defaults of options. No I/O here, so that any text can be tried.

use clap::{ArgAction, Command};
use toml::{Table, Value};

/// The command with the defaults that `text` gives it.
///
/// # Errors
/// What is wrong with the text, in words.
pub(crate) fn with_defaults(mut command: Command, text: &str) -> Result<Command, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    for (name, value) in table {
        match value {
            Value::Table(options) => {
                if command.find_subcommand(&name).is_none() {
                    return Err(format!("there is no command `{name}`"));
                }
                for (option, value) in options {
                    let texts = texts_of(&value).ok_or_else(|| {
                        format!("`{name}.{option}` is no text, number, boolean or list of texts")
                    })?;
                    if !command.find_subcommand(&name).is_some_and(|it| has_within(it, &option)) {
                        return Err(format!("`claimlog {name}` has no option `{option}`"));
                    }
                    command = command.mut_subcommand(&name, |it| set_within(it, &option, &texts));
                }
            }
            value => {
                let texts = texts_of(&value)
                    .ok_or_else(|| format!("`{name}` is no text, number, boolean or list of texts"))?;
                if !has(&command, &name) {
                    return Err(format!("there is no option `{name}`"));
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
