//! Lines into files, checked: times do not go back, ids are used once, every line that should be JSON is.

use std::collections::BTreeMap;

use crate::sample::at::At;
use crate::sample::codes;
use crate::sample::draft::Sample;
use crate::sample::line::{Content, Expect, Line};
use crate::sample::story::TRAFFIC_ENDS;

/// One file of commands.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name, without a folder.
    pub name: String,
    /// Its lines without their line feeds, each with what its outcome must be.
    pub lines: Vec<(String, Expect)>,
}

impl File {
    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.iter().map(|(text, _)| format!("{text}\n")).collect()
    }
}

/// When the program is set up and traffic may begin.
const TRAFFIC_BEGINS: At = At::on(1, 7, 0, 0);

fn name(at: At) -> String {
    let months = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    if at < TRAFFIC_BEGINS {
        "01-program.ndjson".to_owned()
    } else if at > TRAFFIC_ENDS {
        "90-troubles.ndjson".to_owned()
    } else {
        format!("{:02}-{}.ndjson", at.month() + 1, months[at.month() - 1])
    }
}

/// All lines in order of time, in files whose names are in that order too.
///
/// # Errors
/// What is wrong with a line.
pub(crate) fn of(sample: &Sample) -> Result<Vec<File>, String> {
    let mut lines: Vec<&Line> = sample.lines.iter().collect();
    lines.sort_by_key(|it| it.at);
    check(&lines)?;
    codes::check(&lines)?;
    let mut files: Vec<File> = Vec::new();
    let mut previous = None;
    for line in lines {
        let name = name(line.at);
        if files.last().is_none_or(|it| it.name != name) {
            files.push(File { name, lines: Vec::new() });
            previous = None;
        }
        let text = line.write(previous);
        if let Content::Command { .. } = line.content {
            serde_json::from_str::<serde_json::Value>(&text).map_err(|why| format!("{text}: {why}"))?;
        }
        previous = Some(line.at);
        if let Some(file) = files.last_mut() {
            file.lines.push((text, line.expect));
        }
    }
    if files.windows(2).any(|pair| pair[0].name >= pair[1].name) {
        return Err("the names of the files are not in the order of time".to_owned());
    }
    Ok(files)
}

/// An id stands for one command: whoever uses it again repeats that command or is refused. A problem uses none up.
fn check(lines: &[&Line]) -> Result<(), String> {
    let mut seen: BTreeMap<(String, &str), String> = BTreeMap::new();
    for line in lines {
        let Content::Command { id, asker, command, .. } = &line.content else { continue };
        if matches!(line.expect, Expect::Problem(_)) {
            continue;
        }
        let body = format!("{} {}", command.kind, command.body);
        let source = asker.0.to_string();
        let first = seen.entry((source, id)).or_insert_with(|| body.clone());
        if *first != body && line.expect != Expect::Refused("command_id_reused") {
            return Err(format!("the id {id} stands for two commands"));
        }
    }
    Ok(())
}
