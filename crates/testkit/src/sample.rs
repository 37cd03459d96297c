//! The sample of `deploy/sample/`: a directory and the commands of a year, the same bytes on every run, and of each
//! line what the rules say its outcome must be.
//!
//! Deliberately absent: the engine and its types. The sample is written from the rules alone, so that the engine can
//! be checked against it. No clock is read and nothing is drawn at random.
//!
//! Start with `sample/traffic.rs` for what is ordinary, with `sample/codes.rs` for which place causes which code.

mod again;
mod asker;
mod at;
mod clocks;
mod codes;
mod command;
mod customer;
mod desk;
mod directory;
mod draft;
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
mod steps;
mod story;
mod traffic;
mod troubles;

pub use files::File;
pub use line::Expect;

/// The whole sample, as it is written to `deploy/sample/`.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The text of `directory.json`.
    pub directory: String,
    /// The files of commands, in the order in which they are applied.
    pub files: Vec<File>,
}

/// Tells the whole sample.
///
/// # Errors
/// What the stories ask for and the sample does not have, or what is wrong with a line.
pub fn sample() -> Result<Sample, String> {
    let mut draft = draft::Sample::new();
    program::tell(&mut draft);
    traffic::tell(&mut draft)?;
    again::tell(&mut draft)?;
    clocks::tell(&mut draft)?;
    troubles::tell(&mut draft)?;
    Ok(Sample { directory: draft.directory.text(), files: files::of(&draft)? })
}
