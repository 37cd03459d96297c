//! A data directory that vanishes, and the program run on it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::world;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The directory of the sample.
pub(crate) fn sample_directory() -> PathBuf {
    root().join("deploy/sample/directory.json")
}

/// The program as anyone runs it: the environment of whoever runs the tests is not part of them.
pub(crate) fn claimlog() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claimlog"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CLAIMLOG_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    // So little that what is tested passes through snapshots, and starts from them.
    command.env("CLAIMLOG_SNAPSHOT_EVERY", "16KiB");
    // So little that records go beyond what is prepared.
    command.env("CLAIMLOG_LOG_AHEAD", "64KiB");
    command
}

/// A data directory that vanishes, not made yet.
pub(crate) struct Place {
    folder: TempDir,
    directory: PathBuf,
}

impl Place {
    /// One whose outside systems are those of the sample.
    pub(crate) fn of_sample() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), directory: sample_directory() }
    }

    /// One whose outside systems are those of [`crate::world`].
    pub(crate) fn of_world() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("directory.json");
        fs::write(&directory, world::directory().to_string()).unwrap();
        Self { folder, directory }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program on this directory, to be given its subcommand.
    pub(crate) fn claimlog(&self) -> Command {
        let mut command = claimlog();
        command.arg("--data").arg(self.data()).arg("--directory").arg(&self.directory);
        command
    }

    /// Runs a subcommand without input.
    pub(crate) fn run<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Run {
        self.feed(args, Vec::new())
    }

    /// Runs a subcommand with this input.
    pub(crate) fn feed<I: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = I>,
        input: impl Into<Vec<u8>>,
    ) -> Run {
        let mut command = self.claimlog();
        command.args(args);
        run(&mut command, input.into())
    }

    /// Applies this input as it was recorded.
    pub(crate) fn apply_recorded(&self, input: impl Into<Vec<u8>>) -> Run {
        self.feed(["apply", "--as-recorded", "-"], input)
    }

    /// Applies this input as it comes.
    pub(crate) fn apply(&self, input: impl Into<Vec<u8>>) -> Run {
        self.feed(["apply", "-"], input)
    }
}

/// Runs a program to its end, writing its input while its output is read.
pub(crate) fn run(command: &mut Command, input: Vec<u8>) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().unwrap();
    // A program that stops early reads no further: that shows in its status.
    let writing = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    Run::of(output)
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit status; none when a signal ended it.
    pub(crate) status: Option<i32>,
    /// What it printed on stdout.
    pub(crate) out: String,
    /// What it printed on stderr.
    pub(crate) err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The same, if it ended with this status.
    #[track_caller]
    pub(crate) fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stderr:\n{}\nstdout:\n{}", tail(&self.err), tail(&self.out));
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// The lines that it printed, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|it| serde_json::from_str(it).unwrap_or_else(|why| panic!("{why}: {it}")))
            .collect()
    }

    /// What the lines say: `accepted`, `refused <code>` or `problem <code>`.
    #[track_caller]
    pub(crate) fn answers(&self) -> Vec<String> {
        self.json().iter().map(answer).collect()
    }
}

/// What an outcome says: `accepted`, `refused <code>` or `problem <code>`.
pub(crate) fn answer(outcome: &Value) -> String {
    let word = outcome["outcome"].as_str().unwrap_or_else(|| panic!("no outcome: {outcome}"));
    match outcome["reason"]["code"].as_str() {
        Some(code) => format!("{word} {code}"),
        None => word.to_owned(),
    }
}

fn tail(text: &str) -> &str {
    let from = text.len().saturating_sub(3_000);
    let from = (from..text.len()).find(|&it| text.is_char_boundary(it)).unwrap_or(0);
    &text[from..]
}
