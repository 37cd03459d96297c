//! `events`: what happened, as it is published.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use claim_journal::Offsets;
use claim_log_embedded::EmbeddedReader;
use claim_publisher::Events;

use crate::cli;
use crate::cli::Global;
use crate::exit::Status;

/// How often the log is looked at while following it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Runs `events`.
///
/// # Errors
/// When the log cannot be read, or halts.
pub(crate) fn run(global: &Global, args: &cli::Events) -> Result<Status> {
    let log = EmbeddedReader::open(global.data())?;
    let mut events = Events::read(&log, Offsets::Positions, args.from.clone().unwrap_or_default())?;
    let mut out = io::BufWriter::new(io::stdout());
    loop {
        while let Some(event) = events.next()? {
            serde_json::to_writer(&mut out, &event)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        if !args.follow {
            break;
        }
        thread::sleep(LOOK_AGAIN);
    }
    eprintln!("up to {}", events.cursor());
    Ok(Status::Done)
}
