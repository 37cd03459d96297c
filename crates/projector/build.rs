//! Tells the crate which program it is part of: a digest of the sources that say how the journal is folded.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let crates = Path::new("..");
    let mut folders = Vec::new();
    for entry in fs::read_dir(crates)? {
        let name = entry?.file_name();
        let folds =
            name == "domain" || name == "journal" || name.as_encoded_bytes().starts_with(b"projector");
        if folds {
            folders.push(crates.join(name).join("src"));
        }
    }
    let mut sources = vec![PathBuf::from("../../Cargo.lock")];
    for folder in &folders {
        println!("cargo::rerun-if-changed={}", folder.display());
        collect(folder, &mut sources)?;
    }
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    sources.sort();
    // No secret and no proof: should two programs agree by chance, one comparison is left out.
    let mut digest = DefaultHasher::new();
    for source in sources {
        digest.write(source.as_os_str().as_encoded_bytes());
        digest.write(&fs::read(&source)?);
    }
    println!("cargo::rustc-env=CLAIMLOG_FOLDS={:016x}", digest.finish());
    Ok(())
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, sources)?;
        } else if path.extension() == Some(OsStr::new("rs")) {
            sources.push(path);
        }
    }
    Ok(())
}
