//! Every decoder of bytes that others wrote, and what must hold of whatever it takes.
//!
//! A decoder ends, and does not panic. What it took, it can spell, and reads again as the same. The fuzz targets run
//! these on nightly, their seeds run as ordinary tests (`tests/tests/seeds`).

use claim_domain::command::Command;
use claim_intake::directory::FileDirectory;
use claim_intake::json::canonical_json;
use claim_intake::strict::{self, Limits};
use claim_journal::{Cursor, Decision, Line, Record, canonical};
use serde_json::Value;

#[path = "../../crates/claimlog/src/config/defaults.rs"]
mod defaults;

/// One line of a file or a topic, as upstream services write it. Yields whether it is a command.
pub(crate) fn command(bytes: &[u8]) -> bool {
    let Ok(tree) = strict::read(bytes, &Limits::COMMAND, 1) else { return false };
    let spelt = canonical_json(&tree);
    let again = strict::read(spelt.as_bytes(), &Limits { bytes: usize::MAX, ..Limits::COMMAND }, 1);
    assert_eq!(again.as_ref(), Ok(&tree), "{spelt}");
    let part = |name: &str| canonical_json(tree.get(name).unwrap_or(&Value::Null));
    let (kind, version, body) = (part("type"), part("version"), part("body"));
    let written = format!("{{\"type\":{kind},\"version\":{version},\"body\":{body}}}");
    let Ok(command) = serde_json::from_str::<Command>(&written) else { return false };
    let spelt = canonical::to_string(&command).expect("what was read can be written");
    assert_eq!(serde_json::from_str::<Command>(&spelt).ok(), Some(command), "{spelt}");
    true
}

/// One line of the log. Yields whether it is a decision.
pub(crate) fn record(bytes: &[u8]) -> bool {
    let Ok(line) = Line::parse(bytes) else { return false };
    assert_eq!(Line::partition(bytes), Some(line.envelope.partition));
    assert_eq!(Record::parse(bytes).expect("the same bytes").as_line(), line);
    let Ok(decision) = Decision::decode(line.body) else { return false };
    let spelt = canonical::to_string(&decision).expect("what was read can be written");
    assert_eq!(Decision::decode(&spelt).ok(), Some(decision), "{spelt}");
    true
}

/// The file-backed directory. Yields whether it is one.
pub(crate) fn directory(bytes: &[u8]) -> bool {
    FileDirectory::parse(bytes).is_ok()
}

/// The configuration file, for a program with options of every kind. Yields whether it is one.
pub(crate) fn configuration(bytes: &[u8]) -> bool {
    let list = clap::Arg::new("inbox").long("inbox").action(clap::ArgAction::Append);
    let data = clap::Arg::new("data").long("data").global(true);
    let topics = clap::Command::new("topics").subcommand(clap::Command::new("create").arg(list));
    let program = clap::Command::new("claimlog").arg(data).subcommand(topics);
    std::str::from_utf8(bytes).is_ok_and(|text| defaults::with_defaults(program, text).is_ok())
}

/// A cursor, as readers pass it back. Yields whether it is one.
pub(crate) fn cursor(bytes: &[u8]) -> bool {
    let Some(cursor) = std::str::from_utf8(bytes).ok().and_then(|it| it.parse::<Cursor>().ok()) else {
        return false;
    };
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
    true
}
