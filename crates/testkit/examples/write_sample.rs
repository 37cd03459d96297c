//! Writes `deploy/sample/`, the same bytes on every run.
//!
//! `cargo run -p claim-testkit --example write_sample` writes the files there, or into the folder that is named after
//! `--`. `-- --expect` writes nothing: it prints what the rules say each line's outcome must be, as `file:line`, a tab
//! and `accepted`, `refused <code>` or `problem <code>`.

use std::error::Error;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use claim_testkit::sample::sample;

fn main() -> Result<(), Box<dyn Error>> {
    let sample = sample()?;
    let argument = std::env::args_os().nth(1);
    if argument.as_ref().is_some_and(|it| it == "--expect") {
        for file in &sample.files {
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
    std::fs::write(folder.join("directory.json"), &sample.directory)?;
    for file in &sample.files {
        std::fs::write(folder.join(&file.name), file.text())?;
        writeln!(stdout(), "{:>5} lines  {}", file.lines.len(), file.name)?;
    }
    Ok(())
}
