//! How things are said: tables for people, JSON for programs, errors with their causes.

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use claim_domain::time::Instant;
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::Value;

use crate::cli::{Cli, Command, LogFormat};

/// Sends what the crates trace to stderr: warnings by default, of a server what it does too, more with `-v`, or as `RUST_LOG`
/// says.
pub(crate) fn set_up_tracing(cli: &Cli) {
    let (least, format) = match &cli.command {
        Command::Serve(serve) => (1, serve.log_format),
        _ => (0, LogFormat::Text),
    };
    let level = match cli.global.verbose.max(least) {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    match format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}

/// Prints an error with its causes, once, at the edge.
pub(crate) fn print_error(error: &anyhow::Error) {
    let mut said = error.to_string();
    eprint!("claimlog: {said}");
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        if !said.contains(&text) {
            eprint!(": {text}");
            said.push_str(&text);
        }
    }
    eprintln!();
}

/// Whether stdout was closed by its reader, which is no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|it| {
        let kind = it.downcast_ref::<io::Error>().map(io::Error::kind);
        let kind = kind.or_else(|| it.downcast_ref::<serde_json::Error>()?.io_error_kind());
        kind == Some(io::ErrorKind::BrokenPipe)
    })
}

/// Prints one JSON value on a line of its own.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Prints text on stdout.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn text(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(())
}

/// A table without lines, as wide as the terminal.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// A time as tables show it: to the minute, in UTC.
pub(crate) fn minute(at: Instant) -> String {
    at.to_string().get(..16).map_or_else(String::new, |it| it.replace('T', " "))
}

/// An amount in cents as tables show it.
pub(crate) fn money(cents: u64, currency: &str) -> String {
    format!("{}.{:02} {currency}", cents / 100, cents % 100)
}

/// Progress on stderr, when that is a terminal.
pub(crate) fn progress(what: &str, total: Option<u64>) -> ProgressBar {
    let bar = match total {
        Some(total) => ProgressBar::new(total),
        None => ProgressBar::no_length(),
    };
    if !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let template = match total {
        Some(_) => "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}",
        None => "{msg} {spinner} {human_pos} {per_sec} {elapsed}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

/// A value as a table shows it.
pub(crate) fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(sealed) => sealed
            .get("sealed")
            .and_then(Value::as_str)
            .map_or_else(|| sealed.to_string(), |it| format!("({it})")),
    }
}
