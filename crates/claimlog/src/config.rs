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

mod defaults;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use clap::{CommandFactory, FromArgMatches};

use crate::cli::Cli;
use crate::config::defaults::with_defaults;
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
        let wrong = |why: String| UsageError(format!("the configuration {}: {why}", path.display()));
        let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        command = with_defaults(command, &text).map_err(wrong)?;
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
