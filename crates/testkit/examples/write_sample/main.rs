//! Writes `deploy/sample/`: a directory and the commands of a year, the same bytes on every run.
//!
//! `cargo run -p claim-testkit --example write_sample` writes the files there, or into the folder that is named after
//! `--`. `-- --expect` writes nothing: it prints what the rules say each line's outcome must be, as `file:line`, a tab
//! and `accepted`, `refused <code>` or `problem <code>`.
//!
//! Deliberately absent: the engine and its types. The sample is written from the rules alone, so that the engine can
//! be checked against it. No clock is read and nothing is drawn at random.
//!
//! Start with [`traffic`] for what is ordinary, with [`codes`] for which place causes which code.

mod again;
mod asker;
mod at;
mod clocks;
mod codes;
mod command;
mod customer;
mod desk;
mod directory;
mod engagement;
mod engagements;
mod files;
mod flow;
mod json;
mod line;
mod opening;
mod partner;
mod people;
mod problems;
mod program;
mod refused_effects;
mod refused_openings;
mod refused_records;
mod refused_steps;
mod reports;
mod rng;
mod sample;
mod steps;
mod story;
mod traffic;
mod troubles;

use std::error::Error;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use crate::sample::Sample;

fn main() -> Result<(), Box<dyn Error>> {
    let mut sample = Sample::new();
    program::tell(&mut sample);
    traffic::tell(&mut sample)?;
    again::tell(&mut sample)?;
    clocks::tell(&mut sample)?;
    troubles::tell(&mut sample)?;
    let files = files::of(&sample)?;
    let argument = std::env::args_os().nth(1);
    if argument.as_ref().is_some_and(|it| it == "--expect") {
        for file in &files {
            for (n, (_, expect)) in file.lines.iter().enumerate() {
                writeln!(stdout(), "{}:{}\t{expect}", file.name, n + 1)?;
            }
        }
        return Ok(());
    }
    let folder = match argument {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/sample"),
    };
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("directory.json"), sample.directory.text())?;
    for file in &files {
        std::fs::write(folder.join(&file.name), file.text())?;
        writeln!(stdout(), "{:>5} lines  {}", file.lines.len(), file.name)?;
    }
    Ok(())
}
